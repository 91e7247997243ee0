"""Lists in pages: the numbered pages of one list, and the iterator for users.

A page number is a position in a list that changes: while pages are read one after the other,
records arrive and leave, and the ones after them move across the edge of a page. So a list of more
than one page is read again until its totals agree with the records, or until two readings are the
same. Where records may leave, as payments do from a status, totals prove nothing: an arrival hides
a departure. Numbered pages suit short lists, such as the payments of an order; the payments of a
period are read by time (:mod:`_walk`).

Source: ``PagedPaymentAnnotation`` of PortOne's V1 REST API.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, Self, TypeVar

from msgspec import Struct

from portone_async.errors import (
    ApiError,
    InvalidRequestError,
    NotFoundError,
    UnexpectedResponseError,
)
from portone_async.models import UnreadableRecord
from portone_async.models._listing import Page
from portone_async.models._unreadable import unreadable_error

__all__ = (
    "LARGEST_PAGE",
    "NumberedPages",
    "Pages",
    "ReadPage",
    "Reader",
    "count_of",
    "not_seen",
    "validate_page_size",
)

R = TypeVar("R", bound=Struct)

LARGEST_PAGE = 1000
# Readings of a list from its first page until an error is raised.
_READINGS = 8


ReadPage = Callable[[int], Awaitable[Page[R, Any]]]
"""Reads a page, by its number, of one list."""


class Reader(Protocol[R]):
    """A list that is read part by part."""

    async def read(self) -> Page[R, Any] | None:
        """Read the next part; ``None`` at the end. After an error it may be called again."""
        ...


class NumberedPages(Generic[R]):
    """The pages 1, 2, … of one list, each record once.

    Args:
        read_page: Reads a page by its number.
        key: Returns the identifier of a record, by which it is recognized.
        may_be_missing: Whether "not found" for the first page means an empty list.
        may_leave: Whether records may leave the list.
    """

    def __init__(
        self,
        read_page: ReadPage[R],
        *,
        key: Callable[[R], str],
        may_be_missing: bool = False,
        may_leave: bool = False,
    ) -> None:
        self._read_page = read_page
        self._key = key
        self._may_be_missing = may_be_missing
        self._may_leave = may_leave
        self._returned: set[str] = set()
        self._readings = 0
        self._ids: list[str] = []
        self._ids_before: list[str] = []
        self._totals: set[int] = set()
        self._number = 1
        self._is_over = False

    async def read(self) -> Page[R, Any] | None:
        """Read one page; ``None`` once the whole list was read without a change."""
        if self._is_over:
            return None
        try:
            page = await self._read_page(self._number)
        except NotFoundError:
            if not self._may_be_missing or self._number > 1 or self._returned:
                raise
            self._is_over = True
            return None
        except ApiError as error:
            if error.status != 400 or self._number == 1:
                raise
            # Beyond the last page: records have left, or the last `next` was one too many.
            self._end_reading(is_whole=False)
            return Page(0, 0, ())
        self._advance(page)
        return not_seen(page, self._returned, self._key)

    def _advance(self, page: Page[R, Any]) -> None:
        """Remember what a page has, and go to the next page or end the reading."""
        ids = [*map(self._key, page.list), *map(str, page.unreadable)]
        known = set(self._ids)
        brings_more = count_of(page) > 0 and not (ids and known.issuperset(ids))
        if page.next and page.next != self._number + 1:
            raise UnexpectedResponseError(
                f"page {self._number} names {page.next!r} as the one that follows"
            )
        self._ids += ids
        self._totals.add(page.total)
        if not page.next:
            self._end_reading(is_whole=self._number == 1)
        elif not brings_more:
            self._end_reading(is_whole=False)
        else:
            self._number += 1

    def _end_reading(self, *, is_whole: bool) -> None:
        """Stop if this reading is a snapshot of the list, else read it again from its start."""
        agrees = not self._may_leave and self._totals == {len(set(self._ids))}
        if is_whole or agrees or self._ids == self._ids_before:
            self._is_over = True
            return
        self._readings += 1
        if self._readings >= _READINGS:
            raise UnexpectedResponseError(
                f"the list was read {_READINGS} times and changed each time"
            )
        self._ids_before, self._ids, self._number = self._ids, [], 1
        self._totals.clear()


class Pages(Generic[R]):
    """The records of one list after another, each once, read as they are requested.

    No request is in flight between two records, so iteration may stop at any of them. Records
    that cannot be read are named by one ``UnexpectedResponseError`` after all others.
    """

    def __init__(self, readers: Iterable[Reader[R]]) -> None:
        self._readers: Iterator[Reader[R]] = iter(readers)
        self._reader: Reader[R] | None = None
        self._records: deque[R] = deque()
        self._unreadable: list[UnreadableRecord] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        while not self._records:
            if self._reader is None:
                self._reader = next(self._readers, None)
                if self._reader is None:
                    raise self._end()
            page = await self._reader.read()
            if page is None:
                self._reader = None
            else:
                self._records.extend(page.list)
                self._unreadable.extend(page.unreadable)
        return self._records.popleft()

    def take_ready(self) -> list[R]:
        """Remove and return the records that were read already."""
        ready = list(self._records)
        self._records.clear()
        return ready

    def _end(self) -> Exception:
        """Return what ends the iteration: an error, once, if a record could not be read."""
        if not self._unreadable:
            return StopAsyncIteration()
        unreadable, self._unreadable = self._unreadable, []
        return unreadable_error(unreadable)


def not_seen(page: Page[R, Any], seen: set[str], key: Callable[[R], str]) -> Page[R, Any]:
    """Return a page without the records that were seen before, and remember the others."""
    new = dict(zip(map(key, page.list), page.list, strict=True))
    for duplicate in seen.intersection(new):
        del new[duplicate]
    unreadable = {str(record): record for record in page.unreadable if str(record) not in seen}
    seen.update(new, unreadable)
    return Page(page.total, page.next, tuple(new.values()), tuple(unreadable.values()))


def count_of(page: Page[Any, Any]) -> int:
    """Count the records on a page, those that cannot be read included."""
    return len(page.list) + len(page.unreadable)


def validate_page_size(page_size: int) -> int:
    """Return a page size that the API accepts.

    Raises:
        InvalidRequestError: It is not from 1 to 1000.
    """
    if type(page_size) is not int or not 1 <= page_size <= LARGEST_PAGE:
        raise InvalidRequestError(f"page_size must be an int from 1 to {LARGEST_PAGE}")
    return page_size
