"""Draw a plan from a source of random numbers: a seeded one, or Hypothesis's."""

from __future__ import annotations

from random import Random

from msgspec.structs import replace

from .faults import KINDS, LATEST, Fault
from .plan import (
    Book,
    Cancel,
    Charge,
    ClientOptions,
    Delivery,
    Find,
    Intrusion,
    Job,
    Operation,
    Plan,
    PlannedSchedule,
    Refund,
    Retry,
    Revoke,
)

__all__ = ("make_plan",)

_FAULTS = tuple(kind for kind in KINDS if kind != "none")
_TWICE = tuple(name for name, kind in KINDS.items() if kind.processed == 2)
_PROCESSES = 3
# Most calls execute some hundred lines of the package, and those with look-ups some thousand.
_LINES = (600, 3000)
_AWAITS = (4, 10, 40)


def make_plan(draw: Random, jobs: int) -> Plan:
    """Draw one episode."""
    payments = tuple(draw.choice((1000, 20_000, 20_000)) for _ in range(draw.randint(1, 3)))
    schedules = tuple(_schedule(draw, n) for n in range(draw.choice((0, 1, 3))))
    booked = [n for n, schedule in enumerate(schedules) if not schedule.is_failed]
    operations: list[Operation] = [Book(n, _settle(draw)) for n in booked]
    while len(operations) < jobs:
        operations.append(_operation(draw, len(operations), payments, schedules))
    refuses = draw.random() < 0.7
    is_slow = draw.random() < 0.2
    return Plan(
        payments=payments,
        jobs=tuple(_job(draw, each, refuses=refuses, is_slow=is_slow) for each in operations),
        # Another refund that comes before a pending one is larger than the balance allows it.
        intrusions=tuple(
            _intrusion(draw, payments) for _ in range(0 if is_slow else draw.choice((0, 0, 1, 2)))
        ),
        is_slow=is_slow,
        options=_options(draw),
        schedules=schedules,
        refuses_used_numbers=refuses,
        seed=draw.randrange(10**6),
    )


def _schedule(draw: Random, number: int) -> PlannedSchedule:
    if draw.random() < 0.4:
        return PlannedSchedule(9900 + number, is_failed=True)
    return PlannedSchedule(9900 + number, runs_at=draw.choice((500.0, 1500.0, 5000.0)))


def _options(draw: Random) -> ClientOptions:
    if draw.random() < 0.6:
        return ClientOptions()
    return ClientOptions(
        total=draw.choice((60.0, 3.0)),
        attempts=draw.choice((4, 1)),
        max_in_flight=draw.choice((32, 1)),
        is_limited=draw.random() < 0.5,
    )


def _job(draw: Random, operation: Operation, *, refuses: bool, is_slow: bool) -> Job:
    is_once = isinstance(operation, Refund) and (is_slow or not operation.is_keyed)
    count = 1 if is_once else draw.choice((1, 2, 2, 3, 4))
    # One look-up cannot see what is processed after it.
    is_brief = isinstance(operation, Refund) and operation.settle == 0
    # Where the server does not refuse a used number, nothing but time protects a charge; and nothing
    # protects a pending refund from a server that takes it twice.
    is_unguarded = isinstance(operation, Charge) and not refuses
    is_unguarded |= isinstance(operation, Refund) and is_slow
    kinds = [
        kind
        for kind in _FAULTS
        if not (is_brief and KINDS[kind].is_late) and not (is_unguarded and kind in _TWICE)
    ]
    deliveries = tuple(_delivery(draw, kinds, is_first=n == 0) for n in range(count))
    if is_unguarded:
        deliveries = tuple(
            replace(delivery, overlaps=False, delay=delivery.delay + 2 * LATEST)
            for delivery in deliveries
        )
    return Job(
        operation=operation,
        deliveries=deliveries,
        starts_at=draw.choice((0.0, 0.0, 0.05, 1.0, 60.0)),
    )


