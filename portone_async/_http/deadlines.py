"""Deadlines of tasks, as ``asyncio.timeout_at`` sets them, but with one timer for all.

A timer for each call would cost 5 % more instructions per look-up (benchmarks/instructions.py).
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType

__all__ = ("Deadline", "Deadlines")


class Deadlines:
    """The deadlines of one event loop.

    Most are never reached. So there is one timer, for the earliest; when it fires, it is set for
    the earliest of those that are left.
    """

    __slots__ = ("_fires_at", "_loop", "_pending", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pending: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    def at(self, time: float | None) -> Deadline:
        """Return a context that raises ``TimeoutError`` at a time on the loop's clock."""
        return Deadline(self, inf if time is None else time)

    def expire(self) -> None:
        """End every context that is open now, as if its time had come."""
        for deadline in self._pending:
            if not deadline.is_expired:
                deadline.expire()

    def close(self) -> None:
        """Cancel the timer, unless a deadline is still pending."""
        if self._timer is not None and not self._pending:
            self._timer.cancel()
            self._timer, self._fires_at = None, inf

    def _add(self, deadline: Deadline) -> None:
        self._pending.add(deadline)
        if deadline.until < self._fires_at:
            self._set(deadline.until)

    def _set(self, fires_at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(fires_at, self._fire)
        self._fires_at = fires_at

    def _fire(self) -> None:
        # The time that was set, not the clock's: a timer may fire a tick early.
        now = self._fires_at
        self._timer, self._fires_at = None, inf
        earliest = inf
        for deadline in self._pending:
            if deadline.until > now:
                earliest = min(earliest, deadline.until)
            elif not deadline.is_expired:
                deadline.expire()
        if earliest < inf:
            self._set(earliest)


class Deadline:
    """A context that cancels the task inside it at a time, and then raises ``TimeoutError``."""

    __slots__ = ("_cancelling", "_deadlines", "_task", "is_expired", "until")

    def __init__(self, deadlines: Deadlines, until: float) -> None:
        self._deadlines = deadlines
        self.until = until
        self.is_expired = False
        """Whether the time has come, and the task was cancelled."""

    def expire(self) -> None:
        """Cancel the task."""
        self.is_expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task(self._deadlines._loop)
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines._add(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadlines._pending.discard(self)
        # A cancellation from elsewhere, before or meanwhile, must not be swallowed.
        if (
            self.is_expired
            and self._task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error
