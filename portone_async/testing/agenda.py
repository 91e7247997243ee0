"""Work that the fake does when its clock reaches a time."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from .clock import Clock
from .guard import guarded

__all__ = ("Agenda",)


class Agenda:
    """Work by its due time, as scheduled charges.

    It is done before the next request, or when a test moves the clock: in the order of the due
    times, and each piece at a clock that has passed its time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._work: list[tuple[float, int, Callable[[], object]]] = []
        self._serials = count()

    @guarded
    def add(self, due: float, work: Callable[[], object]) -> None:
        """Do a piece of work at a time, in Unix seconds."""
        heappush(self._work, (due, next(self._serials), work))

    @guarded
    def run_due(self) -> None:
        """Do all work whose time has come, including what it adds."""
        while self._work and self._work[0][0] <= self._clock.now:
            heappop(self._work)[2]()
