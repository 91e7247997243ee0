"""A few seconds of the soak, and proof that it can fail: it finds what is planted."""

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
from tests.soak import load, weather
from tests.soak.gauges import growth
from tests.soak.load import Load, Till
from tests.soak.proxy import Manner
from tests.soak.questions import FALSE_MISSING, WRONG, Find, FindAll, Get, Question, Verify
from tests.soak.run import Plan, soak
from tests.soak.tally import Durations, Tally
from tests.soak.truth import Known, State, Truth

TRUTH = Truth(seed=7, orders=2000, epoch=100.0)
KNOWN = Known(imp_uid="imp_1", merchant_uid="주문 1", amount=1500, started_at=1_790_000_000)
# The first restart of this seed comes soon.
PLAN = Plan(seed=12, seconds=3.0, orders=500, pace=8.0)
needs_pipes = pytest.mark.skipif(
    sys.platform == "win32", reason="its event loop reads no pipe that it was started with"
)


def _ignore(_: str) -> None:
    pass


# The whole of it


@pytest.mark.slow
@needs_pipes
async def test_a_few_seconds_of_bad_weather_bring_no_wrong_answer_and_leave_nothing() -> None:
    lines: list[str] = []
    tally = await soak(PLAN, lines.append)

    assert not tally.faults, tally.offences
    assert tally.answers
    assert tally.failed
    assert tally.starts > 1
    assert "wrong 0  false missing 0" in lines[-1]


@pytest.mark.slow
@needs_pipes
@pytest.mark.parametrize(
    ("plant", "kind", "others"),
    [("wrong", WRONG, {FALSE_MISSING}), ("missing", FALSE_MISSING, set[str]())],
)
async def test_a_planted_lie_is_found_and_told_with_seed_and_call(
    plant: str, kind: str, others: set[str]
) -> None:
    lines: list[str] = []
    tally = await soak(replace(PLAN, seconds=0.7, pace=0.1, plant=plant), lines.append)

    assert tally.faults[kind]
    assert not others & set(tally.faults)
    assert any(line.startswith(f"seed 12: {kind}: ") and "uid" in line for line in lines)


def _fail() -> NoReturn:
    raise ZeroDivisionError


@pytest.mark.slow
@needs_pipes
async def test_planted_leaks_and_a_lost_error_are_found() -> None:
    kept: list[bytes] = []
    descriptors: list[int] = []
    tasks: list[asyncio.Task[Any]] = []

    def leak(_: Attempt) -> None:
        kept.append(b"x" * 300_000)
        if not tasks:
            descriptors.append(os.open(os.devnull, os.O_RDONLY))
            tasks.append(asyncio.create_task(asyncio.Event().wait()))
            asyncio.get_running_loop().call_soon(_fail)  # an error that nobody is told

    plan = replace(PLAN, seconds=1.5, pace=0.1, settled=0.5, on_attempt=leak)
    try:
        tally = await soak(plan, _ignore)
    finally:
        for each in descriptors:
            os.close(each)
        for task in tasks:
            task.cancel()

    assert set(tally.faults) == {"memory", "left over", "lost"}
    assert "left over: 1 tasks, 1 descriptors" in tally.offences


# What a call may not come to


class Stub:
    """A question that does what a test wants."""

    def __init__(self, ask: Callable[[], Awaitable[Any]]) -> None:
        self._ask = ask

    async def ask(self, payments: Payments) -> Any:
        return await self._ask()

    def fault(self, answer: Any, states: Callable[[int], list[State]]) -> str | None:
        return None


async def _asked(question: Question) -> Counter[str]:
    tally = Tally()
    till = Till(lambda: PortOneClient("key", "secret", base_url="http://127.0.0.1:9"))
    await Load(TRUTH, [till], tally).ask(question, Random(1))
    await till.client.close()
    return tally.faults


async def _raise(error: BaseException) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TypeError(), "untyped"),
        (TimeoutError(), "untyped"),
        (AuthenticationError(), "unexplained"),
        (asyncio.CancelledError(), "cancelled unasked"),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
async def test_an_error_without_a_cause_is_a_fault(error: BaseException, kind: str) -> None:
    assert await _asked(Stub(lambda: _raise(error))) == {kind: 1}


async def test_a_call_that_never_ends_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "HUNG", 0.01)
    assert await _asked(Stub(asyncio.Event().wait)) == {"hung": 1}


async def test_clients_that_do_not_recover_are_a_fault(server: FakePortOne) -> None:
    server.fail(faults.Status(503), times=None)
    tally = Tally()
    async with server.client(rate_limit=None) as client:
        await Load(TRUTH, [Till(lambda: client)], tally).recover(3, 0.05)
    assert tally.faults == {"no recovery": 1}


# The judging


def _told(known: Known) -> Payment:
    return FakePortOne().add(**asdict(known))


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
def test_a_payment_that_differs_in_anything_is_a_wrong_answer(change: dict[str, Any]) -> None:
    assert KNOWN.is_in(_told(KNOWN))
    assert not KNOWN.is_in(_told(replace(KNOWN, **change)))


def _always(*states: State) -> Callable[[int], list[State]]:
    return lambda _: list(states)


