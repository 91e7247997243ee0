"""Keep what a run finds and what it costs, and report each finding once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from portone_async.errors import Attempt

from .finding import Finding
from .store import Store

__all__ = ("Recorder", "in_thread")

P = ParamSpec("P")
T = TypeVar("T")


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
        if not findings:
            return
        await in_thread(self.store.record, findings)
        await self.save_effort()
        self.report(findings)

    def report(self, findings: Sequence[Finding]) -> None:
        """Call ``on_finding`` with findings that are recorded."""
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
