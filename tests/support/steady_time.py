"""An event loop whose clock stands still while the machine does, so that no deadline passes then."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from time import monotonic
from typing import ParamSpec

__all__ = ("steady_time",)

P = ParamSpec("P")

# Seconds of one turn of the loop that count: more is a delay of the machine.
_TURN = 0.005


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self._real = monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._advance(_TURN)
        events = super().select(timeout)
        if not events:
            self._advance(_TURN + (timeout or 0.0))
        elif timeout is None:
            self._advance(_TURN)
        else:
            # What arrived is handled before the next timer.
            self._advance(max(0.0, timeout - 0.001))
        return events

    def _advance(self, most: float) -> None:
        real = monotonic()
        self.now += min(most, real - self._real)
        self._real = real


class _SteadyLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def steady_time(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run a test whose servers are in its own loop, in time without the delays of the machine.

    A decorator of ``async def`` tests. So a short timeout never ends an attempt before its request
    is sent.
    """

    @wraps(test)
    def run_in_steady_time(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=_SteadyLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run_in_steady_time
