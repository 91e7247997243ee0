"""Run a soak: start the server, make calls, judge the process at the end."""

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

from .load import HUNG, ClientSlot, Load
from .lookups import FALSE_MISSING, WRONG
from .metrics import Metrics, growth, measure
from .oracle import Oracle
from .server_process import IMP_KEY, IMP_SECRET, ServerProcess
from .tally import Tally

__all__ = ("Plan", "soak")

MAX_GROWTH = 8.0
"""Megabytes that allocator and pools may add after the warm-up. A leak of 60 bytes a call exceeds
them in half an hour."""
_REPORT_SECONDS = 10.0
_BURST = 10
# Few, so that leaked slots soon make calls hang.
_IN_FLIGHT = 16


class Plan(Struct, frozen=True, kw_only=True):
    """The options of a soak."""

    seed: int
    seconds: float
    orders: int = 3000
    workers: int = 50
    rate: float = 200.0
    """Requests a second at most, over all clients."""
    pace: float = 1.0
    """Factor on how often phases change, clients are replaced and the server restarts."""
    lie: str | None = None
    """A key of :data:`.fault_schedule.LIES`, for tests of the soak itself."""
    settled: float = 15.0
    """Seconds after the end within which all resources must be released."""
    on_attempt: Callable[[Attempt], object] | None = None


async def soak(plan: Plan, report: Callable[[str], object]) -> Tally:
    """Run a soak, and return its tally with the ``violations``."""
    oracle = Oracle(plan.seed, plan.orders, monotonic())
    server = ServerProcess(oracle, pace=plan.pace, lie=plan.lie)
    run = _Run(plan, oracle, server, report)
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    # Such as "Task exception was never retrieved".
    loop.set_exception_handler(lambda _, lost: run.tally.add_violation("lost", repr(lost)))
    try:
        await server.start()
        await run.live()
    finally:
        await server.stop()
        loop.set_exception_handler(handler)
    run.tally.starts = server.starts
    run.report_line()
    for example in run.tally.examples:
        report(f"seed {plan.seed}: {example}")
    return run.tally


class _Permits(TokenBucket):
    """A throttle for all clients that counts its permits."""

    granted = 0

    async def acquire(self, *, priority: bool = False) -> None:
        await super().acquire(priority=priority)
        self.granted += 1


