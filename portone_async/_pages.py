"""Long lists of payments, page after page, each payment once.

Source: ``PagedPaymentAnnotation`` of PortOne's V1 REST API. Pages are positions in a list that
lives: while it is walked, payments arrive, and others change their status and leave it. Walked in
ascending order, what arrives comes at the end. What leaves moves all behind it forward, across
the edge of a page that was read already; ``total`` tells, and the walk steps back. In a period
that is over nothing arrives, so ``total`` tells of all that leaves; in one that goes on, an
arrival may hide a departure between the same two pages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Protocol, Self, TypeVar

from msgspec import Struct

from ._listing import Page, unreadable_error
from .call import Call
from .errors import (
    ApiError,
    InvalidRequestError,
    PaymentNotFoundError,
    UnexpectedResponseError,
)
from .models import Payment, PaymentStatus, Sorting

__all__ = (
    "Caller",
    "Page",
    "Pages",
    "ReadPage",
    "Window",
    "ascending",
    "checked_page_size",
    "utc_now",
    "windows",
)

T = TypeVar("T")

_DAY = 24 * 3600
_LONGEST_WINDOW = 90 * _DAY
_LARGEST_PAGE = 1000
# Pages whose payments are remembered, so that one that was moved by an arrival is not given twice.
_REMEMBERED = 4


class Caller(Protocol):
    """What can make a call: the client."""

    async def call(self, call: Call[T], /) -> T: ...


ReadPage = Callable[[int], Awaitable[Page]]
"""Reads a page, by its number, of one list."""


class Window(Struct, frozen=True):
    """A period of whole seconds, both ends included, as the API counts it."""

    since: int
    until: int | None
    """``None`` for an end that moves along with the clock."""


class Pages:
    """The payments of one list after another, read page by page as they are asked for.

    Nothing is under way between two payments, so it may be left at any of them.
    """

    def __init__(
        self,
        lists: Iterable[ReadPage],
        *,
        page_size: int,
        first_page: int = 1,
    ) -> None:
        self._lists: Iterator[ReadPage] = iter(lists)
        self._page_size = page_size
        self._list: ReadPage | None = None
        self._first_page = first_page
        self._number = 1
        self._total = 0
        self._seen: deque[frozenset[str]] = deque(maxlen=_REMEMBERED)
        self._payments: deque[Payment] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Payment:
        while not self._payments:
            if self._list is None:
                self._list = next(self._lists, None)
                if self._list is None:
                    raise StopAsyncIteration
                self._number, self._total = self._first_page, 0
                self._seen.clear()
            await self._read(self._list)
        return self._payments.popleft()

    async def _read(self, read_page: ReadPage) -> None:
        page = await self._page(read_page)
        if page is None:
            self._list = None
            return
        if page.unreadable:
            raise unreadable_error(page.unreadable)
        if page.total < self._total and self._number > 1:
            # So many have left the list; what stood on this page stands before it now.
            self._number = max(1, self._number - ceil((self._total - page.total) / self._page_size))
            self._total = page.total
            return
        self._total = page.total
        self._payments.extend(
            each for each in page.list if not any(each.imp_uid in seen for seen in self._seen)
        )
        self._seen.append(frozenset(each.imp_uid for each in page.list))
        if not page.next:
            self._list = None
        elif page.next != self._number + 1:
            raise UnexpectedResponseError(
                f"page {self._number} names {page.next!r} as the one that follows"
            )
        else:
            self._number += 1

    async def _page(self, read_page: ReadPage) -> Page | None:
        while True:
            try:
                return await read_page(self._number)
            except PaymentNotFoundError:
                return None
            except ApiError as error:
                if error.status != 400 or self._number == 1:
                    raise
            # Beyond the last page, which was not so a moment ago: payments have left the list.
            self._number -= 1


def windows(since: datetime | None, until: datetime | None, now: datetime) -> Iterator[Window]:
    """Split a period (``since`` included, ``until`` not) into windows that the API accepts.

    One ends a second before the next begins, so none overlaps and none is left out.

    Raises:
        InvalidRequestError: A time without a zone, or a period that ends before it begins.
    """
    for name, time in (("since", since), ("until", until)):
        if time is not None and time.tzinfo is None:
            raise InvalidRequestError(f"{name} must have a time zone: {time!r}")
    end = now if until is None else until
    start = end - timedelta(seconds=_LONGEST_WINDOW) if since is None else since
    if start > end:
        raise InvalidRequestError(f"since ({start}) must not be after until ({end})")
    return _windows(ceil(start.timestamp()), ceil(end.timestamp()) - 1, is_open=until is None)


def _windows(first: int, last: int, *, is_open: bool) -> Iterator[Window]:
    # An open end is left to PortOne's clock; a day is room enough for ours to differ from it. So
    # the open window is that much shorter than the longest, and none but a short period's own
    # begins any later than a day ago: one that began in PortOne's future would be refused.
    latest = last - _DAY if is_open else last
    while first <= last or is_open:
        if is_open and last - first < _LONGEST_WINDOW - _DAY:
            yield Window(first, None)
            return
        until = min(first + _LONGEST_WINDOW, latest)
        yield Window(first, until)
        first = until + 1


def ascending(status: str) -> Sorting:
    """The order in which what arrives while a list of this status is walked comes at its end."""
    match status:
        case PaymentStatus.READY:
            return Sorting.STARTED_ASC
        case PaymentStatus.PAID:
            return Sorting.PAID_ASC
        case _:
            return Sorting.UPDATED_ASC


def checked_page_size(page_size: int) -> int:
    """Refuse a page size that the API refuses."""
    if type(page_size) is not int or not 1 <= page_size <= _LARGEST_PAGE:
        raise InvalidRequestError(f"page_size must be from 1 to {_LARGEST_PAGE}: {page_size!r}")
    return page_size


def utc_now() -> datetime:
    """The local clock, where a period's end is left open."""
    return datetime.now(UTC)
