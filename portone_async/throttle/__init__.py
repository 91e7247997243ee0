"""Rate limiting: how many requests may start per second.

:class:`Throttle` is the protocol, :class:`TokenBucket` the limit within one process,
``SharedTokenBucket`` of :mod:`portone_async.throttle.valkey` that of several. Below them
``FairSemaphore`` keeps waiters in order; it bounds the requests in flight as well.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, runtime_checkable

from aiolimiter import AsyncLimiter

from portone_async._owner import LoopOwner
from portone_async.policy import RateLimit

from ._pause import Pause
from ._semaphore import FairSemaphore

__all__ = ("Throttle", "TokenBucket", "Unthrottled")


@runtime_checkable
class Throttle(Protocol):
    """Limits the rate of requests. :class:`TokenBucket` is one; any other can be plugged in.

    One object passed to several clients is one limit for all of them. A client closes only the
    throttle that it made from a :class:`RateLimit`: close one that you pass in yourself, after
    all of its clients.
    """

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for a permit to start one request. When cancelled here, use up no permit.

        Args:
            priority: The permit is for the fetch of a token, which the calls in the queue wait
                for: it may go before them. A throttle may ignore it; then they wait longer.
        """

    async def pause(self, seconds: float) -> None:
        """Grant no permit for ``seconds``: the server requests it. Pauses do not add up.

        The call that received the request waits for this, but no longer than for ``seconds``.
        Exceptions are logged and otherwise ignored: its outcome is known already.
        """

    async def close(self) -> None:
        """Release what the throttle holds, such as the connections of a shared one."""


class Unthrottled:
    """No limit on the rate: only the pauses that a server requests."""

    def __init__(self) -> None:
        self._pause = Pause()

    async def acquire(self, *, priority: bool = False) -> None:  # noqa: ARG002 (there is no queue)
        """Wait until a pause that the server requested is over."""
        await self._pause.wait()

    def has_capacity(self) -> bool:
        """Return whether :meth:`acquire` would return without waiting."""
        return not self._pause.is_active()

    async def acquire_available(self) -> None:
        """Do nothing: right after :meth:`has_capacity` there is nothing to wait for."""

    async def pause(self, seconds: float) -> None:
        """Grant no permit for ``seconds``."""
        self._pause.extend(seconds)

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""


class TokenBucket:
    """At most ``rate * T + burst`` permits in any T seconds, first come, first served.

    It counts within one event loop, and in another one only after the first is closed; until then
    it raises :class:`WrongLoopError` there. Pass one object to all clients that share a limit.
    """

    def __init__(self, rate_limit: RateLimit) -> None:
        self.rate_limit = rate_limit
        """The limit that it enforces."""
        self._pause = Pause()
        self._owner = LoopOwner("this TokenBucket")
        self._limiter: AsyncLimiter
        self._queue: FairSemaphore

    def __repr__(self) -> str:
        return f"TokenBucket({self.rate_limit!r})"

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for a permit to start one request; ``priority`` goes before all other waiters."""
        if asyncio.get_running_loop() is not self._owner.loop:
            await self._bind()
        # Only one task at a time is inside AsyncLimiter: left to itself it wakes waiters too
        # early after a busy loop and sends them to the end of its queue.
        if not self._queue.acquire_nowait():
            await self._queue.acquire(priority=priority)
        try:
            while True:
                if self._pause.is_active():
                    await self._pause.wait()
                await self._limiter.acquire()
                if not self._pause.is_active():
                    return
                # A pause began while this permit was waited for: the permit is void.
        finally:
            self._queue.release()

    def has_capacity(self) -> bool:
        """Return whether :meth:`acquire` would return without waiting."""
        return (
            asyncio.get_running_loop() is self._owner.loop
            and not self._queue.locked()
            and not self._pause.is_active()
            and self._limiter.has_capacity()
        )

    async def acquire_available(self) -> None:
        """Acquire the permit that :meth:`has_capacity` found, with no await in between.

        It saves about 1 % of the instructions of a look-up: little, but with it a look-up executes
        no more of them than bare aiohttp.
        """
        await self._limiter.acquire()

    async def pause(self, seconds: float) -> None:
        """Grant no permit for ``seconds``."""
        self._pause.extend(seconds)

    async def close(self) -> None:
        """Do nothing: a bucket in memory holds nothing to release."""

    async def _bind(self) -> None:
        burst = self.rate_limit.burst
        with self._owner.claim(after_closed=True):
            # AsyncLimiter(max_rate, period) grants max_rate permits at once and as many again
            # within the period, so max_rate is the burst here, not the calls of a second.
            self._limiter = AsyncLimiter(burst, burst / self.rate_limit.rate)
            self._queue = FairSemaphore(1)
            if self._owner.loop is not None:
                # The previous loop may have used up the burst a moment ago. The new limiter is
                # empty, so this does not wait.
                await self._limiter.acquire(burst)