class _Run:
    def __init__(
        self, plan: Plan, oracle: Oracle, server: ServerProcess, report: Callable[[str], object]
    ) -> None:
        self._plan = plan
        self._oracle = oracle
        self._server = server
        self._report = report
        self._random = Random(f"{plan.seed}/run")
        self._ended = asyncio.Event()
        self._began_at = monotonic()
        self._metrics = measure()
        self._rss: list[float] = []
        self.tally = Tally()

    async def live(self) -> None:
        before = measure()
        throttle = _Permits(RateLimit(self._plan.rate, _BURST))
        # One client for each URL that lasts to the end, and one that is closed every few seconds.
        lasting = [self._slot([url], throttle) for url in self._server.urls]
        passing = self._slot(self._server.urls, throttle)
        slots = [*lasting, passing]
        load = Load(self._oracle, slots, self.tally)
        self._began_at = monotonic()
        background_tasks = [
            asyncio.create_task(background)
            for background in (self._restart(), self._replace(passing), self._watch())
        ]
        workers = [asyncio.create_task(load.work(i)) for i in range(self._plan.workers)]
        await asyncio.sleep(self._plan.seconds)
        load.is_over = True
        _, hung = await asyncio.wait(workers, timeout=HUNG + self._plan.settled)
        self._ended.set()
        await asyncio.gather(*background_tasks)
        if hung:
            self.tally.add_violation("hung", f"{len(hung)} calls never ended")
        await self._server.calm_down()
        if not self._plan.lie:
            await load.recover(50, HUNG)
        elapsed = monotonic() - self._began_at
        for slot in slots:
            await slot.client.close()
        await self._settle(before)
        self._judge(elapsed, throttle.granted)

    def _slot(self, urls: Sequence[str], throttle: Throttle) -> ClientSlot:
        base_urls = cycle(urls)

        def make() -> PortOneClient:
            return PortOneClient(
                IMP_KEY,
                IMP_SECRET,
                base_url=next(base_urls),
                rate_limit=throttle,
                max_in_flight=_IN_FLIGHT,
                retry=RetryPolicy(backoff_initial=0.05, backoff_max=0.5, retry_after_max=2.0),
                timeouts=Timeouts(total=4.0, attempt=1.0, connect=1.0),
                on_attempt=self._plan.on_attempt,
            )

        return ClientSlot(make)

    async def _restart(self) -> None:
        """Stop the server, in good order or by a kill, and start it again."""
        while not await self._is_over_in(self._random.uniform(15.0, 40.0)):
            await self._server.stop(kill=self._random.random() < 0.5)
            await self._is_over_in(self._random.uniform(0.0, 2.0))
            await self._server.start()

    async def _replace(self, slot: ClientSlot) -> None:
        while not await self._is_over_in(self._random.uniform(4.0, 12.0)):
            await slot.replace()

    async def _is_over_in(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds / self._plan.pace):
                await self._ended.wait()
        return self._ended.is_set()

    async def _watch(self) -> None:
        """Measure the process a hundred times, or once a second; report every ten seconds."""
        every = min(1.0, self._plan.seconds / 100)
        reported_at = monotonic()
        while not self._ended.is_set():
            self._metrics = measure()
            self._rss.append(self._metrics.rss)
            if monotonic() - reported_at >= _REPORT_SECONDS:
                reported_at += _REPORT_SECONDS
                self.report_line()
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self._ended.wait()

    async def _settle(self, before: Metrics) -> None:
        """Wait until all resources acquired since ``before`` are released."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.settled):
                while self._left(before) != (0, 0):
                    await asyncio.sleep(0.05)
        tasks, descriptors = self._left(before)
        if tasks or descriptors:
            self.tally.add_violation("left over", f"{tasks} tasks, {descriptors} descriptors")

    def _left(self, before: Metrics) -> tuple[int, int]:
        self._metrics = now = measure()
        # A negative difference is garbage from before that was collected meanwhile.
        return max(0, now.tasks - before.tasks), max(0, now.descriptors - before.descriptors)

    def _judge(self, elapsed: float, permits: int) -> None:
        grown = growth(self._rss)
        if grown > MAX_GROWTH:
            self.tally.add_violation(
                "memory", f"{grown:.1f} MB more at the end than after the warm-up"
            )
        requests = self._server.counters.requests
        most = self._plan.rate * elapsed + _BURST
        if not requests <= permits <= most:
            self.tally.add_violation(
                "rate", f"{requests} requests, {permits} permits, {most:.0f} allowed"
            )

    def report_line(self) -> None:
        """Report the current figures."""
        tally, now, server = self.tally, self._metrics, self._server.counters
        failed = " ".join(f"{name}={count}" for name, count in tally.failed.most_common())
        violations = dict(tally.violations)
        wrong, missing = violations.pop(WRONG, 0), violations.pop(FALSE_MISSING, 0)
        self._report(
            f"{monotonic() - self._began_at:6.0f} s  calls {tally.calls}  answers {tally.answers}"
            f"  failed {tally.failed.total()} ({failed})  cancelled {tally.cancelled}"
            f"  timed out {tally.timed_out}  wrong {wrong}  false missing {missing}"
            f"  other violations {violations or 0}  requests {server.requests}  tokens {server.tokens}"
            f"  server faults {sum(server.faults.values())}  starts {self._server.starts}"
            f"  RSS {now.rss:.1f} MB ({growth(self._rss):+.1f})  fds {now.descriptors}"
            f"  tasks {now.tasks}  p50 {tally.durations.quantile(0.5):.3f} s"
            f"  p99 {tally.durations.quantile(0.99):.3f} s"
        )