@pytest.mark.parametrize(
    ("question", "answer", "state", "fault"),
    [
        (Find(1, "주문 1", None), None, (KNOWN,), FALSE_MISSING),
        (Find(1, "주문 1", "ready"), None, (KNOWN,), None),
        (Find(1, "주문 1", None), _told(KNOWN), (), WRONG),
        (Find(1, "주문 1", None), _told(KNOWN), (KNOWN,), None),
        (Get(1, "imp_1", include_sandbox=True), None, (KNOWN,), FALSE_MISSING),
        (
            Get(1, "imp_1", include_sandbox=False),
            None,
            (replace(KNOWN, sandbox=True),),
            None,
        ),
        (FindAll(1, "주문 1", 1), [], (KNOWN,), FALSE_MISSING),
        (FindAll(1, "주문 1", 1), [_told(KNOWN)] * 2, (KNOWN,), WRONG),
        (Verify(1, "주문 1", 1500), _told(KNOWN), (KNOWN,), None),
        (Verify(1, "주문 1", 1501), _told(KNOWN), (KNOWN,), WRONG),
    ],
)
def test_answers_are_judged_by_the_state(
    question: Question, answer: Any, state: State, fault: str | None
) -> None:
    assert question.fault(answer, _always(state)) == fault


def test_a_state_of_the_time_of_the_call_is_true_and_one_of_another_time_is_not() -> None:
    question, cancelled = Find(1, "주문 1", None), replace(KNOWN, status="cancelled")

    assert question.fault(_told(KNOWN), _always((KNOWN,), (cancelled,))) is None
    assert question.fault(_told(cancelled), _always((KNOWN,), (cancelled,))) is None
    assert question.fault(_told(KNOWN), _always((cancelled,))) == WRONG


# The truth, the weather, the gauges


@given(n=st.integers(0, TRUTH.orders - 1), moment=st.floats(100.0, 10_000.0))
def test_a_state_lasts_until_the_next_change_and_no_longer(n: int, moment: float) -> None:
    if not TRUTH.is_living(n):
        assert TRUTH.states(n, moment, moment + 1000) == [TRUTH.state(n, moment)]
        return
    state, change = TRUTH.state(n, moment), TRUTH.next_change(n, moment)

    assert change > moment
    assert TRUTH.state(n, nextafter(change, 0.0)) == state
    assert TRUTH.state(n, change) != state
    assert TRUTH.state(n, change) in TRUTH.states(n, moment, change + 20)


def test_orders_are_of_every_kind_and_no_two_share_a_payment() -> None:
    payments = list(TRUTH.everything(500.0))

    assert {each.status for each in payments} == {"paid", "ready", "failed", "cancelled"}
    assert {each.sandbox for each in payments} == {True, False}
    assert any(0 < each.cancel_amount < each.amount for each in payments)
    assert any("/" in each.merchant_uid for each in payments)
    assert any(not TRUTH.state(n, 500.0) for n in range(TRUTH.orders))
    assert any(len(TRUTH.state(n, 500.0)) > 2 for n in range(TRUTH.orders))
    assert len({each.imp_uid for each in payments}) == len(payments)


def _faults_of_a_cycle() -> Iterator[str]:
    draw = Random(1)
    for second in range(60):
        phase = weather.phase_at(second, 1.0)
        yield from (type(draw.choice(phase.faults)(draw)).__name__ for _ in range(50))


def test_the_weather_has_every_fault_that_the_fake_can_play() -> None:
    assert set(_faults_of_a_cycle()) == set(faults.__all__)
    assert {weather.phase_at(second, 2.0).name for second in range(30)} == {
        *("calm", "storm", "outage", "recovery")
    }


def test_the_proxy_ends_connections_in_every_way() -> None:
    draw = Random(1)
    manners = [Manner.drawn(draw) for _ in range(300)]

    assert {each.end for each in manners} == {"fin", "rst", "stall"}
    assert any(each.piece == 1 for each in manners)
    assert any(each.wait for each in manners)
    assert any(each.up is not None for each in manners)


def test_growth_is_what_comes_after_the_warm_up() -> None:
    warming = [float(i) for i in range(30)]

    assert growth([]) == 0
    assert growth([*warming, *[30.0, 31.0] * 35]) == pytest.approx(0, abs=1)
    assert growth([float(i) for i in range(100)]) > 40


@given(st.lists(st.floats(0.001, 100.0), min_size=1))
def test_a_quantile_is_at_most_a_step_too_long(seconds: list[float]) -> None:
    durations = Durations()
    for each in seconds:
        durations.add(each)

    longest = max(seconds)
    assert longest * 0.999 <= durations.quantile(1.0) <= longest * 1.051


@pytest.mark.parametrize("is_bad", [True, False])
def test_the_command_exits_with_1_for_any_fault(
    is_bad: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plans: list[Plan] = []

    async def run(plan: Plan, _: Callable[[str], object]) -> Tally:
        plans.append(plan)
        tally = Tally()
        if is_bad:
            tally.blame(WRONG, "find")
        return tally

    monkeypatch.setattr(command, "soak", run)

    assert command.main(["--minutes", "30", "--seed", "5"]) == int(is_bad)
    assert (plans[0].seed, plans[0].seconds) == (5, 1800)
    assert capsys.readouterr().out.startswith("seed 5, 30 minutes\n")
