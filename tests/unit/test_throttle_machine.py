"""Throttle and queues agree with a model for any order of steps, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from portone_async import Call, PortOneClient, PortOneError, RateLimit, RetryPolicy, Timeouts
from portone_async.throttle import TokenBucket
from tests.support.samples import ok
from tests.support.scripted import Outcome, ScriptedTransport, reply, scripted_client
from tests.support.state_machines import TICK, Meter, VirtualMachine, check, watch

# The thorough profile takes five times as long.
pytestmark = pytest.mark.timeout(300)

rates = st.sampled_from([0.5, 3.0, 50.0, 100.0])
bursts = st.sampled_from([1, 2, 5, 20])
NEVER = float("inf")
permits = st.sampled_from([0.0, 0.3, 0.99, 1.0, 1.7, 5.0, 30.0, 200.0])
"""Durations, in permits: multiples of ``1 / rate``."""


class Waiter:
    """A task that waits for a permit."""

    def __init__(self, number: int, *, is_first: bool) -> None:
        self.number = number
        self.is_first = is_first
        self.task: asyncio.Task[None]
        self.is_doomed = False

    def __repr__(self) -> str:
        return f"{'first ' if self.is_first else ''}waiter {self.number}"


class BucketMachine(VirtualMachine):
    """One bucket, and any order of steps.

    The model: two lanes; the next waiter is chosen when the turn of the previous one ends. A turn
    lasts until the leaky bucket has room and no pause is active, and no longer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.lanes: dict[bool, list[Waiter]] = {True: [], False: []}
        self.turn: Waiter | None = None
        self.turn_since = 0.0
        self.paused_until = 0.0
        self.stalled_until = 0.0
        self.is_next_doomed = False
        self.is_one_void = False

    @initialize(rate=rates, burst=bursts)
    def make(self, rate: float, burst: int) -> None:
        self.bucket = TokenBucket(RateLimit(rate, burst))
        self.granted = Meter(rate, burst)
        self.spent = Meter(rate, burst)
        """The permits granted, and those that a pause made void."""

    @property
    def waiting(self) -> list[Waiter]:
        return [*([self.turn] if self.turn else []), *self.lanes[True], *self.lanes[False]]

    def next_turn(self) -> None:
        lane = self.lanes[True] or self.lanes[False]
        self.turn = lane.pop(0) if lane else None
        self.turn_since = self.now

    async def acquire_for(self, waiter: Waiter) -> None:
        if self.turn is None:
            self.turn, self.turn_since = waiter, self.now
        else:
            self.lanes[waiter.is_first].append(waiter)
        try:
            await self.bucket.acquire(priority=waiter.is_first)
        except asyncio.CancelledError:
            if not waiter.is_doomed:
                self.blame(f"{waiter} was cancelled without a request")
            if waiter is self.turn:
                self.next_turn()
            raise
        self.admit(waiter)

    def admit(self, waiter: Waiter) -> None:
        if waiter is not self.turn:
            self.blame(f"{waiter} was admitted in the turn of {self.turn}")
        if waiter.is_doomed:
            self.blame(f"{waiter} was admitted although it was cancelled")
        if self.now < self.paused_until:
            self.blame(f"{waiter} was admitted during a pause")
        if not self.granted.add(self.now):
            self.blame(f"{waiter} was admitted beyond the rate")
        self.look_for_needless_waits()
        self.spent.add(self.now)
        self.next_turn()
        if self.is_next_doomed and self.turn:
            # It has been woken already: its turn was handed to it a moment ago.
            self.is_next_doomed = False
            self.cancel(self.turn)

    def cancel(self, waiter: Waiter) -> None:
        waiter.is_doomed = True
        for lane in self.lanes.values():
            if waiter in lane:
                lane.remove(waiter)
        waiter.task.cancel()

    @invariant()
    def look_for_needless_waits(self) -> None:
        if self.turn is not None and not self.turn.is_doomed:
            due = max(
                self.turn_since, self.paused_until, self.spent.has_room_at, self.stalled_until
            )
            if self.now > due + TICK:
                self.blame(f"{self.turn} could have been admitted at {due}, now is {self.now}")

    def start(self, is_first: bool) -> None:
        self.count += 1
        waiter = Waiter(self.count, is_first=is_first)
        waiter.task = self.loop.create_task(self.acquire_for(waiter))

    @rule(firsts=st.lists(st.booleans(), min_size=1, max_size=8), is_at_once=st.booleans())
    def acquire(self, firsts: list[bool], is_at_once: bool) -> None:
        for is_first in firsts:
            self.start(is_first)
        if not is_at_once:
            self.wait()

    @rule(count=st.integers(1, 30))
    def acquire_many(self, count: int) -> None:
        for _ in range(count):
            self.start(is_first=False)
        self.wait()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), count=st.integers(1, 4), is_at_once=st.booleans())
    def cancel_some(self, data: st.DataObject, count: int, is_at_once: bool) -> None:
        for _ in range(count):
            waiting = [waiter for waiter in self.waiting if not waiter.is_doomed]
            if waiting:
                self.cancel(data.draw(st.sampled_from(waiting)))
        if not is_at_once:
            self.wait()

    @precondition(lambda self: self.turn)
    @rule()
    def cancel_whose_turn_it_is(self) -> None:
        assert self.turn is not None
        if not self.turn.is_doomed:
            self.cancel(self.turn)

    @rule()
    def cancel_the_next_in_the_tick_of_its_turn(self) -> None:
        self.is_next_doomed = True

    @rule(seconds=permits)
    def time_passes(self, seconds: float) -> None:
        self.wait(seconds / self.granted.rate + TICK)

    @rule(seconds=permits)
    def the_loop_is_busy(self, seconds: float) -> None:
        self.stall(seconds / self.granted.rate)
        self.stalled_until = self.now
        if self.is_one_void:
            self.spent.hold_up(seconds / self.granted.rate)  # The void permit may still be pending.
        self.wait()

    @rule(seconds=permits)
    def pause(self, seconds: float) -> None:
        if self.now >= self.paused_until:
            self.is_one_void = False
        self.run_loop(self.pause_now(seconds / self.granted.rate))

    async def pause_now(self, seconds: float) -> None:
        await self.bucket.pause(seconds)
        self.paused_until = max(self.paused_until, self.now + seconds)
        # A pending permit is void if it is granted during the pause.
        is_in_time = self.spent.has_room_at < self.paused_until + TICK
        if self.turn and is_in_time and not self.is_one_void:
            self.is_one_void = True
            self.spent.add(self.now)

    def finish(self) -> None:
        self.wait()
        longest = max(0.0, self.paused_until - self.now)
        self.wait(longest + (len(self.waiting) + 2) / self.granted.rate + 10 * TICK)
        self.look_for_needless_waits()
        assert not self.waiting, "a waiter waits for ever"


