"""A model of the script of a shared throttle, and a store client that runs it in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ("Gcra", "ModelStore", "Request")


@dataclass(frozen=True)
class Request:
    """The arguments of the script, in microseconds."""

    interval: int
    tau: int
    want: int
    horizon: int
    pause: int
    longest: int
    alone: bool
    worker: str = "w"

    @classmethod
    def of(cls, args: Sequence[Any]) -> Request:
        interval, tau, want, horizon, pause, longest, alone = map(int, args[:7])
        return cls(interval, tau, want, horizon, pause, longest, bool(alone), str(args[7]))

    def args(self) -> list[Any]:
        numbers = (self.interval, self.tau, self.want, self.horizon, self.pause, self.longest)
        return [*numbers, int(self.alone), self.worker]


class Gcra:
    """The generic cell rate algorithm with a pause, written from its rules."""

    def __init__(self) -> None:
        self.next_slot: int | None = None
        self.paused_until = 0

    def ask(self, request: Request, now: int) -> list[int]:
        """Return what the script returns at the time ``now``, in microseconds."""
        earliest = now if self.next_slot is None else self.next_slot
        if earliest > now + request.longest:
            earliest = now  # The time of another clock; it remains until a slot replaces it.
        paused_until = self.paused_until
        if paused_until > now + request.longest:
            paused_until = 0
        if request.pause and now + request.pause > paused_until:
            self.paused_until = paused_until = now + request.pause
        if request.alone:
            self.next_slot = earliest = max(earliest, now)
        if paused_until > now:
            return [0, 0, paused_until - now]
        first = max(earliest, now - request.tau, paused_until)
        slots: list[int] = []
        while len(slots) < request.want and (slot := first + len(slots) * request.interval) <= (
            now + request.horizon
        ):
            slots.append(slot)
        if not slots:
            return [0, first - request.horizon - now, 0]
        self.next_slot = slots[-1] + request.interval
        return [len(slots), slots[0] - now, 0]


class ModelStore:
    """A client for a store that is the model, at the clock of the loop.

    Args:
        distance: Seconds that a request takes to the store, and its answer back.
    """

    def __init__(self, distance: float = 0.0) -> None:
        self.distance = distance
        self.model = Gcra()
        self.error: Exception | None = None
        """What each round trip raises, if anything."""
        self.trips = 0
        self.usage: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.is_closed = False

    def register_script(self, script: Any, /) -> Callable[..., Awaitable[list[int]]]:
        async def run(keys: Sequence[str], args: Sequence[Any]) -> list[int]:
            self.trips += 1
            if self.distance:
                await asyncio.sleep(self.distance)
            if self.error is not None:
                raise self.error
            request = Request.of(args)
            self.requests.append(request)
            answer = self.model.ask(request, int(asyncio.get_running_loop().time() * 1e6))
            self.usage[request.worker] += answer[0]
            if self.distance:
                await asyncio.sleep(self.distance)
            return answer

        return run

    async def hgetall(self, name: Any, /) -> dict[str, str]:
        if self.error is not None:
            raise self.error
        return {worker: str(count) for worker, count in self.usage.items()}

    async def aclose(self) -> None:
        self.is_closed = True
