"""Let one task at a time work on something that has a name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from portone_async.throttle._semaphore import FairSemaphore

__all__ = ("NamedLocks",)


class NamedLocks:
    """One lock per name, in the order of arrival. An unused lock is dropped."""

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[None]:
        """Hold the lock of ``name`` during the block."""
        lock = self._locks.setdefault(name, _Lock())
        lock.users += 1
        try:
            await lock.semaphore.acquire()
            try:
                yield
            finally:
                lock.semaphore.release()
        finally:
            lock.users -= 1
            if lock.users == 0:
                del self._locks[name]


class _Lock:
    __slots__ = ("semaphore", "users")

    def __init__(self) -> None:
        self.semaphore = FairSemaphore(1)
        self.users = 0
        """The tasks that hold it or wait for it."""
