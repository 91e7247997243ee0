"""Tokens agree with a model for any acts of callers, server and clocks, in virtual time."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from portone_async import (
    AuthenticationError,
    Call,
    DeadlineExceededError,
    PortOneError,
    RateLimit,
    RetryPolicy,
    Timeouts,
    UnauthorizedError,
)
from portone_async._core.token import REFRESH_MARGIN
from tests.support.samples import BAD_KEYS, UNAUTHORIZED, body, ok
from tests.support.scripted import PAID, Outcome, reply, scripted_client, series, token_reply
from tests.support.state_machines import TICK, VirtualMachine, check, watch
from tests.support.virtual_time import virtual_time

# The thorough profile takes five times as long.
pytestmark = pytest.mark.timeout(300)

ATTEMPTS = 3
LAST = 10.0
"""Seconds before its end from which a call that need not queue does not use a token."""
HANG = (10.0**6, PAID)
DAY = 86400.0
NEVER = float("inf")


class Known:
    """A token, as the client received it."""

    def __init__(self, value: str, sent_at: float, lifetime: float) -> None:
        self.value = value
        self.lifetime = lifetime
        self.ends_at = sent_at + lifetime
        self.received_at = 0.0
        self.refused_at = NEVER
        self.is_doubtful = False
        """Whether it is unknown which was refused: this one or the one before."""

    @property
    def is_short(self) -> bool:
        """Whether it was due from the start: it serves only the calls that waited for it."""
        return self.lifetime <= REFRESH_MARGIN

    def is_due(self, now: float) -> bool:
        """Whether it may be renewed in the background, while calls still use it."""
        return (
            not self.is_short
            and self.ends_at - now < REFRESH_MARGIN + TICK
            and self.refused_at > now
        )

    def is_good(self, now: float) -> bool:
        is_valid = self.refused_at > now and not self.is_doubtful
        return is_valid and self.ends_at - now >= REFRESH_MARGIN + TICK


class Caller:
    """One call, and how the server treated it."""

    def __init__(self, seconds: float, total: float, now: float) -> None:
        self.seconds = seconds
        self.total = total
        self.started_at = now
        self.task: asyncio.Task[Any]
        self.is_cancelled = False
        self.is_in_flight = False
        self.refusals = 0


class TokenMachine(VirtualMachine):
    """One client, and a server that follows PortOne's rules for tokens unless it is faulty."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: dict[str, Caller] = {}
        self.known: Known | None = None
        self.previous: Known | None = None
        self.used: dict[int, Known] = {}
        """The token of each exchange, by its index."""
        self.replies: dict[int, Known] = {}
        self.fetching: set[int] = set()
        self.reasons = 0
        """How often there was a reason to fetch a token."""
        self.renewal_is_due_since = NEVER
        # The server's side.
        self.issued = 0
        self.refuses_tokens = False
        self.value: str | None = None
        self.ends_at = 0.0
        self.refuses_keys = False
        self.faults: list[str] = []
        self.is_slow_by = 0.0
        self.keys_refused_at = -DAY
        self.fault_at = -DAY
        self.server_clock = 1.77e9
        # The machine's clock: nothing may depend on it.
        self.clock_is_off_by = 0.0
        real = time.time
        self.clock = patch("time.time", lambda: real() + self.clock_is_off_by)
        self.clock.start()

    @initialize()
    def make(self) -> None:
        self.make_with(1000, None)

    def make_with(self, slots: int, limit: RateLimit | None) -> None:
        self.has_no_queues = slots == 1000
        client, self.transport = scripted_client(
            self.call_sent,
            self.token_sent,
            max_in_flight=slots,
            rate_limit=limit,
            retry=RetryPolicy(attempts=ATTEMPTS, budget=None),
        )
        watch(self.transport, self.ended)
        self.clients = {60.0: client, 5.0: client.with_options(timeouts=Timeouts(total=5))}

    @property
    def open(self) -> list[Caller]:
        return [caller for caller in self.callers.values() if not caller.task.done()]

    @invariant()
    def a_token_near_its_end_is_renewed(self) -> None:
        if self.now > self.renewal_is_due_since + TICK / 2:
            self.blame("a call was sent with a token near its end, and that was not renewed")

    @invariant()
    def every_fetch_has_a_waiter(self) -> None:
        # A token that is due on arrival is renewed in the background.
        is_due = self.known is not None and self.known.is_due(self.now)
        is_awaited = any(not caller.is_in_flight for caller in self.open)
        if self.has_no_queues and self.fetching and not is_due and not is_awaited:
            self.blame("a fetch without a waiter")

    def token_sent(self, _: int) -> Outcome | tuple[float, Outcome]:
        place = len(self.transport.sent) - 1
        if self.fetching:
            self.blame("two fetches at once")
        self.fetching.add(place)
        self.renewal_is_due_since = NEVER
        self.every_fetch_has_a_waiter()
        if self.known and self.known.is_good(self.now):
            self.blame("a fetch although there is a good token")
        if len(self.transport.tokens) > ATTEMPTS * self.reasons:
            self.blame(f"{len(self.transport.tokens)} fetches for {self.reasons} reasons")
        if self.refuses_keys:
            self.keys_refused_at = self.now
            return self.is_slow_by, reply(401, body(BAD_KEYS))
        fault = self.faults.pop() if self.faults else ""
        if fault:
            self.fault_at = self.now
        if fault == "hang":
            return HANG
        if fault == "unavailable":
            return self.is_slow_by, reply(503)
        if fault == "nonsense":
            return self.is_slow_by, reply(200, ok({"access_token": None}))
        if fault:
            self.value, self.ends_at = None, self.now + float(fault)
        self.issue(None if not fault else float(fault))
        lifetime = self.ends_at - self.now
        assert self.value is not None
        self.replies[place] = Known(self.value, self.now, lifetime)
        return self.is_slow_by, token_reply(self.value, lifetime, self.server_clock + self.now)

    def issue(self, lifetime: float | None) -> None:
        if self.value is None or lifetime is not None or self.ends_at <= self.now:
            self.issued += 1
            self.value = f"token{self.issued}"
            self.ends_at = self.now + (1800 if lifetime is None else lifetime)
        elif self.ends_at - self.now < 60:
            self.ends_at += 300

    def call_sent(self, _: int) -> Outcome | tuple[float, Outcome]:
        place = len(self.transport.sent) - 1
        path, authorization = self.transport.sent[place][1:]
        caller = self.callers[path]
        caller.is_in_flight = True
        known = self.known
        if known is None:
            self.blame("sent without a token")
            return PAID
        previous = self.previous
        if previous is not None and self.now <= known.received_at + TICK:
            # The new token is replacing the old one: either may have been sent.
            known.is_doubtful = previous.value == known.value
            known = known if authorization == f"Bearer {known.value}" else previous
        self.used[place] = known
        if authorization != f"Bearer {known.value}" and self.now > known.received_at + TICK:
            self.blame("sent with a token that was renewed")
        if self.now > known.refused_at + TICK and not known.is_doubtful:
            self.blame("sent with a token that was refused")
        if self.now > known.ends_at + TICK and not known.is_short:
            self.blame("sent with a token that had ended")
        if self.has_no_queues and self.now > known.received_at + TICK:
            if known.is_short:
                self.blame("sent with a short token that was fetched for others")
            elif known.ends_at - self.now < LAST - TICK:
                self.blame("sent with a token that had to be renewed")
            elif known.ends_at - self.now < REFRESH_MARGIN - TICK and not self.is_renewed():
                self.renewal_is_due_since = min(self.renewal_is_due_since, self.now)
        if known.ends_at - self.now < REFRESH_MARGIN + TICK:
            self.reasons += 1
        is_valid = authorization == f"Bearer {self.value}" and self.ends_at > self.now
        if self.refuses_tokens or not is_valid:
            caller.refusals += 1
            if caller.refusals > 2:
                self.blame("sent a third time")
                return HANG
            return caller.seconds, reply(401, body(UNAUTHORIZED))
        return caller.seconds, reply(200, ok({}))

    def is_renewed(self) -> bool:
        """Return whether a fetch is in flight, or may be waiting for its retry."""
        return bool(self.fetching) or self.fault_at > self.now - 61

    def ended(self, place: int, outcome: Outcome | None) -> None:
        _, path, authorization = self.transport.sent[place]
        if authorization is None:
            self.fetching.remove(place)
            if (
                place in self.replies
                and outcome is not None
                and not isinstance(outcome, PortOneError)
            ):
                self.previous, self.known = self.known, self.replies[place]
                self.known.received_at = self.now
            return
        self.callers[path].is_in_flight = False
        if (
            outcome is not None
            and not isinstance(outcome, PortOneError)
            and outcome.status == 401
            # A second refusal is not the token's fault.
            and [target for _, target, _ in self.transport.sent[:place]].count(path) == 0
        ):
            self.reasons += 1
            known = self.used[place]
            known.refused_at = min(known.refused_at, self.now)

    def start(self, seconds: float, total: float) -> Caller:
        caller = Caller(seconds, total, self.now)
        number = str(len(self.callers))
        self.callers[f"/payments/{number}"] = caller
        self.reasons += 1
        call = Call(
            "GET", "/payments/{merchant_uid}", dict[str, Any], path={"merchant_uid": number}
        )
        caller.task = self.loop.create_task(self.clients[total].call(call))
        caller.task.add_done_callback(lambda _: self.done(caller))
        return caller

    def done(self, caller: Caller) -> None:
        elapsed = self.now - caller.started_at
        # A call that joins a fetch shares its outcome; the fetch began a minute ago at most.
        since = caller.started_at - 61
        if caller.task.cancelled():
            if not caller.is_cancelled:
                self.blame("a call was cancelled with another")
            return
        if self.has_no_queues and elapsed > caller.total + 0.05:
            self.blame(f"a call took {elapsed} s of {caller.total} s")
        match caller.task.exception():
            case None:
                is_right = True
            case AuthenticationError():
                is_right = self.keys_refused_at > since
            case UnauthorizedError():
                is_right = caller.refusals == 2
            case DeadlineExceededError():
                is_right = elapsed > caller.total - 0.05 or self.fault_at > since
            case PortOneError():
                is_right = self.fault_at > since
            case _:
                is_right = False
        if not is_right:
            self.blame(f"a call failed without a cause: {caller.task.exception()!r}")

    @rule(
        count=st.integers(1, 5),
        seconds=st.sampled_from([0.0, 1.0, 20.0]),
        total=st.sampled_from([60.0, 60.0, 5.0]),
        is_at_once=st.booleans(),
    )
    def call(self, count: int, seconds: float, total: float, is_at_once: bool) -> None:
        for _ in range(count):
            self.start(seconds, total)
        if not is_at_once:
            self.wait()

    @rule(seconds=st.sampled_from([0.3, 2.0, 10.0, 29.0, 31.0, 300.0]) | st.floats(0, 7200))
    def time_passes(self, seconds: float) -> None:
        self.wait(seconds)

    @rule(left=st.sampled_from([44.99, 44.5, 30.0, 1.0, 0.1, -0.1]))
    def a_call_comes_inside_the_margin(self, left: float) -> None:
        self.call_with_so_much_left(left)

    @rule(left=st.sampled_from([61.0, 59.0, 45.5, 45.01]))
    def a_call_comes_before_the_margin(self, left: float) -> None:
        self.call_with_so_much_left(left)

    def call_with_so_much_left(self, left: float) -> None:
        """Fetch a token with one call, and start another when so many seconds are left of it."""
        self.start(0.0, 60.0)
        self.wait(self.is_slow_by + TICK)
        if self.known and self.known.ends_at - self.now > left + TICK:
            self.wait(self.known.ends_at - self.now - left)
        self.start(0.0, 60.0)
        self.wait()

    @rule(is_refused=st.booleans())
    def refuse_any_token(self, is_refused: bool) -> None:
        self.refuses_tokens = is_refused

    @rule()
    def cancel_all_calls(self) -> None:
        self.cancel_calls(self.open)

    @rule()
    def revoke(self) -> None:
        self.value = None

    @rule(count=st.integers(2, 6))
    def revoke_while_calls_are_in_flight(self, count: int) -> None:
        self.call(count, 1.0, 60.0, is_at_once=False)
        self.revoke()
        self.wait(3)

    @rule(is_refused=st.booleans())
    def refuse_keys(self, is_refused: bool) -> None:
        self.refuses_keys = is_refused

    @rule(
        faults=st.lists(
            st.sampled_from(
                ["hang", "unavailable", "unavailable", "nonsense", "46", "40", "2", "0", "-10"]
            ),
            max_size=4,
        )
    )
    def next_fetches_fail(self, faults: list[str]) -> None:
        self.faults = faults

    @rule(seconds=st.sampled_from([0.0, 0.0, 1.0, 4.0, 20.0]))
    def fetches_take(self, seconds: float) -> None:
        self.is_slow_by = seconds

    @rule(seconds=st.sampled_from([-DAY, DAY]), is_ours=st.booleans())
    def a_clock_is_set(self, seconds: float, is_ours: bool) -> None:
        if is_ours:
            self.clock_is_off_by += seconds
        else:
            self.server_clock += seconds

    @precondition(lambda self: self.open)
    @rule(data=st.data(), count=st.integers(1, 5))
    def cancel(self, data: st.DataObject, count: int) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self.open), max_size=count, unique_by=id))
        self.cancel_calls(chosen)

    def cancel_calls(self, callers: list[Caller]) -> None:
        for caller in callers:
            caller.is_cancelled = True
            caller.task.cancel()
        self.wait()
        if not all(caller.task.done() for caller in callers):
            self.blame("a cancelled call does not end")

    def finish(self) -> None:
        self.refuses_keys = self.refuses_tokens = False
        self.faults, self.is_slow_by = [], 0.0
        self.wait(3000)
        assert not self.open, "a call waits for ever"
        assert self.transport.in_flight == 0
        assert not asyncio.all_tasks(self.loop)
        before = len(self.transport.tokens)
        last = self.start(0.0, 60.0)
        self.wait(10)
        assert last.task.done()
        assert last.task.exception() is None
        assert len(self.transport.tokens) <= before + 1

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.clock.stop()


class QueueingTokenMachine(TokenMachine):
    """The same, but a call may have to queue after it has a token."""

    @initialize(slots=st.integers(1, 3), limit=st.sampled_from([None, RateLimit(5, 2)]))
    def make(self, slots: int, limit: RateLimit | None) -> None:
        self.make_with(slots, limit)


def test_token_fetches_agree_with_the_model() -> None:
    check(TokenMachine, steps=30)


def test_queueing_calls_share_tokens_as_in_the_model() -> None:
    check(QueueingTokenMachine, steps=30)


@virtual_time
async def test_token_that_expired_in_a_pause_is_renewed_first() -> None:
    ok_then_paused = series(reply(200, ok({})), reply(429, Retry_After="60"), PAID)
    client, transport = scripted_client(ok_then_paused, lambda n: token_reply(f"token{n}", 100))
    call = Call("GET", "/payments/x", dict[str, Any])
    await client.call(call)
    await asyncio.sleep(50)
    await asyncio.gather(client.call(call), return_exceptions=True)
    await client.call(call)  # 50 seconds are left of the token, 60 of the pause.
    assert transport.sent[-1][1:] == ("/payments/x", "Bearer token2")
