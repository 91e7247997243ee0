"""Payments sorted by time, so that a period is looked up without reading the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from functools import lru_cache
from operator import attrgetter

from .entry import Entry, sort_entries

__all__ = ("Timeline",)

_moment = attrgetter("moment")
_serial = attrgetter("serial")
_moment_and_serial = attrgetter("moment", "serial")


class Timeline:
    """Payments sorted by :attr:`Entry.moment`, and at the same moment in the sequence of addition."""

    def __init__(self, sorting: str | None = None) -> None:
        """Create a timeline.

        Args:
            sorting: PortOne's word for sorting by :attr:`Entry.moment`; ``None`` if it has none.
        """
        self._sorting = sorting
        self._entries: list[Entry] = []
        self._is_sorted = True
        # The next page is requested with the period and the sorting of the previous one.
        self._sorted_slice = lru_cache(maxsize=8)(self._sort_slice)

    def add(self, entry: Entry) -> None:
        """Insert an entry in order."""
        self.settle()
        insort(self._entries, entry, key=_moment_and_serial)
        self._sorted_slice.cache_clear()

    def append(self, entry: Entry) -> None:
        """Add one of many entries, which :meth:`settle` sorts together."""
        self._entries.append(entry)
        self._is_sorted = False

    def settle(self) -> None:
        """Sort the appended entries."""
        if self._is_sorted:
            return
        # Two sorts by one key each are twice as fast as one by pairs.
        self._entries.sort(key=_serial)
        self._entries.sort(key=_moment)
        self._is_sorted = True
        self._sorted_slice.cache_clear()

    def remove(self, entry: Entry) -> None:
        """Remove an entry."""
        self.settle()
        index = bisect_left(self._entries, _moment_and_serial(entry), key=_moment_and_serial)
        del self._entries[index]
        self._sorted_slice.cache_clear()

    def between(
        self, since: float, until: float, sorting: str | None, page: slice = slice(None)
    ) -> tuple[list[Entry], int]:
        """Return the payments of a page, and the number of all in a period, both ends included.

        Args:
            since: Unix seconds.
            until: Unix seconds.
            sorting: One of PortOne's six sorting words, which may be by another time than
                :attr:`Entry.moment`; ``None`` for the default.
            page: The part of the sorted payments to return.
        """
        self.settle()
        begin = bisect_left(self._entries, since, key=_moment)
        end = bisect_right(self._entries, until, key=_moment)
        if sorting is None or sorting.removeprefix("-") != self._sorting:
            return self._sorted_slice(begin, end, sorting)[page], end - begin
        # Sorted already: only the page is copied.
        indexes = range(begin, end)
        if sorting.startswith("-"):
            indexes = indexes[::-1]
        return [self._entries[index] for index in indexes[page]], end - begin

    def _sort_slice(self, begin: int, end: int, sorting: str | None) -> list[Entry]:
        return sort_entries(self._entries[begin:end], sorting)
