"""Read the records of one second with more than the largest page, by page numbers.

Records arrive and leave meanwhile, and move the others across the edges of pages. So each page
overlaps the one before: it must begin with a record that was read already. The records after it
were after it before, so none that stays is skipped. Where a page begins with another record, some
have left, and the next page overlaps more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from portone_async.errors import ApiError, UnexpectedResponseError
from portone_async.models._listing import Page

from ._pages import LARGEST_PAGE, count_of, not_seen

__all__ = ("BusySecond", "ReadNumbered")

R = TypeVar("R", bound=Struct)

ReadNumbered = Callable[[int, int], Awaitable[Page[R, Any]]]
"""Reads a page by its number and its size."""

# How many pages may bring nothing new, for the first page of records and each further one.
_IDLE_PAGES = 16
# How often so many may leave at once that the list has to be read from its start.
_RESTARTS = 16


class BusySecond(Generic[R]):
    """Reads one list by pages that overlap, each record once.

    Args:
        read_page: Requests a page.
        key: Returns the identifier of a record, by which it is recognized.
        page_size: The most records in a page.
        first: The first page, if it was read already.
    """

    def __init__(
        self,
        read_page: ReadNumbered[R],
        *,
        key: Callable[[R], str],
        page_size: int = LARGEST_PAGE,
        first: Page[R, Any] | None = None,
    ) -> None:
        self._read_page = read_page
        self._key = key
        self._page_size = page_size
        self._first = first
        self._seen: set[str] = set()
        self._position = 0
        self._overlap = 1
        self._idle_pages = 0
        self._restarts = 0
        self._is_over = False

    async def read(self) -> Page[R, Any] | None:
        """Read one page; ``None`` at the end. After an error it may be called again."""
        if self._is_over:
            return None
        number, size = _page_at(max(0, self._position - self._overlap), self._page_size)
        page = await self._page(number, size)
        if number > 1 and not self._continues(page):
            self._go_back()
            return _NOTHING
        new = not_seen(page, self._seen, self._key)
        self._position = (number - 1) * size + count_of(page)
        is_short = count_of(page) < size
        if not page.next:
            self._is_over = True
        elif is_short and self._position < page.total:
            self._shrink(count_of(page))
        elif is_short and count_of(new) == 0:
            self._is_over = True  # The last `next` was one too many.
        elif count_of(new) == 0:
            self._count_idle()
        return new

    def _shrink(self, page_size: int) -> None:
        """Request pages of the size that PortOne returned: it caps larger ones, and numbers by that."""
        self._count_idle()
        self._page_size = max(1, page_size)

    async def _page(self, number: int, size: int) -> Page[R, Any]:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return await self._read_page(number, size)
        except ApiError as error:
            if error.status != 400 or number == 1:
                raise
        return _NOTHING  # Beyond the last page.

    def _continues(self, page: Page[R, Any]) -> bool:
        """Return whether a page begins with a record that was read already."""
        return bool(page.list) and self._key(page.list[0]) in self._seen

    def _count_idle(self) -> None:
        self._idle_pages += 1
        if self._idle_pages > _IDLE_PAGES * (1 + len(self._seen) // self._page_size):
            raise self._never_rests()

    def _go_back(self) -> None:
        """Overlap more, and finally begin with the first page again."""
        self._count_idle()
        self._overlap *= 4
        if 2 * self._overlap >= self._page_size:  # No page would bring anything new.
            self._overlap, self._position = 1, 0
            self._restarts += 1
            if self._restarts > _RESTARTS:
                raise self._never_rests()

    def _never_rests(self) -> UnexpectedResponseError:
        return UnexpectedResponseError(
            f"one second holds more than {self._page_size} records, and its pages contradict each "
            "other, or its list changed each time that it was read"
        )


def _page_at(offset: int, page_size: int) -> tuple[int, int]:
    """Return number and size of a page that begins at an offset, or shortly before."""
    if 2 * offset < page_size:
        return 1, page_size
    pages = -(-offset // page_size)
    return pages + 1, offset // pages


_NOTHING: Page[Any, Any] = Page(0, 0, ())