def _operation(
    draw: Random, number: int, payments: tuple[int, ...], schedules: tuple[PlannedSchedule, ...]
) -> Operation:
    kind = draw.choice((Refund, Refund, Charge, Charge, Charge, Revoke, Find))
    if kind is Charge:
        return _charge(draw)
    if kind is Revoke and schedules:
        chosen = draw.randrange(len(schedules))
        then = Retry if schedules[chosen].is_failed else Revoke
        return then(chosen, _settle(draw))
    payment = draw.randrange(len(payments))
    if kind is Find and draw.random() < 0.3:
        return Find(payment)
    # Amounts differ, so that the equal sum of another job is never taken for a job's own, which
    # without a key cannot be told apart. With a key they may be equal.
    is_keyed = draw.random() < 0.7
    amount = draw.choice((100, 300)) if is_keyed else 110 + number
    is_whole = draw.random() < 0.15
    return Refund(payment, None if is_whole else amount, is_keyed=is_keyed, settle=_settle(draw))


def _settle(draw: Random) -> float:
    return draw.choice((90.0, 90.0, 90.0, 0.0))


def _charge(draw: Random) -> Charge:
    return Charge(
        amount=draw.choice((1000, 9900)),
        key=draw.choice(("good", "good", "good", "declined", "missing")),
        hidden_for=draw.choice((0.0, 0.0, 0.0, 1.0, 30.0)),
        settle=_settle(draw),
    )


def _delivery(draw: Random, kinds: list[str], *, is_first: bool) -> Delivery:
    return Delivery(
        process=draw.randrange(_PROCESSES),
        delay=0.0 if is_first else draw.choice((0.0, 0.05, 1.0, 20.0, 100.0)),
        overlaps=not is_first and draw.random() < 0.2,
        faults=_faults(draw, kinds),
        latency=draw.choice((0.001, 0.02, 0.02, 0.5, 2.0)),
        close_after=draw.choice((0.01, 0.05, 3.0, 20.0)) if draw.random() < 0.05 else None,
        kill_at=draw.randint(1, draw.choice(_LINES)) if draw.random() < 0.2 else None,
        cancel=_cancel(draw) if draw.random() < 0.25 else None,
    )


def _faults(draw: Random, kinds: list[str]) -> tuple[Fault, ...]:
    """Draw the faults of the requests of a call: most of them of the first few."""
    if draw.random() < 0.2:
        return ()
    if draw.random() < 0.3:  # An answer is lost after some look-ups, and the next ones may fail.
        is_open = [kind for kind in kinds if KINDS[kind].is_open]
        lost = Fault(draw.choice(is_open), draw.choice((1.0, LATEST)), draw.choice((0.0, 200.0)))
        return (*(Fault(),) * draw.randint(1, 3), lost)
    number = draw.choice((1, 2, 3, 4, 6, 10))
    density = draw.choice((0.2, 0.5, 0.9))
    return tuple(_fault(draw, kinds) if draw.random() < density else Fault() for _ in range(number))


def _fault(draw: Random, kinds: list[str]) -> Fault:
    kind = draw.choice(kinds)
    return Fault(
        kind=kind,
        seconds=draw.choice((0.05, 1.0, 10.0, 40.0, LATEST)) if KINDS[kind].is_late else 0.0,
        outage=draw.choice((0.0, 0.0, 0.0, 2.0, 30.0, 200.0)),
    )


def _cancel(draw: Random) -> Cancel:
    return Cancel(
        await_number=draw.randint(1, draw.choice(_AWAITS)),
        when=draw.choice(("at once", "with the result", "later")),
        seconds=draw.choice((0.001, 0.03, 5.0)),
    )


def _intrusion(draw: Random, payments: tuple[int, ...]) -> Intrusion:
    return Intrusion(
        at=draw.choice((0.0, 0.03, 1.0, 61.0)),
        payment=draw.randrange(len(payments)),
        amount=draw.choice((100, 300)),
    )
