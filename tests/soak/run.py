"""A soak from its beginning to its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle
from random import Random
from time import monotonic

from msgspec import Struct

from portone_async import (
    Attempt,
    PortOneClient,
    RateLimit,
    RetryPolicy,
    Throttle,
    Timeouts,
    TokenBucket,
)

from .gauges import Gauge, gauge, growth
from .load import HUNG, Load, Till
from .tally import Tally
from .truth import Truth
from .world import IMP_KEY, IMP_SECRET, World

__all__ = ("Plan", "soak")

MOST_GROWTH = 8.0
"""Megabytes by which memory may differ between the beginning and the end of a warm run, however
long it is: what allocator and pools leave over. Half an hour of a leak of 60 bytes a call is more."""
_LINE_EVERY = 10.0
_BURST = 10
# So few that a leak of them is soon felt, by calls that never end.
_IN_FLIGHT = 16


class Plan(Struct, frozen=True, kw_only=True):
    """What is run."""

    seed: int
    seconds: float
    orders: int = 3000
    workers: int = 50
    rate: float = 200.0
    """Requests a second at most, of all clients together."""
    pace: float = 1.0
    """How fast the weather changes, clients are replaced and the server is restarted."""
    plant: str | None = None
    """A lie of the server's, for tests of the soak itself."""
    settled: float = 15.0
    """Seconds in which everything must be given back when it is over."""
    on_attempt: Callable[[Attempt], object] | None = None


async def soak(plan: Plan, tell: Callable[[str], object]) -> Tally:
    """Run it; what must not be is in the tally's ``faults``."""
    truth = Truth(plan.seed, plan.orders, monotonic())
    world = World(truth, pace=plan.pace, plant=plan.plant)
    run = _Run(plan, truth, world, tell)
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    # As "Task exception was never retrieved": an error that nobody was told.
    loop.set_exception_handler(lambda _, lost: run.tally.blame("lost", repr(lost)))
    try:
        await world.start()
        await run.live()
    finally:
        await world.stop()
        loop.set_exception_handler(handler)
    run.tally.starts = world.starts
    run.line()
    for offence in run.tally.offences:
        tell(f"seed {plan.seed}: {offence}")
    return run.tally


class _Permits(TokenBucket):
    """A throttle for all clients, which counts."""

    given = 0

    async def acquire(self, *, priority: bool = False) -> None:
        await super().acquire(priority=priority)
        self.given += 1


