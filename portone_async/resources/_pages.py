"""Numbered pages of a list, and the iterator over payments that users get.

Source: ``PagedPaymentAnnotation`` of PortOne's V1 REST API. A page number is a position in a list
that changes: while pages are read one after the other, payments arrive and leave, and what stands
behind them moves across the edge of a page. So a list of more than one page is read again until
its totals agree with what was read, or until two readings are the same. Where payments may leave,
as they do from a status, totals prove nothing: an arrival hides a departure. That serves the
payments of an order, which rarely fill a page; a period is read by time (:mod:`_walk`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Protocol, Self

from portone_async.errors import (
    ApiError,
    InvalidRequestError,
    PaymentNotFoundError,
    UnexpectedResponseError,
)
from portone_async.models import Payment, UnreadablePayment
from portone_async.models._listing import Page, unreadable_error

__all__ = (
    "LARGEST_PAGE",
    "NumberedPages",
    "Pages",
    "ReadPage",
    "Reader",
    "checked_page_size",
    "count_of",
    "not_seen",
)

LARGEST_PAGE = 1000
# How often a list is read from its first page before it is given up as one that never rests.
_READINGS = 8


ReadPage = Callable[[int], Awaitable[Page]]
"""Reads a page, by its number, of one list."""


class Reader(Protocol):
    """A list that is read part by part."""

    async def read(self) -> Page | None:
        """Read the next part; ``None`` at the end. After an error it may be called again."""


class NumberedPages:
    """The pages 1, 2, … of one list, each payment once.

    Args:
        read_page: Reads a page by its number.
        may_be_missing: Whether "no such payment" for the first page means an empty list.
        may_leave: Whether payments may leave the list.
    """

    def __init__(
        self, read_page: ReadPage, *, may_be_missing: bool = False, may_leave: bool = False
    ) -> None:
        self._read_page = read_page
        self._may_be_missing = may_be_missing
        self._may_leave = may_leave
        self._given: set[str] = set()
        self._readings = 0
        self._ids: list[str] = []
        self._ids_before: list[str] = []
        self._totals: set[int] = set()
        self._number = 1
        self._is_over = False

    async def read(self) -> Page | None:
        """Read one page; ``None`` once the whole list was read without a change."""
        if self._is_over:
            return None
        try:
            page = await self._read_page(self._number)
        except PaymentNotFoundError:
            if not self._may_be_missing or self._number > 1 or self._given:
                raise
            self._is_over = True
            return None
        except ApiError as error:
            if error.status != 400 or self._number == 1:
                raise
            # Beyond the last page: payments have left, or the last `next` was one too many.
            self._end_reading(is_whole=False)
            return _nothing
        self._note(page)
        return not_seen(page, self._given)

    def _note(self, page: Page) -> None:
        ids = [*(each.imp_uid for each in page.list), *map(str, page.unreadable)]
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
        """Stop if what was read is the list at one moment, else read it again from its start."""
        agrees = not self._may_leave and self._totals == {len(set(self._ids))}
        if is_whole or agrees or self._ids == self._ids_before:
            self._is_over = True
            return
        self._readings += 1
        if self._readings >= _READINGS:
            raise UnexpectedResponseError(
                f"the list was read {_READINGS} times and was another each time"
            )
        self._ids_before, self._ids, self._number = self._ids, [], 1
        self._totals.clear()


class Pages:
    """The payments of one list after another, each once, read as they are asked for.

    No request is in flight between two payments, so iteration may stop at any of them. Payments
    that cannot be read are named by one ``UnexpectedResponseError`` after all others were given.
    """

    def __init__(self, readers: Iterable[Reader]) -> None:
        self._readers: Iterator[Reader] = iter(readers)
        self._reader: Reader | None = None
        self._payments: deque[Payment] = deque()
        self._unreadable: list[UnreadablePayment] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Payment:
        while not self._payments:
            if self._reader is None:
                self._reader = next(self._readers, None)
                if self._reader is None:
                    raise self._end()
            page = await self._reader.read()
            if page is None:
                self._reader = None
            else:
                self._payments.extend(page.list)
                self._unreadable.extend(page.unreadable)
        return self._payments.popleft()

    def _end(self) -> Exception:
        """Make what ends the iteration: an error, once, if a payment could not be read."""
        if not self._unreadable:
            return StopAsyncIteration()
        unreadable, self._unreadable = self._unreadable, []
        return unreadable_error(unreadable)


def not_seen(page: Page, seen: set[str]) -> Page:
    """Leave out the payments that were given before, and remember the others."""
    new = {each.imp_uid: each for each in page.list if each.imp_uid not in seen}
    unreadable = {str(each): each for each in page.unreadable if str(each) not in seen}
    seen.update(new, unreadable)
    return Page(page.total, page.next, tuple(new.values()), tuple(unreadable.values()))


def count_of(page: Page) -> int:
    """Count the payments on a page, those that cannot be read included."""
    return len(page.list) + len(page.unreadable)


def checked_page_size(page_size: int) -> int:
    """Refuse a page size that the API refuses."""
    if type(page_size) is not int or not 1 <= page_size <= LARGEST_PAGE:
        raise InvalidRequestError(f"page_size must be from 1 to {LARGEST_PAGE}: {page_size!r}")
    return page_size


_nothing = Page(0, 0, ())
