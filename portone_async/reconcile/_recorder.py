"""Record the findings and the usage of a run, and report each finding at most once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from portone_async._tasks import finish
from portone_async.errors import Attempt
from portone_async.models import UnreadablePayment

from ._threads import in_thread
from .finding import Finding
from .identity import Identity
from .store import Store

__all__ = ("Recorder",)

_BATCH = 1000
# Seconds that a finding waits for others, so that one transaction stores them all: a transaction
# for each, with its hand-overs between threads, costs more than the look-up. A kill loses the
# findings of this time, and they are looked up again.
_INTERVAL = 0.05
_MOST_WAITING = 100
# Seconds: the usage that a kill may lose.
_USAGE_INTERVAL = 1.0


class Recorder:
    """The store of a run, its usage, and the caller's ``on_finding`` and ``on_matched``."""

    def __init__(
        self,
        store: Store,
        on_finding: Callable[[Finding], object] | None,
        on_matched: Callable[[int], object] | None = None,
    ) -> None:
        self.store = store
        self._on_finding = on_finding
        self._on_matched = on_matched
        self._requests = 0
        self._retries = 0
        self._saved_at = time.monotonic()
        self._collected: list[Finding] = []
        self.due: float | None = None
        """When collected findings must be recorded, on the loop's clock; ``None`` without any."""

    def count(self, attempt: Attempt) -> None:
        """Count an attempt of a request."""
        self._requests += 1
        self._retries += attempt.number > 1

    async def record(self, findings: Sequence[Finding]) -> None:
        """Record findings, then report them."""
        if findings:
            await finish(self._record(findings))
            await self.save_usage()

    async def record_soon(self, findings: Iterable[Finding]) -> None:
        """Record findings together with the next ones; call :meth:`record_rest` when it is due."""
        now = asyncio.get_running_loop().time()
        if self.due is None:
            self.due = now + _INTERVAL
        self._collected += findings
        if len(self._collected) >= _MOST_WAITING or now >= self.due:
            await self.record_rest()

    async def record_rest(self) -> None:
        """Record the findings that :meth:`record_soon` has collected."""
        findings, self._collected, self.due = self._collected, [], None
        await self.record(findings)

    async def _record(self, findings: Sequence[Finding]) -> None:
        await in_thread(self.store.record, findings)
        self._report(findings)

    async def match(self) -> None:
        """Record the findings of orders that plainly match their payment, then report them."""
        after: int | None = 0
        while after is not None:
            after = await finish(self._match(after))
            await self.save_usage()

    async def _match(self, after: int) -> int | None:
        """Match the orders after a position; return the last position, or ``None`` at the end."""
        orders = await in_thread(self.store.match, after=after)
        if orders is None:
            return None
        if self._on_matched is not None:
            self._on_matched(await in_thread(self.store.count_matched, orders))
        elif self._on_finding is not None:
            await self._report_all(self.store.matched_findings(orders))
        return orders.until

    async def record_unreadable(self, payment: UnreadablePayment, error: str) -> None:
        """Record the finding of a payment that cannot be read, then report it."""
        await finish(self._record_unreadable(payment, error))

    async def _record_unreadable(self, payment: UnreadablePayment, error: str) -> None:
        self._report([await in_thread(self.store.record_unreadable, payment, error)])

    async def identify(self, identity: Identity) -> None:
        """Store the identity of a run, then report the findings made while its orders loaded."""
        await finish(self._identify(identity))

    async def _identify(self, identity: Identity) -> None:
        await in_thread(self.store.set_identity, identity)
        await self._report_all(self.store.findings())

    async def _report_all(self, findings: Iterator[Finding]) -> None:
        while batch := await in_thread(lambda: list(islice(findings, _BATCH))):
            self._report(batch)

    def _report(self, findings: Sequence[Finding]) -> None:
        if self._on_finding is not None:
            for finding in findings:
                self._on_finding(finding)

    async def save_usage(self, *, is_last: bool = False) -> None:
        """Store the usage once a second, so that a killed run has most of it, and at the end."""
        # Read before the thread starts: meanwhile requests continue, and other tasks save too.
        now = time.monotonic()
        if not is_last and now - self._saved_at < _USAGE_INTERVAL:
            return
        requests, retries, seconds = self._requests, self._retries, now - self._saved_at
        self._requests, self._retries, self._saved_at = 0, 0, now
        await in_thread(self.store.add_usage, requests=requests, retries=retries, seconds=seconds)
