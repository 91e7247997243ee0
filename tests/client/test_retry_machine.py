"""Retries agree with a model for any outcomes, policies and deadlines, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from msgspec import Struct

from portone_async import (
    ApiError,
    Attempt,
    Call,
    CertificateError,
    ConnectionFailedError,
    PortOneError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
)
from tests.support.samples import NOT_FOUND, UNAUTHORIZED, body, ok
from tests.support.scripted import Outcome, reply, scripted_client
from tests.support.state_machines import TICK, VirtualMachine, check, watch

# The thorough profile takes five times as long.
pytestmark = pytest.mark.timeout(300)

NEVER = float("inf")


class Kind(Struct, frozen=True):
    """One way in which an attempt may end, and its properties in the model."""

    error: str | None
    """The name of the error's class; ``None`` for a success."""
    outcome: Outcome
    is_transient: bool = False
    was_sent: bool = True
    cost: int = 5
    is_pausing: bool = False
    """Whether a ``Retry-After`` with it is for all callers."""
    retry_after: int | None = None


def unsent(error: ConnectionFailedError | RequestTimeoutError) -> PortOneError:
    error.was_sent = False
    return error


OK = Kind(None, reply(200, ok({})))
REFUSED_TOKEN = Kind("UnauthorizedError", reply(401, body(UNAUTHORIZED)))
LATE = Kind("RequestTimeoutError", RequestTimeoutError("late"), is_transient=True, cost=10)
FAILURES = [
    Kind("ServerError", reply(503), is_transient=True, is_pausing=True),
    Kind("ServerError", reply(500), is_transient=True),
    Kind("RateLimitedError", reply(429), is_transient=True, is_pausing=True),
    Kind("ConnectionFailedError", ConnectionFailedError("reset"), is_transient=True),
    Kind(
        "ConnectionFailedError",
        unsent(ConnectionFailedError("refused")),
        is_transient=True,
        was_sent=False,
    ),
    LATE,
    Kind(
        "RequestTimeoutError",
        unsent(RequestTimeoutError("no connection")),
        is_transient=True,
        was_sent=False,
        cost=10,
    ),
    Kind("MalformedResponseError", reply(200, b"<html>"), is_transient=True),
]
FINAL = [
    Kind("ApiError", reply(400, body(NOT_FOUND))),
    Kind("ApiError", reply(403)),
    Kind("UnexpectedResponseError", reply(200, b"null")),
    Kind("CertificateError", CertificateError("expired")),
]
WITH_RETRY_AFTER = [
    Kind(
        name,
        reply(status, Retry_After=str(seconds)),
        is_transient=True,
        is_pausing=status != 500,
        retry_after=seconds,
    )
    for name, status in (("ServerError", 503), ("RateLimitedError", 429), ("ServerError", 500))
    for seconds in (0, 1, 4, 5, 6, 60, 61)
]

kinds = (
    st.sampled_from(FAILURES)
    | st.sampled_from(WITH_RETRY_AFTER)
    | st.sampled_from([REFUSED_TOKEN, REFUSED_TOKEN, *FINAL, OK])
)
durations = st.sampled_from([0.0, 0.0, 0.1, 1.0, 3.0, 7.0, 10.0**6])
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 5),
    backoff_initial=st.sampled_from([0.0, 0.5, 2.0]),
    backoff_max=st.sampled_from([0.0, 1.0, 8.0]),
    retry_after_max=st.sampled_from([0.0, 5.0, 60.0]),
)
timeouts = st.builds(
    Timeouts,
    total=st.sampled_from([None, 0.5, 4.5, 10.5, 60.0]),
    attempt=st.sampled_from([None, 2.0, 5.2, 30.0]),
)
calls = st.sampled_from(
    [
        Call("GET", "/payments/x", dict[str, Any]),
        Call("POST", "/payments/x", dict[str, Any], idempotent=True),
        Call("GET", "/payments/x", dict[str, Any]),
        Call("POST", "/payments/x", dict[str, Any]),
        Call("GET", "/payments/x", dict[str, Any], idempotent=False),
    ]
)
REASONS = {
    "attempts": "RetryPolicy.attempts is ",
    "Retry-After": "the server asks to wait ",
    "deadline": "no time left",
    "budget": "the retry budget is empty",
    "processed": "not retried: the request may have been processed",
}