class _Run:
    def __init__(
        self, plan: Plan, truth: Truth, world: World, tell: Callable[[str], object]
    ) -> None:
        self._plan = plan
        self._truth = truth
        self._world = world
        self._tell = tell
        self._random = Random(f"{plan.seed}/run")
        self._ended = asyncio.Event()
        self._began_at = monotonic()
        self._gauge = gauge()
        self._rss: list[float] = []
        self.tally = Tally()

    async def live(self) -> None:
        before = gauge()
        throttle = _Permits(RateLimit(self._plan.rate, _BURST))
        # One at either place that lives through it all, and one that is closed every few seconds.
        lasting = [self._till([url], throttle) for url in self._world.urls]
        passing = self._till(self._world.urls, throttle)
        tills = [*lasting, passing]
        load = Load(self._truth, tills, self.tally)
        self._began_at = monotonic()
        beside = [
            asyncio.create_task(each)
            for each in (self._restart(), self._replace(passing), self._watch())
        ]
        workers = [asyncio.create_task(load.work(i)) for i in range(self._plan.workers)]
        await asyncio.sleep(self._plan.seconds)
        load.is_over = True
        _, hung = await asyncio.wait(workers, timeout=HUNG + self._plan.settled)
        self._ended.set()
        await asyncio.gather(*beside)
        if hung:
            self.tally.blame("hung", f"{len(hung)} calls never ended")
        await self._world.calm_down()
        if not self._plan.plant:
            await load.recover(50, HUNG)
        elapsed = monotonic() - self._began_at
        for till in tills:
            await till.client.close()
        await self._settle(before)
        self._judge(elapsed, throttle.given)

    def _till(self, urls: Sequence[str], throttle: Throttle) -> Till:
        places = cycle(urls)

        def make() -> PortOneClient:
            return PortOneClient(
                IMP_KEY,
                IMP_SECRET,
                base_url=next(places),
                rate_limit=throttle,
                max_in_flight=_IN_FLIGHT,
                retry=RetryPolicy(backoff_initial=0.05, backoff_max=0.5, retry_after_max=2.0),
                timeouts=Timeouts(total=4.0, attempt=1.0, connect=1.0),
                on_attempt=self._plan.on_attempt,
            )

        return Till(make)

    async def _restart(self) -> None:
        """Take the server away, now in good order, now in the middle, and bring it back."""
        while not await self._is_over_in(self._random.uniform(15.0, 40.0)):
            await self._world.stop(kill=self._random.random() < 0.5)
            await self._is_over_in(self._random.uniform(0.0, 2.0))
            await self._world.start()

    async def _replace(self, till: Till) -> None:
        while not await self._is_over_in(self._random.uniform(4.0, 12.0)):
            await till.replace()

    async def _is_over_in(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds / self._plan.pace):
                await self._ended.wait()
        return self._ended.is_set()

    async def _watch(self) -> None:
        """Look at the process a hundred times or once a second, and tell every ten seconds."""
        every = min(1.0, self._plan.seconds / 100)
        told_at = monotonic()
        while not self._ended.is_set():
            self._gauge = gauge()
            self._rss.append(self._gauge.rss)
            if monotonic() - told_at >= _LINE_EVERY:
                told_at += _LINE_EVERY
                self.line()
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self._ended.wait()

    async def _settle(self, before: Gauge) -> None:
        """Wait until everything is given back that was taken since ``before``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.settled):
                while self._left(before) != (0, 0):
                    await asyncio.sleep(0.05)
        tasks, descriptors = self._left(before)
        if tasks or descriptors:
            self.tally.blame("left over", f"{tasks} tasks, {descriptors} descriptors")

    def _left(self, before: Gauge) -> tuple[int, int]:
        self._gauge = now = gauge()
        # Fewer than before may be others' that are collected meanwhile.
        return max(0, now.tasks - before.tasks), max(0, now.descriptors - before.descriptors)

    def _judge(self, elapsed: float, permits: int) -> None:
        grown = growth(self._rss)
        if grown > MOST_GROWTH:
            self.tally.blame("memory", f"{grown:.1f} MB more at the end than after the warm-up")
        requests = self._world.told.requests
        most = self._plan.rate * elapsed + _BURST
        if not requests <= permits <= most:
            self.tally.blame("rate", f"{requests} requests, {permits} permits, {most:.0f} allowed")

    def line(self) -> None:
        """Tell how it stands."""
        tally, now, told = self.tally, self._gauge, self._world.told
        failed = " ".join(f"{name}={count}" for name, count in tally.failed.most_common())
        faults = dict(tally.faults)
        wrong, missing = faults.pop("wrong answer", 0), faults.pop("false missing", 0)
        self._tell(
            f"{monotonic() - self._began_at:6.0f} s  calls {tally.calls}  answers {tally.answers}"
            f"  failed {tally.failed.total()} ({failed})  cancelled {tally.cancelled}"
            f"  timed out {tally.timed_out}  wrong {wrong}  false missing {missing}"
            f"  other faults {faults or 0}  requests {told.requests}  tokens {told.tokens}"
            f"  server faults {sum(told.faults.values())}  starts {self._world.starts}"
            f"  RSS {now.rss:.1f} MB ({growth(self._rss):+.1f})  fds {now.descriptors}"
            f"  tasks {now.tasks}  p50 {tally.durations.quantile(0.5):.3f} s"
            f"  p99 {tally.durations.quantile(0.99):.3f} s"
        )
