"""Read all payments of a period into the store: several parts of it at once, slice by slice."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

from portone_async._tasks import cancel
from portone_async.models._listed_payment import ListedPayment, ListedPaymentPage, PlainPayment
from portone_async.resources._windows import Window
from portone_async.resources.payments._by_status import StatusList
from portone_async.resources.payments._walk import Walk, ascending

from ._dated import DatedCaller, ReplyingCaller
from ._parts import Part, WindowParts
from ._recorder import Recorder
from ._threads import in_thread
from .finding import AssumedEmpty
from .store import Store

__all__ = ("sweep",)

_PAGE_SIZE = 1000
# PortOne's latency decides how long a sweep takes, so several pages are requested at once.
_PARTS_AT_ONCE = 8
# Bytes: about the size of all pages that are in flight. More would stay with the process.
_FREED = 6 * 2**20
# Pages: each cut costs up to two requests more, so only longer parts are cut.
_SHORT_PART = 16
# Seconds: a new payment may become visible in lists only after a while.
_VISIBILITY_DELAY = 600
# Names of steps, none of which is a status.
_START = "start: "
_SECOND_READING = "again: "

_Payment: TypeAlias = PlainPayment | ListedPayment


async def sweep(
    recorder: Recorder,
    client: ReplyingCaller,
    statuses: Iterable[str],
    windows: Sequence[Window],
) -> None:
    """Store all payments of the period that have one of the statuses.

    Each slice is recorded with the position after it, where a stopped run resumes. The end of a
    period that lasts until the present is read twice: see :func:`_recent`. The second reading
    begins anew when the run resumes.
    """
    _keep_freed_memory()
    store, dated, statuses = recorder.store, DatedCaller(client), [*statuses]
    await _read(recorder, dated, statuses, windows)
    recent = await in_thread(_recent, store, windows)
    await in_thread(store.delete_steps, _SECOND_READING)
    await _read(recorder, dated, statuses, recent, _SECOND_READING)


async def _read(
    recorder: Recorder,
    client: DatedCaller,
    statuses: Sequence[str],
    windows: Sequence[Window],
    reading: str = "",
) -> None:
    async with asyncio.TaskGroup() as group:
        sweeper = _Sweeper(recorder, client, group)
        for status in statuses:
            for window in windows:
                await sweeper.start(WindowParts(recorder.store, status, window, reading=reading))


def _recent(store: Store, windows: Sequence[Window]) -> list[Window]:
    """Return the part of a period from shortly before the first reply to its run.

    Payments of that time may arrive, or move to a second that was read before, such as that of a
    second refund, while the period is read and until a stopped run resumes.
    """
    start = store.position(_START)
    if start is None or store.ended_at is not None:
        return []
    since = start - _VISIBILITY_DELAY
    return [
        Window(max(window.since, since), window.until)
        for window in windows
        if window.until is not None and since <= window.until
    ]


@cache  # Once for each process.
def _keep_freed_memory() -> None:
    """Let glibc keep the memory of a page for the next page.

    It returns freed memory to the operating system above a threshold, which is twice the largest
    block that was freed. Below the size of all pages in flight, the memory of each page is mapped
    anew, which takes up to a tenth of the CPU time. This block is never written to.
    """
    bytes(_FREED)


class _Sweeper:
    """The tasks that read the parts of a period."""

    def __init__(self, recorder: Recorder, client: DatedCaller, group: asyncio.TaskGroup) -> None:
        self._recorder = recorder
        self._client = client
        self._group = group
        self._reading = asyncio.Semaphore(_PARTS_AT_ONCE)
        self._writing = asyncio.Lock()
        self._unfinished = 0
        self._has_start = False

    async def start(self, parts: WindowParts) -> None:
        """Start to read each part of a window from where it was stopped."""
        for part in await parts.load():
            self._add(parts, part)

    def _add(self, parts: WindowParts, part: Part) -> None:
        self._unfinished += 1
        self._group.create_task(self._sweep(parts, part))

    async def _sweep(self, parts: WindowParts, part: Part) -> None:
        async with self._reading:
            if not await in_thread(self._recorder.store.is_done, part.step):
                await self._read(parts, part)
        self._unfinished -= 1

    async def _read(self, parts: WindowParts, part: Part) -> None:
        """Read a part to its end. Each page is written while the next one is requested."""
        stored = await in_thread(self._recorder.store.position, part.step)
        since = part.since if stored is None else stored
        payments = StatusList(
            self._client,
            parts.status,
            ascending(parts.status),
            _PAGE_SIZE,
            ListedPaymentPage,
            is_checked_later=True,
        )
        walk = payments.walk(Window(since, part.until))
        page = await walk.read()
        while page is not None and walk.position is not None:
            await self._share(parts, part, walk)
            assumed = self._take_assumed(parts.status, payments)
            write = self._write(part, page, walk.position, assumed)
            page = await _during(write, walk.read())
        # The last slice comes with a page or, if it brings nothing new, without one.
        await self._write(part, page, None, self._take_assumed(parts.status, payments))

    async def _share(self, parts: WindowParts, part: Part, walk: Walk[_Payment]) -> None:
        """Leave the second half of a long part to another task if too few are reading."""
        if self._unfinished >= _PARTS_AT_ONCE or walk.left <= _SHORT_PART * _PAGE_SIZE:
            return
        assert walk.position is not None
        # PortOne may refuse a window that starts in its future.
        last = (walk.position + min(part.until, int(self._client.now.timestamp()))) // 2
        if not walk.position <= last < part.until:
            return
        self._unfinished += 1  # Other tasks count it while the cut is being stored.
        rest = await parts.cut(part, last)
        self._unfinished -= 1
        if rest is not None:
            walk.end_at(last)
            self._add(parts, rest)

    async def _write(
        self,
        part: Part,
        page: ListedPaymentPage | None,
        position: int | None,
        assumed_empty: Sequence[AssumedEmpty],
    ) -> None:
        # One at a time: threads that wait for the store would be missing elsewhere.
        async with self._writing:
            await self._record_start()
            await in_thread(
                self._recorder.store.record_slice,
                part.step,
                () if page is None else page.list,
                position=position,
                unreadable=() if page is None else page.unreadable,
                assumed_empty=assumed_empty,
            )
            await self._recorder.save_usage()

    async def _record_start(self) -> None:
        """Record the time of the first reply to a run, before its first slice."""
        store = self._recorder.store
        if not self._has_start and await in_thread(store.position, _START) is None:
            start = int(self._client.first_reply.timestamp())
            await in_thread(store.record_slice, _START, (), position=start)
        self._has_start = True

    def _take_assumed(self, status: str, payments: StatusList[_Payment]) -> list[AssumedEmpty]:
        """Return the periods that PortOne refused to list since the last time."""
        now = self._client.now
        assumed = [_assumed_empty(status, refused, now) for refused in payments.assumed_empty]
        payments.assumed_empty.clear()
        return [period for period in assumed if period.since < period.until]


async def _during(
    write: Coroutine[Any, Any, None], read: Coroutine[Any, Any, ListedPaymentPage | None]
) -> ListedPaymentPage | None:
    """Write a page while the next one is read. A failed read does not interrupt the write."""
    reading = asyncio.ensure_future(read)
    try:
        await write
    except BaseException:
        await cancel([reading])
        raise
    return await reading


def _assumed_empty(status: str, window: Window, now: datetime) -> AssumedEmpty:
    """Return the part of a refused window that is old enough for its payments to be visible.

    It is empty if the whole window is newer than that.
    """
    latest = int(now.timestamp()) - _VISIBILITY_DELAY
    until = latest if window.until is None else min(window.until + 1, latest)
    return AssumedEmpty(
        status,
        datetime.fromtimestamp(window.since, UTC),
        datetime.fromtimestamp(max(until, window.since), UTC),
    )
