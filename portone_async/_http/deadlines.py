"""Times until which tasks may wait: as ``asyncio.timeout_at``, with one timer for all of them."""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType

__all__ = ("Deadline", "Deadlines")


class Deadlines:
    """The deadlines of one event loop.

    Most are never reached, so a timer for each would be made to be thrown away. One is set here
    for the earliest; when it rings, it is set for the earliest of those that are left.
    """

    __slots__ = ("_loop", "_rings_at", "_running", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = inf

    def at(self, until: float | None) -> Deadline:
        """Make a context that ends with ``TimeoutError`` at this time of the loop's clock."""
        return Deadline(self, inf if until is None else until)

    def close(self) -> None:
        """Let the timer go, unless a deadline still runs."""
        if self._timer is not None and not self._running:
            self._timer.cancel()
            self._timer, self._rings_at = None, inf

    def _add(self, deadline: Deadline) -> None:
        self._running.add(deadline)
        if deadline.until < self._rings_at:
            self._set(deadline.until)

    def _set(self, rings_at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(rings_at, self._ring)
        self._rings_at = rings_at

    def _ring(self) -> None:
        # Not by the clock: a timer may be a tick early.
        now = self._rings_at
        self._timer, self._rings_at = None, inf
        next_one = inf
        for deadline in self._running:
            if deadline.until > now:
                next_one = min(next_one, deadline.until)
            elif not deadline.is_over:
                deadline.end()
        if next_one < inf:
            self._set(next_one)


class Deadline:
    """One of them; a context of the task that enters it."""

    __slots__ = ("_cancelling", "_deadlines", "_task", "is_over", "until")

    def __init__(self, deadlines: Deadlines, until: float) -> None:
        self._deadlines = deadlines
        self.until = until
        self.is_over = False
        """Whether it has cut its task short."""

    def end(self) -> None:
        """Cut the task short."""
        self.is_over = True
        self._task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
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
        self._deadlines._running.discard(self)
        # Somebody else's cancellation, before or meanwhile, is not ours to swallow.
        if (
            self.is_over
            and self._task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error
