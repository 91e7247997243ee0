"""The parts of a period, each read from its start to its end with a position of its own.

A long part is cut in two while it is read, and another task reads the second half. Each cut is
stored before the first half is ended there. So a resumed run has the same parts, and no second
between two of them is lost.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise

from msgspec import Struct

from portone_async.resources._windows import Window

from ._threads import in_thread
from .store import Store

__all__ = ("Part", "WindowParts")

# A total that PortOne miscounts must not cut a window into single seconds.
_MOST_CUTS = 128


class Part(Struct):
    """A part of a window: whole seconds, both ends included."""

    since: int
    until: int
    step: str
    """The name under which the store has its position."""


class WindowParts:
    """The parts of a window for one status of payments.

    Args:
        store: Where the cuts are stored.
        status: The status.
        window: A window with an end.
        reading: Distinguishes several readings of the same seconds.
    """

    def __init__(self, store: Store, status: str, window: Window, *, reading: str = "") -> None:
        assert window.until is not None
        self.status = status
        self._name = f"{reading}{status}"
        self._store = store
        self._since, self._until = window.since, window.until
        self._cuts = 0
        self._cutting = asyncio.Lock()

    async def load(self) -> list[Part]:
        """Return the parts, as they were when the run was stopped: one if it is new."""
        starts = [self._since]
        while (start := await in_thread(self._store.position, self._cut_step)) is not None:
            starts.append(start)
            self._cuts += 1
        ends = [*sorted(starts), self._until + 1]
        return [self._part(since, after - 1) for since, after in pairwise(ends)]

    async def cut(self, part: Part, last: int) -> Part | None:
        """End a part at a second; return the rest as another part, or ``None`` after many cuts."""
        async with self._cutting:
            if self._cuts >= _MOST_CUTS:
                return None
            # One after the other: loading ends at the first number that is not stored.
            await in_thread(self._store.record_slice, self._cut_step, (), position=last + 1)
            self._cuts += 1
        rest = self._part(last + 1, part.until)
        part.until = last
        return rest

    @property
    def _cut_step(self) -> str:
        return f"{self._name} {self._since} {self._until} cut {self._cuts + 1}"

    def _part(self, since: int, until: int) -> Part:
        # By the end of the window, since the end of a part moves when it is cut.
        return Part(since, until, f"{self._name} {since} {self._until}")