class Try:
    """One exchange: its planned outcome, and when it took place."""

    def __init__(self, kind: Kind, seconds: float, began_at: float) -> None:
        self.kind = kind
        self.seconds = seconds
        self.began_at = began_at
        self.ended_at = NEVER
        self.outcome: Outcome | None = None


class RetryMachine(VirtualMachine):
    """One client; its calls come in sequence, and now and then many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: list[tuple[Kind, float]] = []
        self.tries: list[Try] = []
        self.recorded: list[Attempt] = []
        self.paused_until = 0.0
        self.fetched_at: list[float] = []

    @initialize(capacity=st.sampled_from([None, 500, 500, 60, 60, 23, 10, 9, 5, 0]))
    def make(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.left = NEVER if capacity is None else capacity

        def script(_: int) -> tuple[float, Outcome]:
            kind, seconds = self.plan.pop(0) if self.plan else (OK, 0.0)
            self.tries.append(Try(kind, seconds, self.now))
            by_place[len(self.transport.sent) - 1] = self.tries[-1]
            return seconds, kind.outcome

        def ended(place: int, outcome: Outcome | None) -> None:
            if place in by_place:
                by_place[place].outcome = outcome
                by_place[place].ended_at = self.now
            elif outcome is not None:
                self.fetched_at.append(self.now)

        by_place: dict[int, Try] = {}
        self.client, self.transport = scripted_client(
            script, rate_limit=None, retry=RetryPolicy(budget=capacity), max_in_flight=1000
        )
        watch(self.transport, ended)

    def deposit(self, amount: int) -> None:
        self.left = min(NEVER if self.capacity is None else self.capacity, self.left + amount)

    def deposit_for_tokens(self, until: float) -> None:
        """Refill the budget for token fetches: they are successful calls, too."""
        while self.fetched_at and self.fetched_at[0] <= until:
            del self.fetched_at[0]
            self.deposit(1)

    @rule(
        call=calls,
        plan=st.lists(st.tuples(kinds, durations), min_size=1, max_size=6),
        policy=policies,
        timeouts=timeouts,
    )
    def call(
        self,
        call: Call[dict[str, Any]],
        plan: list[tuple[Kind, float]],
        policy: RetryPolicy,
        timeouts: Timeouts,
    ) -> None:
        self.plan, self.tries, self.recorded = plan.copy(), [], []
        may_begin_at = max(self.now, self.paused_until)
        view = self.client.with_options(
            retry=policy, timeouts=timeouts, on_attempt=self.recorded.append
        )
        result = self.run_loop(self.result(view.call(call)))
        error = result if isinstance(result, PortOneError) else None
        assert may_begin_at - TICK < self.tries[0].began_at < may_begin_at + TICK
        deadline = NEVER if timeouts.total is None else self.tries[0].began_at + timeouts.total
        Replay(self, call, policy, timeouts, deadline).check(error)

    @rule(
        plan=st.lists(
            st.tuples(
                st.sampled_from(FAILURES) | st.sampled_from(WITH_RETRY_AFTER),
                st.sampled_from([0.0, 0.1, 1.0, 3.0]),
            ),
            min_size=4,
            max_size=6,
        ),
        policy=st.builds(
            RetryPolicy,
            attempts=st.integers(3, 5),
            backoff_initial=st.sampled_from([0.5, 2.0]),
            backoff_max=st.sampled_from([1.0, 8.0]),
            retry_after_max=st.sampled_from([5.0, 60.0]),
        ),
        timeouts=timeouts,
    )
    def a_call_that_fails_repeatedly(
        self, plan: list[tuple[Kind, float]], policy: RetryPolicy, timeouts: Timeouts
    ) -> None:
        self.many_calls_succeed(30)
        self.call(Call("GET", "/payments/x", dict[str, Any]), plan, policy, timeouts)

    @staticmethod
    async def result(call: Any) -> Any:
        try:
            return await call
        except PortOneError as error:
            return error

    @rule(count=st.integers(1, 12), attempts=st.integers(1, 4))
    def an_outage_meets_many_calls(self, count: int, attempts: int) -> None:
        self.plan, self.tries = [(FAILURES[0], 0.1)] * 1000, []
        view = self.client.with_options(
            retry=RetryPolicy(attempts=attempts, backoff_initial=0.0), timeouts=Timeouts(None)
        )
        call = Call("GET", "/payments/x", dict[str, Any])

        async def main() -> None:
            results = await asyncio.gather(*[self.result(view.call(call)) for _ in range(count)])
            assert all(isinstance(result, PortOneError) for result in results)

        self.run_loop(main())
        self.deposit_for_tokens(self.now)
        wanted = count * (attempts - 1)
        paid = wanted if self.capacity is None else min(wanted, int(self.left) // 5)
        assert len(self.tries) == count + paid
        self.left -= 5 * paid

    @rule(count=st.integers(1, 30))
    def many_calls_succeed(self, count: int) -> None:
        self.plan, self.tries = [], []

        async def main() -> None:
            call = Call("GET", "/payments/x", dict[str, Any])
            await asyncio.gather(*[self.client.call(call) for _ in range(count)])

        self.run_loop(main())
        assert len(self.tries) == count
        self.deposit_for_tokens(self.now)
        self.deposit(count)

    @rule(count=st.integers(1, 15), kind=st.sampled_from([FAILURES[0], LATE]))
    def retries_help(self, count: int, kind: Kind) -> None:
        at_once = RetryPolicy(attempts=2, backoff_initial=0.0)
        for _ in range(count):
            plan = [(kind, 0.0), (OK, 0.0)]
            self.call(Call("GET", "/payments/x", dict[str, Any]), plan, at_once, Timeouts())

    @precondition(lambda self: self.paused_until > self.now)
    @rule()
    def the_pause_ends(self) -> None:
        self.wait(self.paused_until - self.now)

    def finish(self) -> None:
        # Both reveal what the model may have missed: too long a pause, or another budget.
        self.call(Call("GET", "/payments/x", dict[str, Any]), [], RetryPolicy(), Timeouts())
        self.an_outage_meets_many_calls(12, 4)
        assert self.transport.in_flight == 0
        assert not asyncio.all_tasks(self.loop)


class Replay:
    """Checks the decisions of a call that has ended, in order."""

    def __init__(
        self,
        machine: RetryMachine,
        call: Call[Any],
        policy: RetryPolicy,
        timeouts: Timeouts,
        deadline: float,
    ) -> None:
        self.machine = machine
        self.policy = policy
        self.timeouts = timeouts
        self.deadline = deadline
        self.is_idempotent = (
            call.idempotent if call.idempotent is not None else call.method == "GET"
        )
        self.was_renewed = False
        self.paid = 0

    def check(self, error: PortOneError | None) -> None:
        tries = self.machine.tries
        kinds = [self.ending(done) for done in tries]
        assert len(tries) <= self.policy.attempts + 1
        assert len(tries) <= self.policy.attempts or REFUSED_TOKEN in kinds
        assert self.machine.now <= self.deadline + TICK
        for number, (done, kind) in enumerate(zip(tries, kinds, strict=True), 1):
            assert done.began_at >= self.machine.paused_until - TICK, "sent during a pause"
            self.machine.deposit_for_tokens(done.ended_at)
            if kind.is_pausing and kind.retry_after:
                pause = min(kind.retry_after, self.policy.retry_after_max)
                until = done.ended_at + pause
                self.machine.paused_until = max(self.machine.paused_until, until)
            if number < len(tries):
                self.check_that_it_may_go_on(number, kind, done, tries[number])
        self.check_that_it_must_end(len(tries), kinds[-1], tries[-1], error)
        self.check_the_record(kinds, error)

    def ending(self, done: Try) -> Kind:
        """Return how the attempt ended: as planned, or at its deadline."""
        bound = min(
            self.deadline,
            NEVER if self.timeouts.attempt is None else done.began_at + self.timeouts.attempt,
        )
        planned = done.began_at + done.seconds
        assert abs(done.ended_at - min(planned, bound)) < TICK
        if abs(planned - bound) < TICK:  # Either may come first.
            is_in_time = done.outcome is not None and not (
                isinstance(done.outcome, RequestTimeoutError) and done.kind.cost != 10
            )
        else:
            is_in_time = planned < bound
        if self.deadline - done.ended_at < 2 * TICK and (not is_in_time or done.kind.cost == 10):
            return Kind("DeadlineExceededError", done.kind.outcome)
        return done.kind if is_in_time else LATE

    def reasons(self, number: int, kind: Kind, done: Try) -> tuple[set[str], set[str]]:
        """Return why there must not be another attempt, and why there need not be one."""
        must: set[str] = set()
        may: set[str] = set()
        if kind is REFUSED_TOKEN:
            return ({"final"} if self.was_renewed else set()), may
        if not kind.is_transient:
            return {"final"}, may
        if kind.was_sent and not self.is_idempotent:
            return {"processed"}, may
        requested = kind.retry_after or 0.0
        if number >= self.policy.attempts:
            must.add("attempts")
        if requested > self.policy.retry_after_max:
            must.add("Retry-After")
        if done.ended_at + requested >= self.deadline + TICK:
            must.add("deadline")
        elif done.ended_at + max(requested, self.ceiling(number)) >= self.deadline - TICK:
            may.add("deadline")
        if kind.cost > self.machine.left:
            must.add("budget")
        return must, may

    def ceiling(self, number: int) -> float:
        return float(min(self.policy.backoff_max, self.policy.backoff_initial * 2 ** (number - 1)))

    def check_that_it_may_go_on(self, number: int, kind: Kind, done: Try, later: Try) -> None:
        must, _ = self.reasons(number, kind, done)
        assert not must, f"retried in spite of: {must}"
        waited = later.began_at - done.ended_at
        assert later.began_at <= self.deadline + TICK
        if kind is REFUSED_TOKEN:
            self.was_renewed = True
            assert waited <= TICK
        else:
            requested = kind.retry_after or 0.0
            assert requested <= waited <= max(requested, self.ceiling(number)) + TICK
            self.paid = kind.cost
            self.machine.left -= kind.cost
            attempt = self.attempts()[number - 1]
            assert attempt.wait is not None
            assert abs(attempt.wait - waited) < TICK
        assert self.machine.left >= 0

    def check_that_it_must_end(
        self, number: int, kind: Kind, done: Try, error: PortOneError | None
    ) -> None:
        if error is None:
            assert kind is OK
            self.machine.deposit(self.paid or 1)
            return
        must, may = self.reasons(number, kind, done)
        if error.gave_up is None:
            reason = "final"
            # The deadline may also pass before the next attempt is sent.
            if type(error).__name__ == "DeadlineExceededError":
                assert self.machine.now >= self.deadline - 2 * TICK
                return
        else:
            reason = next(name for name, text in REASONS.items() if error.gave_up.startswith(text))
        assert reason in must | may, f"gave up ({reason}) without a reason"

    def attempts(self) -> list[Attempt]:
        return [attempt for attempt in self.machine.recorded if attempt.route == "/payments/x"]

    def check_the_record(self, kinds: list[Kind], error: PortOneError | None) -> None:
        attempts = self.attempts()
        assert [attempt.number for attempt in attempts] == list(range(1, len(kinds) + 1))
        assert [attempt.error for attempt in attempts] == [kind.error for kind in kinds]
        for attempt, done in zip(attempts, self.machine.tries, strict=True):
            assert abs(attempt.elapsed - (done.ended_at - done.began_at)) < TICK
        assert attempts[-1].wait is None
        if error is not None:
            assert list(error.attempts) == attempts
            assert type(error).__name__ == kinds[-1].error
            if isinstance(error, ApiError):
                assert error.retry_after == kinds[-1].retry_after


def test_retries_and_their_reports_agree_with_the_model() -> None:
    check(RetryMachine)
