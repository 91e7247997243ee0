"""The rate of work, and the time that the rest will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ("Pace", "format_duration")

_WINDOW = 30.0  # seconds


class Pace:
    """Measures the rate of the last half minute.

    Work of an earlier run does not count, a burst raises the rate for half a minute at most, and
    the rate of stalled work is zero.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done = 0
        self._points = deque([(clock(), 0)])

    def advance(self, count: int = 1) -> None:
        """Count work as done."""
        self._done += count

    def rate(self) -> float:
        """Return the work done per second."""
        now = self._clock()
        points = self._points
        points.append((now, self._done))
        while len(points) > 2 and points[1][0] <= now - _WINDOW:
            points.popleft()
        since, before = points[0]
        return (self._done - before) / (now - since) if now > since else 0.0

    def seconds_left(self, todo: float) -> float | None:
        """Return the seconds that ``todo`` takes at this rate; ``None`` if nothing moves."""
        rate = self.rate()
        return todo / rate if rate else None


def format_duration(seconds: float | None) -> str:
    """Format seconds as ``1:02:03`` or ``02:03``."""
    if seconds is None:
        return "-:--"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
