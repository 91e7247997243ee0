"""Lists of schedules: by time, and of one billing key.

PortOne documents an array and sends a page; both are read. A schedule that is moved to another
time during the iteration may be missing, or is returned with its time before or after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from portone_async.call import Caller
from portone_async.models._listing import UNKNOWN, Page
from portone_async.models.schedules import Schedule, SchedulePage, UnreadableSchedule
from portone_async.resources._pages import NumberedPages, Pages, Reader, count_of, not_seen
from portone_async.resources._request import unix_seconds
from portone_async.resources._walk import Walk
from portone_async.resources._windows import THREE_MONTHS, Window, utc_now, windows

from ._calls import list_call, list_of_key_call

__all__ = ("by_time", "of_key")

_OLDEST_FIRST = "scheduled"
# Of the lists of one key. It is not documented; it only matters if PortOne sends arrays.
_PAGE_SIZE = 20


def by_time(
    client: Caller,
    since: datetime,
    until: datetime,
    *,
    status: str | None,
    sorting: str | None,
    page_size: int,
) -> Pages[Schedule]:
    """Read the schedules of a period by slices of time, each once."""
    is_descending = sorting != _OLDEST_FIRST
    seen: set[str] = set()

    async def read(window: Window, number: int, size: int) -> _Page:
        answer = await client.call(list_call(window, status, sorting, number, size))
        return _page_of(answer, number, size)

    def walks() -> Iterator[Reader[Schedule]]:
        for window in _windows(since, until, is_descending=is_descending):
            yield Walk(
                read,
                window,
                key=_merchant_uid,
                # The default order, "newest first", is not documented to be that of this time.
                time_of=None if is_descending else _schedule_at,
                is_descending=is_descending,
                page_size=page_size,
                seen=seen,
            )

    _windows(since, until, is_descending=is_descending)
    return Pages(walks())


def of_key(
    client: Caller,
    route: str,
    customer_uid: str,
    *,
    since: datetime,
    until: datetime,
    status: str | None,
) -> Pages[Schedule]:
    """Read the schedules of a key in a period page by page, each once, the newest first."""
    seen: set[str] = set()

    def pages(window: Window) -> _Unseen:
        async def read_page(number: int) -> _Page:
            call = list_of_key_call(route, customer_uid, window, status, number)
            return _page_of(await client.call(call), number, _PAGE_SIZE)

        # Schedules change their status and their time.
        return _Unseen(NumberedPages(read_page, key=_merchant_uid, may_leave=True), seen)

    return Pages(map(pages, _windows(since, until, is_descending=True)))


class _Unseen:
    """The pages of one window, without the schedules that were seen in another one."""

    def __init__(self, pages: NumberedPages[Schedule], seen: set[str]) -> None:
        self._pages = pages
        self._seen = seen

    async def read(self) -> _Page | None:
        page = await self._pages.read()
        return None if page is None else not_seen(page, self._seen, _merchant_uid)


_Page = Page[Schedule, UnreadableSchedule]


def _windows(since: datetime, until: datetime, *, is_descending: bool) -> list[Window]:
    for name, time in (("since", since), ("until", until)):
        unix_seconds(name, time)
    parts = windows(since, until, utc_now(), longest=THREE_MONTHS)
    return parts[::-1] if is_descending else parts


def _page_of(answer: SchedulePage, number: int, page_size: int) -> _Page:
    """Return a page; of an array, which does not name a next one, as many as it may have."""
    if answer.total != UNKNOWN:
        return answer
    count = count_of(answer)
    following = number + 1 if count == page_size else 0
    return Page(count, following, answer.list, answer.unreadable)


def _merchant_uid(schedule: Schedule) -> str:
    return schedule.merchant_uid


def _schedule_at(schedule: Schedule) -> datetime | None:
    return schedule.schedule_at
