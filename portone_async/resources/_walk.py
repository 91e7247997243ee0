"""A list in a window of time, read slice by slice.

Page numbers shift while records arrive and leave; times do not. So a window is read by slices of
whole seconds instead of pages. Each is small enough for one response, which is a snapshot: later
changes do not shift the other slices, and a stopped walk can continue from :attr:`Walk.position`.

Two ways to find the slices:

- Where the API sorts by the time that it filters by, a response that is too small for its slice
  still has the beginning of the slice. The next slice begins with the last second that was read.
- Otherwise a slice with more than a page is requested again, as a shorter one. Its length follows
  the totals, and at least halves.

A single second is requested with the API's largest page, and only one with more records is read by
page numbers (:mod:`_busy_second`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from portone_async.errors import UnexpectedResponseError
from portone_async.models._listing import Page

from ._busy_second import BusySecond, ReadNumbered
from ._pages import LARGEST_PAGE, count_of, not_seen
from ._windows import Window, utc_now

__all__ = ("ReadWindow", "Walk")

R = TypeVar("R", bound=Struct)

ReadWindow = Callable[[Window, int, int], Awaitable[Page[R, Any]]]
"""Reads a page, by its number and its size, of the records in a window."""

# The part of a page that slices should fill: their sizes are random, so fuller ones would overflow.
_FILL = 0.9
# Requests that a walk may make before the first full page, and for each one. Finding a single busy
# second in 90 days takes some 50.
_REQUESTS_PER_PAGE = 100


class _Overflow(Struct):
    """A slice with more than a page."""

    end: int
    expected: int
    """Records left in it, by its total."""


class Walk(Generic[R]):
    """One window of one list.

    Args:
        read_window: Requests a page.
        window: Whole seconds, as long as the API accepts.
        key: Returns the identifier of a record, by which it is recognized.
        time_of: Returns the time, or the Unix time (0 for none), by which the API both filters and
            sorts; ``None`` if it sorts by another one.
        is_descending: Whether the newest come first: slices follow each other in this direction.
        page_size: The most records in one response, except for a single second.
        seen: Ids of records that are not returned again; new ones are added. Without it, a
            record whose time changes during the walk is returned again.
    """

    def __init__(
        self,
        read_window: ReadWindow[R],
        window: Window,
        *,
        key: Callable[[R], str],
        time_of: Callable[[R], datetime | int | None] | None,
        is_descending: bool,
        page_size: int,
        seen: set[str] | None = None,
    ) -> None:
        self._read_window = read_window
        self._window = window
        self._key = key
        self._is_descending = is_descending
        self._time_of = time_of
        self._page_size = page_size
        self._seen = seen
        # Seconds are counted from where the walk begins, in its direction.
        self._last = _nominal_end(window)
        self._at = 0
        self._end = self._last - window.since
        self._length = self._end + 1
        self._overflows: list[_Overflow] = []
        self._boundary: set[str] = set()
        self._in_second: BusySecond[R] | None = None
        self._count_in_second = 0
        self._is_over = False
        self._requests = 0
        self._returned = 0
        self._left = 0

    @property
    def position(self) -> int | None:
        """The first second that was not read, ascending; ``None`` at the end."""
        return None if self._is_over else self._window.since + self._at

    @property
    def left(self) -> int:
        """The number of records that were not read, by the API's last total; 0 if it is unknown."""
        if self._time_of is None:
            return self._overflows[0].expected if self._overflows else 0
        return self._left

    def end_at(self, last: int) -> None:
        """End earlier: another walk reads the seconds after ``last``. For ascending walks only.

        Args:
            last: A second that is not before :attr:`position`.
        """
        assert not self._is_descending
        assert self._at <= last - self._window.since <= self._end
        end = last - self._window.since
        seconds = end - self._at + 1
        self._left = self._left * seconds // (self._end - self._at + 1)
        for overflow in self._overflows:
            if overflow.end > end:
                overflow.expected = overflow.expected * seconds // (overflow.end - self._at + 1)
                overflow.end = end
        self._window = Window(self._window.since, last)
        self._end = end

    async def read(self) -> Page[R, Any] | None:
        """Read the next records; ``None`` at the end. After an error it may be called again."""
        while not self._is_over:
            page = await (self._read_slice() if self._in_second is None else self._read_second())
            if page is not None:
                return page
        return None

    async def _read_slice(self) -> Page[R, Any] | None:
        """Read the next slice, or ``None`` if it overflows."""
        end = self._end_of_slice()
        at = self._at
        page = await self._request(self._part(at, end), 1, self._page_size)
        if _is_whole(page, self._page_size):
            new = self._new_of(page)
            self._advance(end, count_of(page))
            return new
        reached = self._reached(page, end)
        if reached is not None and reached > at:
            new = self._new_of(page)
            self._at = reached
            self._boundary = self._keys_at(reached, page)
            self._left = page.total - count_of(page)
            return new
        if at in {reached, end}:
            # All of this page is of one second: it is also the first page of that second's list.
            first = page if self._page_size == LARGEST_PAGE else None
            self._in_second = BusySecond(self._pages_of_second(at), key=self._key, first=first)
            self._count_in_second = 0
        else:
            self._time_of = None
            self._overflowed(end, page.total)
        return None

    async def _read_second(self) -> Page[R, Any] | None:
        """Read a page of the one second that holds more than a page."""
        assert self._in_second is not None
        page = await self._in_second.read()
        if page is not None:
            self._count_in_second += count_of(page)
            return self._new_of(page)
        self._in_second = None
        self._advance(self._at, self._count_in_second)
        return None

    def _pages_of_second(self, at: int) -> ReadNumbered[R]:
        async def read_page(number: int, size: int) -> Page[R, Any]:
            return await self._request(self._part(at, at), number, size)

        return read_page

    async def _request(self, window: Window, number: int, size: int) -> Page[R, Any]:
        allowed = _REQUESTS_PER_PAGE * (1 + self._returned // self._page_size)
        if self._requests >= allowed:
            raise UnexpectedResponseError(
                f"{self._requests} requests returned only {self._returned} record(s) from {window.since} "
                "on: PortOne's pages contradict each other"
            )
        self._requests += 1
        return await self._read_window(window, number, size)

    def _end_of_slice(self) -> int:
        """Return where the next slice ends."""
        if self._time_of is not None:
            return max(self._end, self._at)
        while self._overflows and self._overflows[-1].end < self._at:
            self._overflows.pop()
        if not self._overflows:
            return max(self._end, self._at)
        overflow = self._overflows[-1]
        left = overflow.end - self._at + 1
        if overflow.expected <= self._page_size or left == 1:
            return overflow.end
        # After nearly empty slices, which made it long: the expected records have left, or are at
        # the end.
        if self._length >= 8 * left:
            return overflow.end
        return self._at + max(1, min(self._length, left // 2)) - 1

    def _overflowed(self, end: int, total: int) -> None:
        """Make the slices shorter: this one has more than a page.

        At most 16 times shorter at once, since a total may be wrong, and at least 2 times.
        """
        length = end - self._at + 1
        expected = max(total, 2 * self._page_size)
        share = min(0.5, max(1 / 16, _FILL * self._page_size / expected))
        self._length = max(1, int(length * share))
        if self._overflows and self._overflows[-1].end == end:
            self._overflows[-1].expected = expected
        else:
            self._overflows.append(_Overflow(end, expected))

    def _advance(self, end: int, count: int) -> None:
        """Continue after a slice that was read, with a length that fits how full it was."""
        length = end - self._at + 1
        if count:
            self._length = max(1, int(length * min(8.0, _FILL * self._page_size / count)))
        else:
            self._length = length * 8
        for overflow in self._overflows:
            overflow.expected -= count
        self._at = end + 1
        self._boundary = set()
        self._is_over = self._at > self._end

    def _part(self, at: int, end: int) -> Window:
        """Return a slice as the API counts it; an open end stays open."""
        if self._is_descending:
            is_open = self._window.until is None and at == 0
            first = max(self._window.since, self._last - end)
            return Window(first, None if is_open else self._last - at)
        is_open = self._window.until is None and end >= self._end
        return Window(self._window.since + at, None if is_open else self._window.since + end)

    def _place(self, time: datetime | int) -> int:
        """Count the seconds from where the walk begins to a time."""
        second = time if isinstance(time, int) else int(time.timestamp() // 1)
        return self._last - second if self._is_descending else second - self._window.since

    def _reached(self, page: Page[R, Any], end: int) -> int | None:
        """Return the last second on a page, if its times prove that it is the slice's beginning."""
        # All of them are of one type, which can be sorted.
        times: list[Any] = [] if self._time_of is None else [*map(self._time_of, page.list)]
        if not times or not all(times) or times != sorted(times, reverse=self._is_descending):
            return None
        last = self._place(times[-1])
        part = self._part(self._at, end)
        is_open_end = part.until is None and not self._is_descending
        if last < self._at or (last > end and not is_open_end):
            return None
        return last

    def _keys_at(self, reached: int, page: Page[R, Any]) -> set[str]:
        """Return the keys of the records in the last second of a page that is sorted by time."""
        keys: set[str] = set()
        for record in reversed(page.list):
            time = None if self._time_of is None else self._time_of(record)
            if time is None or self._place(time) != reached:
                break
            keys.add(self._key(record))
        return keys

    def _new_of(self, page: Page[R, Any]) -> Page[R, Any]:
        """Return a page without the records that were returned before."""
        seen = set(self._boundary) if self._seen is None else self._seen
        new = not_seen(page, seen, self._key)
        self._returned += count_of(new)
        return new


def _nominal_end(window: Window) -> int:
    """Return the last second; of an open window the present one, by the local clock."""
    if window.until is not None:
        return window.until
    return max(window.since, int(utc_now().timestamp()))


def _is_whole(page: Page[Any, Any], page_size: int) -> bool:
    """Return whether a response has all of its slice.

    A full page that names a next one does not, whatever its total: some servers count by other
    rules than they list.
    """
    count = count_of(page)
    return not page.next or (count == page.total and count < page_size)
