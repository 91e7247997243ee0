"""Measure a duration apart from the time in which the machine stood still."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Self

from portone_async import PortOneError

PULSE = 0.002


class Stopwatch:
    """`async with Stopwatch() as watch`: afterwards `seconds` and, of those, `net`.

    A pulse runs beside the measured block. Its delay is the time in which the loop ran no timer
    at all: a busy machine, a slow log. No deadline can be more exact than that, so compare an
    upper bound with `net`, and a lower one with `seconds`.
    """

    seconds = 0.0
    _stalled = 0.0

    @property
    def net(self) -> float:
        return self.seconds - self._stalled

    async def __aenter__(self) -> Self:
        self._clock = asyncio.get_running_loop().time
        self._beat = self._started = self._clock()
        self._pulse = asyncio.create_task(self._beats())
        return self

    async def __aexit__(self, *_: object) -> None:
        ended = self._clock()
        self._note(ended)
        self.seconds = ended - self._started
        self._pulse.cancel()
        with suppress(asyncio.CancelledError):
            await self._pulse

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            self._note(self._clock())

    def _note(self, now: float) -> None:
        self._stalled += max(0.0, now - self._beat - 2 * PULSE)
        self._beat = now


async def timed(call: Any) -> tuple[Any, Stopwatch]:
    """Return the result of a call, or the PortOneError that it raised, and the time it took."""
    async with Stopwatch() as watch:
        try:
            result = await call
        except PortOneError as error:
            result = error
    return result, watch
