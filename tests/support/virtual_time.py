"""An event loop whose clock jumps to the next timer, so that hours of waiting take milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if timeout is None and not events:
            raise AssertionError("the loop would wait for ever: nothing is scheduled")
        # A clock that stands still between timers would make aiolimiter spin.
        self.now += 1e-6 + (timeout or 0.0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for code without sockets: it never waits for one."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)
        # Debug mode records a traceback for each of tens of thousands of tasks.
        self.set_debug(False)

    def time(self) -> float:
        return self._clock.now

    def stall(self, seconds: float) -> None:
        """Advance the clock while the loop runs nothing."""
        self._clock.now += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(debug=False, loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in virtual time: a decorator of ``async def`` tests."""

    @wraps(test)
    def run_in_virtual_time(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return run_in_virtual_time
