"""Payments by time, so that a period of them is found without a look at the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from functools import lru_cache
from operator import attrgetter

from .entry import Entry, in_order

__all__ = ("Timeline",)

_moment = attrgetter("moment")
_serial = attrgetter("serial")
_place = attrgetter("moment", "serial")


class Timeline:
    """Payments in order of :attr:`Entry.moment`; the latest added is the last of equals."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._is_sorted = True
        # The next page is asked for with the period and the order of the last one.
        self._sorted_slice = lru_cache(maxsize=8)(self._sort_slice)

    def add(self, entry: Entry) -> None:
        """Add an entry at its place."""
        self.settle()
        insort(self._entries, entry, key=_place)
        self._sorted_slice.cache_clear()

    def append(self, entry: Entry) -> None:
        """Add one of many entries: they are sorted together, by :meth:`settle`."""
        self._entries.append(entry)
        self._is_sorted = False

    def settle(self) -> None:
        """Sort what was appended."""
        if self._is_sorted:
            return
        # One after the other is twice as fast as by pairs.
        self._entries.sort(key=_serial)
        self._entries.sort(key=_moment)
        self._is_sorted = True
        self._sorted_slice.cache_clear()

    def remove(self, entry: Entry) -> None:
        self.settle()
        del self._entries[bisect_left(self._entries, _place(entry), key=_place)]
        self._sorted_slice.cache_clear()

    def between(self, since: float, until: float, sorting: str | None) -> list[Entry]:
        """Those of a period, both its ends included. The list is shared: it is not to be changed.

        Args:
            since: Unix seconds.
            until: Unix seconds.
            sorting: One of PortOne's six, of a time that need not be the one compared.
        """
        self.settle()
        begin = bisect_left(self._entries, since, key=_moment)
        end = bisect_right(self._entries, until, key=_moment)
        return self._sorted_slice(begin, end, sorting)

    def _sort_slice(self, begin: int, end: int, sorting: str | None) -> list[Entry]:
        return in_order(self._entries[begin:end], sorting)
