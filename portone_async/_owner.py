"""Ownership by an event loop: connections, timers and queues work in one loop only."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

from .errors import WrongLoopError

__all__ = ("LoopOwner",)


class LoopOwner:
    """The event loop, and the process, of an object's first use."""

    __slots__ = ("_claiming", "_thread", "_what", "loop", "process")

    def __init__(self, what: str) -> None:
        self._what = what
        self._claiming = threading.Lock()
        self._thread = ""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.process = 0

    def is_running(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether the owner is ``loop``, which is running, in the process that claimed it."""
        return self.loop is loop and self.process == os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether the owner is the running loop, in the process that claimed it."""
        return self.is_running(asyncio.get_running_loop())

    @property
    def is_gone(self) -> bool:
        """Whether the owner can never run again in this process."""
        return self.loop is not None and (self.loop.is_closed() or self.process != os.getpid())

    @contextmanager
    def claim(self, *, after_closed: bool = False) -> Generator[None]:
        """Make the running loop the owner, once the block has ended without an error.

        Atomic: of several threads that claim at the same time only one enters the block, and the
        others are refused. Nothing waits for the lock, so that no thread can hang here, nor a
        child that was forked while another thread held it.

        Args:
            after_closed: Whether the running loop may replace an owner that is closed.

        Raises:
            WrongLoopError: Another loop is the owner, or is becoming it.
        """
        is_alone = self._claiming.acquire(blocking=False)
        try:
            is_free = self.loop is None or (after_closed and self.loop.is_closed())
            if not is_alone or not is_free:
                raise self.refusal()
            yield
            self.process, self._thread = os.getpid(), threading.current_thread().name
            self.loop = asyncio.get_running_loop()
        finally:
            if is_alone:
                self._claiming.release()

    def refusal(self) -> WrongLoopError:
        """Return the error for a use outside of the owner."""
        if self.loop is not None and self.process != os.getpid():
            return WrongLoopError(
                f"{self._what} was used before the process forked, and is the parent's; "
                "make one in each process"
            )
        if self.loop is not None and self.loop.is_closed():
            return WrongLoopError(
                f"{self._what} belongs to another event loop, which is closed (an earlier "
                "asyncio.run(), perhaps), and cannot move to a second one"
            )
        where = f" (of thread {self._thread!r})" if self._thread else ""
        return WrongLoopError(
            f"{self._what} belongs to another event loop{where}, and cannot move to a second one"
        )
