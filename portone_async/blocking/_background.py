"""The one event loop of a process, for all of its blocking clients.

It starts with the first call of a client, and ends with the last client or with the interpreter. A
forked child has none of its parent's threads, so it begins with none, and makes its own.
"""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress

from portone_async.errors import PortOneError

from ._loop import LoopThread, User

__all__ = ("Background", "background")

# Seconds in which connections close at the exit of the interpreter; they take milliseconds unless
# an observer blocks the loop. A refund of a daemon thread ends with its next look-up, within 15
# seconds: after these it is not waited for, and reports nothing.
_EXIT_TIMEOUT = 5.0


class Background:
    """The event loop of a process, and what is open in it."""

    def __init__(self) -> None:
        # Reentrant: a client joins while it holds it.
        self.lock = threading.RLock()
        self.process = os.getpid()
        self._loop: LoopThread | None = None

    # A handler of a signal may interrupt the next two, and call them itself. It runs after a call at
    # the earliest, so it does not interrupt the statements that assign `_loop`.

    def join(self, user: User) -> LoopThread:
        """Return the loop, which runs until :meth:`leave`."""
        with self.lock:
            while True:
                loop = self._loop
                if loop is None:
                    loop = LoopThread()
                    self._loop = self._loop or loop
                loop.users.add(user)
                if self._loop is loop:
                    return loop
                loop.end()  # A handler has started another one, or ended this one.

    def leave(self, user: User) -> None:
        """End the loop if it has no other user."""
        with self.lock:
            loop = self._loop
            if loop is None:
                return
            loop.users.discard(user)
            self._loop = self._loop if loop.users or self._loop is not loop else None
            if self._loop is loop:
                return
        loop.end()

    def exit(self) -> None:
        """Close all that is still open, at the exit of the interpreter."""
        with self.lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.is_exiting = True
            loop.start(_closed(loop))
            loop.join(_EXIT_TIMEOUT)

    def abandon(self) -> None:
        """Leave all that is open to the parent of this process, whose it is."""
        if self._loop is not None:
            for user in self._loop.users:
                user.abandon()


async def _closed(loop: LoopThread) -> None:
    try:
        for user in [*loop.users]:
            with suppress(PortOneError):
                await user.close()
    finally:
        loop.stop()


_background = Background()
# Reentrant: a finalizer may run while it is held.
_renewing = threading.RLock()


def background() -> Background:
    """Return that of this process."""
    # Not by os.register_at_fork(): uWSGI forks without calling it.
    if _background.process != os.getpid():
        with _renewing:
            if _background.process != os.getpid():
                _renew()
    return _background


def _renew() -> None:
    global _background  # noqa: PLW0603 (one per process)
    _background.abandon()
    _background = Background()


def _exit() -> None:
    background().exit()


atexit.register(_exit)
