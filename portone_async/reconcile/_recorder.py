"""Keep what a run finds and what it costs, and report each finding once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from itertools import islice
from typing import Any, ParamSpec, TypeVar

from portone_async.errors import Attempt
from portone_async.models import UnreadablePayment

from .finding import Finding
from .identity import Identity
from .store import Store

__all__ = ("Recorder", "in_thread")

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE = 1000


class Recorder:
    """The store of a run, its effort, and the caller's ``on_finding``."""

    def __init__(self, store: Store, on_finding: Callable[[Finding], object] | None) -> None:
        self.store = store
        self._on_finding = on_finding
        self._requests = 0
        self._retries = 0
        self._saved_at = time.monotonic()

    def count(self, attempt: Attempt) -> None:
        """Count an attempt of a request."""
        self._requests += 1
        self._retries += attempt.number > 1

    async def keep(self, findings: Sequence[Finding]) -> None:
        """Record findings, then report them."""
        if findings:
            await _to_its_end(self._keep(findings))
            await self.save_effort()

    async def _keep(self, findings: Sequence[Finding]) -> None:
        await in_thread(self.store.record, findings)
        self._report(findings)

    async def keep_unreadable(self, payment: UnreadablePayment, error: str) -> None:
        """Record the finding of a payment that cannot be read, then report it."""
        await _to_its_end(self._keep_unreadable(payment, error))

    async def _keep_unreadable(self, payment: UnreadablePayment, error: str) -> None:
        self._report([await in_thread(self.store.record_unreadable, payment, error)])

    async def identify(self, identity: Identity) -> None:
        """Begin a run whose orders are all kept, and report what they gave findings for."""
        await _to_its_end(self._identify(identity))

    async def _identify(self, identity: Identity) -> None:
        await in_thread(self.store.identify, identity)
        findings = self.store.findings()
        while batch := await in_thread(lambda: list(islice(findings, _AT_ONCE))):
            self._report(batch)

    def _report(self, findings: Sequence[Finding]) -> None:
        if self._on_finding is not None:
            for finding in findings:
                self._on_finding(finding)

    async def save_effort(self) -> None:
        """Record what was spent since the last time, so that a killed run has most of it."""
        # Taken here and not in the thread: requests go on, and others save at the same time.
        now = time.monotonic()
        requests, retries, seconds = self._requests, self._retries, now - self._saved_at
        self._requests, self._retries, self._saved_at = 0, 0, now
        await in_thread(self.store.add_effort, requests=requests, retries=retries, seconds=seconds)


async def in_thread(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run a blocking step beside the event loop."""
    return await asyncio.to_thread(function, *args, **options)


async def _to_its_end(step: Coroutine[Any, Any, None]) -> None:
    """Finish a step before a cancellation counts: what it recorded is reported, too."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
