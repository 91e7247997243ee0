"""The soak runs for a few seconds without violations, and detects planted ones."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from math import nextafter
from random import Random
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from portone_async import Attempt, AuthenticationError, Payment, PortOneClient
from portone_async.resources.payments import Payments
from portone_async.testing import FakePortOne, faults
from tests.soak import __main__ as command
from tests.soak import fault_schedule, load
from tests.soak.load import ClientSlot, Load
from tests.soak.lookups import FALSE_MISSING, WRONG, Find, FindAll, Get, Lookup, Verify
from tests.soak.metrics import growth
from tests.soak.oracle import ExpectedPayment, Oracle, State
from tests.soak.proxy import Behaviour
from tests.soak.run import Plan, soak
from tests.soak.tally import Durations, Tally

ORACLE = Oracle(seed=7, orders=2000, epoch=100.0)
EXPECTED = ExpectedPayment(
    imp_uid="imp_1", merchant_uid="주문 1", amount=1500, started_at=1_790_000_000
)
# The first restart of this seed comes soon.
PLAN = Plan(seed=12, seconds=3.0, orders=500, pace=8.0)
needs_pipes = pytest.mark.skipif(
    sys.platform == "win32", reason="its event loop reads no pipe that it was started with"
)


def _ignore(_: str) -> None:
    pass


# Whole runs


@pytest.mark.slow
@needs_pipes
async def test_short_soak_has_no_violations() -> None:
    lines: list[str] = []
    tally = await soak(PLAN, lines.append)

    assert not tally.violations, tally.examples
    assert tally.answers
    assert tally.failed
    assert tally.starts > 1
    assert "wrong 0  false missing 0" in lines[-1]


@pytest.mark.slow
@needs_pipes
@pytest.mark.parametrize(
    ("lie", "kind", "others"),
    [("wrong", WRONG, {FALSE_MISSING}), ("missing", FALSE_MISSING, set[str]())],
)
async def test_wrong_reply_is_reported_with_seed_and_call(
    lie: str, kind: str, others: set[str]
) -> None:
    lines: list[str] = []
    tally = await soak(replace(PLAN, seconds=0.7, pace=0.1, lie=lie), lines.append)

    assert tally.violations[kind]
    assert not others & set(tally.violations)
    assert any(line.startswith(f"seed 12: {kind}: ") and "uid" in line for line in lines)


def _fail() -> NoReturn:
    raise ZeroDivisionError


@pytest.mark.slow
@needs_pipes
async def test_leaks_and_lost_errors_are_violations() -> None:
    leaked: list[bytes] = []
    descriptors: list[int] = []
    tasks: list[asyncio.Task[Any]] = []

    def leak(_: Attempt) -> None:
        leaked.append(b"x" * 300_000)
        if not tasks:
            descriptors.append(os.open(os.devnull, os.O_RDONLY))
            tasks.append(asyncio.create_task(asyncio.Event().wait()))
            asyncio.get_running_loop().call_soon(_fail)  # reported to the loop only

    plan = replace(PLAN, seconds=1.5, pace=0.1, settled=0.5, on_attempt=leak)
    try:
        tally = await soak(plan, _ignore)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        for task in tasks:
            task.cancel()

    assert set(tally.violations) == {"memory", "left over", "lost"}
    assert "left over: 1 tasks, 1 descriptors" in tally.examples


# Violations of one call


class Stub:
    """A lookup whose result is that of a function."""

    def __init__(self, send: Callable[[], Awaitable[Any]]) -> None:
        self._send = send

    async def send(self, payments: Payments) -> Any:
        return await self._send()

    def fault(self, answer: Any, states: Callable[[int], list[State]]) -> str | None:
        return None


async def _violations(lookup: Lookup) -> Counter[str]:
    tally = Tally()
    slot = ClientSlot(lambda: PortOneClient("key", "secret", base_url="http://127.0.0.1:9"))
    await Load(ORACLE, [slot], tally).make(lookup, Random(1))
    await slot.client.close()
    return tally.violations


async def _raise(error: BaseException) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TypeError(), "untyped"),
        (TimeoutError(), "untyped"),
        (AuthenticationError(), "unexplained"),
        (asyncio.CancelledError(), "cancelled without a cancel()"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_unexplained_error_is_a_violation(error: BaseException, kind: str) -> None:
    assert await _violations(Stub(lambda: _raise(error))) == {kind: 1}


async def test_call_that_never_ends_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "HUNG", 0.01)
    assert await _violations(Stub(asyncio.Event().wait)) == {"hung": 1}


async def test_client_that_does_not_recover_is_a_violation(server: FakePortOne) -> None:
    server.fail(faults.Status(503), times=None)
    tally = Tally()
    async with server.client(rate_limit=None) as client:
        await Load(ORACLE, [ClientSlot(lambda: client)], tally).recover(3, 0.05)
    assert tally.violations == {"no recovery": 1}


# Checks of results


def _received(expected: ExpectedPayment) -> Payment:
    return FakePortOne().add(**asdict(expected))


@pytest.mark.parametrize(
    "change",
    [
        {"imp_uid": "imp_2"},
        {"merchant_uid": "주문 2"},
        {"amount": 1501},
        {"started_at": 1_790_000_001},
        {"status": "ready"},
        {"cancel_amount": 1},
        {"sandbox": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_payment_with_any_other_field_does_not_match(change: dict[str, Any]) -> None:
    assert EXPECTED.matches(_received(EXPECTED))
    assert not EXPECTED.matches(_received(replace(EXPECTED, **change)))


def _always(*states: State) -> Callable[[int], list[State]]:
    return lambda _: list(states)


@pytest.mark.parametrize(
    ("lookup", "answer", "state", "fault"),
    [
        (Find(1, "주문 1", None), None, (EXPECTED,), FALSE_MISSING),
        (Find(1, "주문 1", "ready"), None, (EXPECTED,), None),
        (Find(1, "주문 1", None), _received(EXPECTED), (), WRONG),
        (Find(1, "주문 1", None), _received(EXPECTED), (EXPECTED,), None),
        (Get(1, "imp_1", include_sandbox=True), None, (EXPECTED,), FALSE_MISSING),
        (
            Get(1, "imp_1", include_sandbox=False),
            None,
            (replace(EXPECTED, sandbox=True),),
            None,
        ),
        (FindAll(1, "주문 1", 1), [], (EXPECTED,), FALSE_MISSING),
        (FindAll(1, "주문 1", 1), [_received(EXPECTED)] * 2, (EXPECTED,), WRONG),
        (Verify(1, "주문 1", 1500), _received(EXPECTED), (EXPECTED,), None),
        (Verify(1, "주문 1", 1501), _received(EXPECTED), (EXPECTED,), WRONG),
    ],
)
def test_results_are_checked_against_the_state(
    lookup: Lookup, answer: Any, state: State, fault: str | None
) -> None:
    assert lookup.fault(answer, _always(state)) == fault


def test_any_state_during_the_call_is_correct_and_no_other() -> None:
    lookup, cancelled = Find(1, "주문 1", None), replace(EXPECTED, status="cancelled")

    assert lookup.fault(_received(EXPECTED), _always((EXPECTED,), (cancelled,))) is None
    assert lookup.fault(_received(cancelled), _always((EXPECTED,), (cancelled,))) is None
    assert lookup.fault(_received(EXPECTED), _always((cancelled,))) == WRONG


# The oracle, the faults, the metrics


@given(n=st.integers(0, ORACLE.orders - 1), moment=st.floats(100.0, 10_000.0))
def test_state_lasts_until_the_next_change(n: int, moment: float) -> None:
    if not ORACLE.is_living(n):
        assert ORACLE.states(n, moment, moment + 1000) == [ORACLE.state(n, moment)]
        return
    state, change = ORACLE.state(n, moment), ORACLE.next_change(n, moment)

    assert change > moment
    assert ORACLE.state(n, nextafter(change, 0.0)) == state
    assert ORACLE.state(n, change) != state
    assert ORACLE.state(n, change) in ORACLE.states(n, moment, change + 20)


def test_orders_are_of_every_kind_and_share_no_payment() -> None:
    payments = list(ORACLE.everything(500.0))

    assert {payment.status for payment in payments} == {"paid", "ready", "failed", "cancelled"}
    assert {payment.sandbox for payment in payments} == {True, False}
    assert any(0 < payment.cancel_amount < payment.amount for payment in payments)
    assert any("/" in payment.merchant_uid for payment in payments)
    assert any(not ORACLE.state(n, 500.0) for n in range(ORACLE.orders))
    assert any(len(ORACLE.state(n, 500.0)) > 2 for n in range(ORACLE.orders))
    assert len({payment.imp_uid for payment in payments}) == len(payments)


def _faults_of_a_cycle() -> Iterator[str]:
    draw = Random(1)
    for second in range(60):
        phase = fault_schedule.phase_at(second, 1.0)
        yield from (type(draw.choice(phase.faults)(draw)).__name__ for _ in range(50))


def test_schedule_has_every_fault_of_the_fake() -> None:
    assert set(_faults_of_a_cycle()) == set(faults.__all__)
    assert {fault_schedule.phase_at(second, 2.0).name for second in range(30)} == {
        *("calm", "storm", "outage", "recovery")
    }


def test_proxy_ends_connections_in_every_way() -> None:
    draw = Random(1)
    behaviours = [Behaviour.random(draw) for _ in range(300)]

    assert {behaviour.end for behaviour in behaviours} == {"fin", "rst", "stall"}
    assert any(behaviour.piece == 1 for behaviour in behaviours)
    assert any(behaviour.wait for behaviour in behaviours)
    assert any(behaviour.up is not None for behaviour in behaviours)


def test_growth_excludes_the_warm_up() -> None:
    warming = [float(i) for i in range(30)]

    assert growth([]) == 0
    assert growth([*warming, *[30.0, 31.0] * 35]) == pytest.approx(0, abs=1)
    assert growth([float(i) for i in range(100)]) > 40


@given(st.lists(st.floats(0.001, 100.0), min_size=1))
def test_quantile_is_at_most_one_step_too_long(seconds: list[float]) -> None:
    durations = Durations()
    for duration in seconds:
        durations.add(duration)

    longest = max(seconds)
    assert longest * 0.999 <= durations.quantile(1.0) <= longest * 1.051


@pytest.mark.parametrize("has_violation", [True, False])
def test_command_exits_with_1_for_any_violation(
    has_violation: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plans: list[Plan] = []

    async def run(plan: Plan, _: Callable[[str], object]) -> Tally:
        plans.append(plan)
        tally = Tally()
        if has_violation:
            tally.add_violation(WRONG, "find")
        return tally

    monkeypatch.setattr(command, "soak", run)

    assert command.main(["--minutes", "30", "--seed", "5"]) == int(has_violation)
    assert (plans[0].seed, plans[0].seconds) == (5, 1800)
    assert capsys.readouterr().out.startswith("seed 5, 30 minutes\n")