def test_bucket_agrees_with_the_model() -> None:
    check(BucketMachine)


class Queue:
    """The calls of one client that share a throttle."""

    def __init__(self, owner: str, throttle: str) -> None:
        self.owner = owner
        self.throttle = throttle
        self.fresh: list[PlannedCall] = []
        """Those that were not sent yet, in order."""
        self.open: set[PlannedCall] = set()
        """Those that are neither done nor in flight."""
        self.turn_since = 0.0


class PlannedCall:
    """One call through a client."""

    def __init__(self, queue: Queue, seconds: float, retry_after: int | None, now: float) -> None:
        self.queue = queue
        self.seconds = seconds
        self.retry_after = retry_after
        self.since = now
        self.again_at = NEVER
        self.task: asyncio.Task[Any]


class QueuesMachine(VirtualMachine):
    """Two clients that share a throttle, and three views of the first: one without a limit, one
    with another limit, and one with the same throttle.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, PlannedCall] = {}
        self.paused_until = {"shared": 0.0, "own": 0.0, "none": 0.0}
        self.in_flight = {"one": 0, "other": 0}
        self.crowded_until = {"one": 0.0, "other": 0.0}

    @initialize(rate=rates, burst=bursts, own=rates, slots=st.integers(1, 5))
    def make(self, rate: float, burst: int, own: float, slots: int) -> None:
        self.slots = slots
        bucket = TokenBucket(RateLimit(rate, burst))
        self.granted = {"shared": Meter(rate, burst), "own": Meter(own, 2)}
        self.spent = {"shared": Meter(rate, burst), "own": Meter(own, 2)}
        one, other = self.client("one", bucket), self.client("other", bucket)
        shared, no_limit = Queue("one", "shared"), Queue("one", "none")
        self.views = [
            (one, shared),
            (one.with_options(retry=RetryPolicy(attempts=1)), shared),
            (one.with_options(rate_limit=RateLimit(own, 2)), Queue("one", "own")),
            (one.with_options(rate_limit=None), no_limit),
            (other, Queue("other", "shared")),
        ]
        self.queues = {id(queue): queue for _, queue in self.views}.values()
        # Both clients fetch their token first, so that only calls follow.
        for client, queue in self.views[:1] + self.views[-1:]:
            self.started(client, queue, 0.0, None)
            self.wait((burst + 2) / rate)

    def client(self, owner: str, bucket: TokenBucket) -> PortOneClient:
        def script(_: int) -> tuple[float, Outcome]:
            return self.sent(owner, transport)

        def token(_: int) -> Outcome:
            self.granted["shared"].add(self.now)
            self.spent["shared"].add(self.now)
            self.in_flight[owner] += 1
            return reply(200, ok({"access_token": "t" * 40, "expired_at": 10**8, "now": 0}))

        def ended(place: int, outcome: Outcome | None) -> None:
            self.note_crowds()
            self.in_flight[owner] -= 1
            _, path, authorization = transport.sent[place]
            if authorization is not None:
                self.ended(self.calls[path], outcome)

        client, transport = scripted_client(
            script,
            token,
            rate_limit=bucket,
            max_in_flight=self.slots,
            timeouts=Timeouts(None, None),
            retry=RetryPolicy(backoff_initial=0.0, budget=None),
        )
        watch(transport, ended)
        return client

    def sent(self, owner: str, transport: ScriptedTransport) -> tuple[float, Outcome]:
        path = transport.sent[-1][1]
        planned = self.calls[path]
        queue = planned.queue
        self.look_for_needless_waits()
        is_first = planned in queue.fresh
        if is_first:
            if queue.fresh[0] is not planned:
                self.blame(f"{path} overtook another")
            if any(call.again_at < queue.turn_since - TICK for call in queue.open):
                self.blame(f"{path} overtook one that was sent before")
            queue.fresh.remove(planned)
        queue.open.discard(planned)
        queue.turn_since = self.now
        planned.again_at = NEVER
        self.in_flight[owner] += 1
        if self.in_flight[owner] > self.slots:
            self.blame(f"{self.in_flight[owner]} exchanges at once")
        if self.now < self.paused_until[queue.throttle]:
            self.blame(f"{path} was sent during a pause")
        if queue.throttle != "none":
            if not self.granted[queue.throttle].add(self.now):
                self.blame(f"{path} was sent beyond the rate")
            self.spent[queue.throttle].add(self.now)
        if is_first and planned.retry_after is not None:
            status = 429 if planned.retry_after == 1 else 503
            return planned.seconds, reply(status, Retry_After=str(planned.retry_after))
        return planned.seconds, reply(200, ok({}))

    def ended(self, planned: PlannedCall, outcome: Outcome | None) -> None:
        queue = planned.queue
        if not isinstance(outcome, PortOneError) and outcome is not None and outcome.status != 200:
            assert planned.retry_after is not None
            queue.open.add(planned)
            planned.again_at = self.now + planned.retry_after
            self.pause(queue.throttle, planned.retry_after)
            if queue.throttle == "none":
                self.pause("shared", planned.retry_after)

    def pause(self, throttle: str, seconds: float) -> None:
        if throttle != "none" and self.now >= self.paused_until[throttle]:
            self.spent[throttle].add(self.now)  # One pending permit may become void.
        self.paused_until[throttle] = max(self.paused_until[throttle], self.now + seconds)

    def note_crowds(self) -> None:
        """Record when all slots of an owner were in use: a queue reserves one for its first call."""
        for owner in self.in_flight:
            reserved = sum(
                bool(candidate.open) for candidate in self.queues if candidate.owner == owner
            )
            if self.in_flight[owner] + reserved > self.slots:
                self.crowded_until[owner] = self.now

    @invariant()
    def look_for_needless_waits(self) -> None:
        if not self.calls:
            return
        self.note_crowds()
        for queue in self.queues:
            if queue.fresh:
                room = self.spent[queue.throttle].has_room_at if queue.throttle in self.spent else 0
                due = max(
                    queue.fresh[0].since,
                    self.paused_until[queue.throttle],
                    self.crowded_until[queue.owner],
                    room,
                )
                if self.now > due + 2 * TICK:
                    self.blame(f"{queue.throttle}: one could have been sent at {due}")

    def started(
        self, client: PortOneClient, queue: Queue, seconds: float, retry_after: int | None
    ) -> None:
        planned = PlannedCall(queue, seconds, retry_after, self.now)
        number = str(len(self.calls))
        self.calls[f"/payments/{number}"] = planned
        queue.fresh.append(planned)
        queue.open.add(planned)
        call = Call(
            "GET", "/payments/{merchant_uid}", dict[str, Any], path={"merchant_uid": number}
        )
        planned.task = self.loop.create_task(client.call(call))
        planned.task.add_done_callback(lambda _: self.done(planned))

    def done(self, planned: PlannedCall) -> None:
        self.note_crowds()
        planned.queue.open.discard(planned)
        if planned in planned.queue.fresh:
            planned.queue.fresh.remove(planned)
            self.blame("a call ended unsent although it was not cancelled")

    @rule(
        view=st.integers(0, 4),
        count=st.integers(1, 6),
        seconds=st.sampled_from([0.0, 0.0, 0.2, 3.0]),
        retry_after=st.sampled_from([None, None, None, 1, 7]),
    )
    def call(self, view: int, count: int, seconds: float, retry_after: int | None) -> None:
        for _ in range(count):
            self.started(*self.views[view], seconds, retry_after)
        self.wait()

    @rule(data=st.data(), count=st.integers(1, 5))
    def cancel(self, data: st.DataObject, count: int) -> None:
        pending = [call for call in self.calls.values() if not call.task.done()]
        for planned in pending and data.draw(st.lists(st.sampled_from(pending), max_size=count)):
            self.note_crowds()
            if planned in planned.queue.fresh:
                planned.queue.fresh.remove(planned)
            planned.task.cancel()
        self.wait()

    @rule(seconds=st.sampled_from([0.01, 0.2, 1.0, 3.0, 10.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.wait(seconds)

    def finish(self) -> None:
        self.wait(1000)
        for planned in self.calls.values():
            assert planned.task.done(), "a call waits for ever"
            if not planned.task.cancelled() and planned.task.exception() is not None:
                assert getattr(planned.task.exception(), "status", None) in (429, 503)
        # No slot was lost: as many calls as there are slots are in flight at once.
        for _ in range(self.slots):
            self.started(*self.views[3], 3.0, None)
        self.wait()
        assert self.in_flight["one"] == self.slots


def test_queues_of_views_agree_with_the_model() -> None:
    check(QueuesMachine)
