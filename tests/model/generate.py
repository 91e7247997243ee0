"""Draws a plan from a source of random numbers: a seeded one, or Hypothesis's."""

from __future__ import annotations

from random import Random

from .faults import KINDS, LATEST, Fault
from .plan import Cancel, Delivery, Find, Intrusion, Job, Operation, Plan, Refund

__all__ = ("make_plan",)

_FAULTS = tuple(kind for kind in KINDS if kind != "none")
_PROCESSES = 3
# Lines of the package that a refund executes, as a rule less.
_LINES = 2500
_AWAITS = 40


def make_plan(draw: Random, jobs: int) -> Plan:
    """Draw one episode."""
    payments = tuple(draw.choice((1000, 20_000, 20_000)) for _ in range(draw.randint(1, 3)))
    return Plan(
        payments=payments,
        jobs=tuple(_job(draw, number, payments) for number in range(jobs)),
        intrusions=tuple(_intrusion(draw, payments) for _ in range(draw.choice((0, 0, 1, 2)))),
        seed=draw.randrange(10**6),
    )


def _job(draw: Random, number: int, payments: tuple[int, ...]) -> Job:
    operation = _operation(draw, number, payments)
    may_repeat = not isinstance(operation, Refund) or operation.is_keyed
    count = draw.choice((1, 2, 2, 3, 4)) if may_repeat else 1
    # One look-up cannot see what is processed after it.
    is_brief = isinstance(operation, Refund) and operation.settle == 0
    kinds = [kind for kind in _FAULTS if not (is_brief and KINDS[kind].is_late)]
    return Job(
        operation=operation,
        deliveries=tuple(_delivery(draw, kinds, is_first=n == 0) for n in range(count)),
        starts_at=draw.choice((0.0, 0.0, 0.05, 1.0, 60.0)),
    )


def _operation(draw: Random, number: int, payments: tuple[int, ...]) -> Operation:
    payment = draw.randrange(len(payments))
    if draw.random() < 0.05:
        return Find(payment)
    # Amounts differ, so that the equal sum of another job is never taken for a job's own, which
    # without a key nobody can tell. With a key they may be equal.
    is_keyed = draw.random() < 0.7
    amount = draw.choice((100, 300)) if is_keyed else 110 + number
    is_whole = draw.random() < 0.15
    settle = draw.choice((90.0, 90.0, 90.0, 0.0))
    return Refund(payment, None if is_whole else amount, is_keyed=is_keyed, settle=settle)


def _delivery(draw: Random, kinds: list[str], *, is_first: bool) -> Delivery:
    return Delivery(
        process=draw.randrange(_PROCESSES),
        delay=0.0 if is_first else draw.choice((0.0, 0.05, 1.0, 20.0, 100.0)),
        overlaps=not is_first and draw.random() < 0.2,
        faults=_faults(draw, kinds),
        latency=draw.choice((0.001, 0.02, 0.02, 0.5, 2.0)),
        kill_at=draw.randint(1, _LINES) if draw.random() < 0.2 else None,
        cancel=_cancel(draw) if draw.random() < 0.2 else None,
    )


def _faults(draw: Random, kinds: list[str]) -> tuple[Fault, ...]:
    """Draw the faults of the requests of a call: most of them of the first few."""
    if draw.random() < 0.2:
        return ()
    if draw.random() < 0.15:  # An answer is lost after some look-ups, and the next ones fail.
        is_open = [kind for kind in kinds if KINDS[kind].is_open]
        lost = Fault(draw.choice(is_open), draw.choice((1.0, LATEST)), outage=200.0)
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
        await_number=draw.choice((draw.randint(1, 8), draw.randint(1, _AWAITS))),
        when=draw.choice(("at once", "with the result", "later")),
        seconds=draw.choice((0.001, 0.03, 5.0)),
    )


def _intrusion(draw: Random, payments: tuple[int, ...]) -> Intrusion:
    return Intrusion(
        at=draw.choice((0.0, 0.03, 1.0, 61.0)),
        payment=draw.randrange(len(payments)),
        amount=draw.choice((100, 300)),
    )
