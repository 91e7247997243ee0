"""The one event loop of a process, for all of its blocking clients.

It starts with the first call of a client, and ends with the last client or with the interpreter. A
forked child has none of its parent's threads, so it begins with none, and makes its own.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol

from portone_async.errors import PortOneError

from ._loop import LoopThread

__all__ = ("Background", "background")

# Seconds in which connections close at the exit of the interpreter; they take milliseconds unless
# an observer blocks the loop.
_EXIT_TIMEOUT = 5.0


class _Closable(Protocol):
    def close(self) -> Awaitable[None]: ...


class Background:
    """The event loop of a process, and what is open in it."""

    def __init__(self) -> None:
        # Reentrant: a client joins while it holds it.
        self.lock = threading.RLock()
        self._open: set[_Closable] = set()
        self._loop: LoopThread | None = None

    def join(self, client: _Closable) -> LoopThread:
        """Return the loop, which runs until :meth:`leave`."""
        with self.lock:
            if self._loop is None:
                self._loop = LoopThread()
            self._open.add(client)
            return self._loop

    def leave(self, client: _Closable) -> None:
        """End the loop if no other client is open."""
        with self.lock:
            self._open.discard(client)
            if self._open or self._loop is None:
                return
            loop, self._loop = self._loop, None
        loop.stop(timeout=None)

    def exit(self) -> None:
        """Close all clients that are still open, at the exit of the interpreter."""
        with self.lock:
            clients, loop = [*self._open], self._loop
            self._open.clear()
            self._loop = None
        if loop is not None:
            loop.start(_closed(clients, loop))
            loop.join(_EXIT_TIMEOUT)


async def _closed(clients: list[_Closable], loop: LoopThread) -> None:
    try:
        for client in clients:
            with suppress(PortOneError):
                await client.close()
    finally:
        loop.stop(timeout=None)


_background = Background()


def background() -> Background:
    """Return that of this process."""
    return _background


def _renew() -> None:
    global _background  # noqa: PLW0603 (one per process)
    _background = Background()


def _exit() -> None:
    _background.exit()


atexit.register(_exit)
if hasattr(os, "register_at_fork"):  # Not on Windows, which cannot fork.
    os.register_at_fork(after_in_child=_renew)
