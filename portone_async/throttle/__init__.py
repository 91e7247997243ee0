"""How many requests may start, and how many may be under way. In order, and cheap to wait for."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, runtime_checkable

from aiolimiter import AsyncLimiter

from portone_async._owner import LoopOwner
from portone_async.policy import RateLimit

from ._semaphore import Gate

__all__ = ("Throttle", "TokenBucket", "Unthrottled")


@runtime_checkable
class Throttle(Protocol):
    """What bounds the rate of requests. Ours is :class:`TokenBucket`; any other may be plugged in.

    One object given to several clients is one limit for all of them.
    """

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for the permit to start one request. Whoever is cancelled here has taken none.

        Args:
            priority: Requested by the fetch of a token, which the calls in the queue wait for: it
                may go before them. A throttle may ignore it; then they wait longer.
        """

    def pause(self, seconds: float) -> None:
        """Give no permit for so long: the server asked for it. Pauses do not add up."""


class Unthrottled:
    """No bound on the rate; only the pauses that a server asks for."""

    def __init__(self) -> None:
        self._paused_until = 0.0

    async def acquire(self, *, priority: bool = False) -> None:  # noqa: ARG002 (there is no queue)
        """Wait while the server has asked for a pause."""
        loop = asyncio.get_running_loop()
        # Slept again where the pause was prolonged meanwhile, which is rare.
        while (wait := self._paused_until - loop.time()) > 0:  # noqa: ASYNC110 (see above)
            await asyncio.sleep(wait)

    def acquire_nowait(self) -> bool:
        """Take a permit if there is one, and tell whether there was."""
        # Most never meet a pause, and need not ask the clock.
        return not self._paused_until or self._paused_until <= asyncio.get_running_loop().time()

    def pause(self, seconds: float) -> None:
        """Give no permit for so long."""
        now = asyncio.get_running_loop().time()
        self._paused_until = max(self._paused_until, now + seconds)


class TokenBucket:
    """At most ``rate * T + burst`` permits in any T seconds, first come, first served.

    It counts within one event loop, and in another one only after that is closed; until then it
    raises :class:`WrongLoopError` there. Give one object to all clients that share a limit.
    """

    def __init__(self, rate_limit: RateLimit) -> None:
        self.rate_limit = rate_limit
        """The limit that it keeps."""
        self._pause = Unthrottled()
        self._owner = LoopOwner("this TokenBucket")
        self._limiter: AsyncLimiter
        self._gate: Gate

    def __repr__(self) -> str:
        return f"TokenBucket({self.rate_limit!r})"

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for the permit to start one request; ``priority`` goes before all who wait."""
        loop = asyncio.get_running_loop()
        if loop is not self._owner.loop:
            await self._bind()
        # Only one task at a time is inside AsyncLimiter: left to itself it wakes waiters too
        # early after a busy loop and sends them to the end of its queue.
        await self._gate.enter(priority=priority)
        try:
            while True:
                await self._pause.acquire()
                await self._limiter.acquire()
                if self._pause._paused_until <= loop.time():
                    return
                # A pause was asked for while this permit was under way: it is void.
        finally:
            self._gate.leave()

    def acquire_nowait(self) -> bool:
        """Take a permit if there is one for which nobody waits, and tell whether there was."""
        if (
            asyncio.get_running_loop() is not self._owner.loop
            or not self._gate.is_free
            or not self._pause.acquire_nowait()
        ):
            return False
        permit = self._limiter.acquire()
        try:
            # Where there is one it comes to its end at the first step.
            turn: Any = permit.send(None)
        except StopIteration:
            return True
        # Else it waits for its turn, and leaves as any waiter who is cancelled.
        turn.cancel()
        permit.close()
        return False

    def pause(self, seconds: float) -> None:
        """Give no permit for so long."""
        self._pause.pause(seconds)

    async def _bind(self) -> None:
        burst = self.rate_limit.burst
        with self._owner.claim(after_closed=True):
            # AsyncLimiter(max_rate, period) lets max_rate through at once and as much again within
            # the period, so the burst is what to give it, not the calls of a second.
            self._limiter, self._gate = AsyncLimiter(burst, burst / self.rate_limit.rate), Gate(1)
            if self._owner.loop is not None:
                # The loop before this one may have used up the burst a moment ago. There is
                # room for it, so that this does not wait.
                await self._limiter.acquire(burst)
