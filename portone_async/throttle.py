"""How many requests may start, and how many may be under way. In order, and cheap to wait for."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import Any, Protocol, runtime_checkable

from aiolimiter import AsyncLimiter

from ._owner import LoopOwner
from .policy import RateLimit

__all__ = ("Gate", "Throttle", "TokenBucket", "Unthrottled")


@runtime_checkable
class Throttle(Protocol):
    """What bounds the rate of requests. Ours is :class:`TokenBucket`; any other may be plugged in.

    One object given to several clients is one limit for all of them.
    """

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for the permit to start one request. Whoever is cancelled here has taken none.

        Args:
            first: Asked for by the fetch of a token, which the calls in the queue wait for: it
                may go before them. A throttle may ignore it; then they wait longer.
        """

    def pause(self, seconds: float) -> None:
        """Give no permit for so long: the server asked for it. Pauses do not add up."""


class Gate:
    """Lets at most ``places`` inside at once, in the order of arrival.

    Unlike ``asyncio.Semaphore`` it forgets a cancelled waiter in constant time, so that fifty
    thousand of them can be cancelled in any order.
    """

    __slots__ = ("_first", "_free", "_waiting")

    def __init__(self, places: int) -> None:
        self._free = places
        # Free places and waiting ones never exist at once: a place is handed over, so that
        # nobody can slip in between.
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._first: deque[asyncio.Future[None]] = deque()

    @property
    def is_free(self) -> bool:
        """Whether there is a place, and then nobody who waits for one."""
        return self._free > 0

    def take(self) -> None:
        """Enter where :attr:`is_free`."""
        self._free -= 1

    async def enter(self, *, first: bool = False) -> None:
        """Wait for a place; those who go ``first`` go before the others, in their own order."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        (self._first if first else self._waiting).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # The place may have been handed over in the very tick of the cancellation.
            if not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Hand the place to the next one who still waits."""
        while lane := self._first or self._waiting:
            turn = lane.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def open(self) -> None:
        """Let everybody in who waits, and who comes: there is nothing to keep in order any more."""
        self._free = sys.maxsize
        for lane in (self._first, self._waiting):
            while lane:
                turn = lane.popleft()
                if not turn.done():
                    turn.set_result(None)


class Unthrottled:
    """No bound on the rate; only the pauses that a server asks for."""

    def __init__(self) -> None:
        self._paused_until = 0.0

    async def acquire(self, *, first: bool = False) -> None:  # noqa: ARG002 (there is no queue)
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

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for the permit to start one request; ``first`` goes before all who wait."""
        loop = asyncio.get_running_loop()
        if loop is not self._owner.loop:
            await self._bind()
        # Only one task at a time is inside AsyncLimiter: left to itself it wakes waiters too
        # early after a busy loop and sends them to the end of its queue.
        await self._gate.enter(first=first)
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
