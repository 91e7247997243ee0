"""How fast work goes, and how long the rest will take. Pure but for its clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ("Pace", "duration")

_WINDOW = 30.0


class Pace:
    """The rate of the last half minute of this run.

    What an earlier run has done has no part in it, a burst does not make it jump for long, and
    work that stands still has a rate of zero.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done = 0
        self._points = deque([(clock(), 0)])

    def advance(self, count: int = 1) -> None:
        """Count what was done."""
        self._done += count

    def rate(self) -> float:
        """Give what is done in a second, as of now."""
        now = self._clock()
        points = self._points
        points.append((now, self._done))
        while len(points) > 2 and points[1][0] <= now - _WINDOW:
            points.popleft()
        began, before = points[0]
        return (self._done - before) / (now - began) if now > began else 0.0

    def seconds_left(self, todo: float) -> float | None:
        """Give the seconds that the rest takes at this rate; ``None`` where that is not known."""
        rate = self.rate()
        return todo / rate if rate else None


def duration(seconds: float | None) -> str:
    """Write seconds as ``1:02:03`` or ``02:03``."""
    if seconds is None:
        return "-:--"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
