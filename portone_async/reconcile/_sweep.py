"""Read all payments of a period into the store, slice by slice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from portone_async.call import Caller
from portone_async.models._listed_payment import ListedPaymentPage
from portone_async.resources._windows import Window, utc_now
from portone_async.resources.payments._by_status import StatusList
from portone_async.resources.payments._walk import ascending

from ._recorder import Recorder, in_thread
from .finding import AssumedEmpty

__all__ = ("sweep",)

_PAGE_SIZE = 1000
# Seconds: a new payment may become visible in lists only after a while.
_VISIBILITY_DELAY = 600


async def sweep(
    recorder: Recorder, client: Caller, statuses: Iterable[str], windows: Sequence[Window]
) -> None:
    """Store all payments of the period that have one of the statuses.

    Each slice is recorded with the position after it, where a stopped run resumes.
    """
    async with asyncio.TaskGroup() as group:
        for status in statuses:
            group.create_task(_sweep_status(recorder, client, status, windows))


async def _sweep_status(
    recorder: Recorder, client: Caller, status: str, windows: Sequence[Window]
) -> None:
    for window in windows:
        await _sweep_window(recorder, client, status, window)


async def _sweep_window(recorder: Recorder, client: Caller, status: str, window: Window) -> None:
    store = recorder.store
    step = f"{status} {window.since} {window.until}"
    if await in_thread(store.is_done, step):
        return
    since = await in_thread(store.position, step)
    payments = StatusList(
        client, status, ascending(status), _PAGE_SIZE, ListedPaymentPage, is_checked_later=True
    )
    walk = payments.walk(window if since is None else Window(since, window.until))
    is_done = False
    while not is_done:
        # The last slice comes with a page or, if it brings nothing new, without one.
        page = await walk.read()
        is_done = page is None or walk.position is None
        assumed = [_assumed_empty(status, refused) for refused in payments.assumed_empty]
        payments.assumed_empty.clear()
        await in_thread(
            store.record_slice,
            step,
            () if page is None else page.list,
            position=walk.position,
            unreadable=() if page is None else page.unreadable,
            assumed_empty=[period for period in assumed if period.since < period.until],
        )
        await recorder.save_usage()


def _assumed_empty(status: str, window: Window) -> AssumedEmpty:
    """Return the part of a refused window that is old enough for its payments to be visible.

    It is empty if the whole window is newer than that.
    """
    latest = int(utc_now().timestamp()) - _VISIBILITY_DELAY
    until = latest if window.until is None else min(window.until + 1, latest)
    return AssumedEmpty(
        status,
        datetime.fromtimestamp(window.since, UTC),
        datetime.fromtimestamp(max(until, window.since), UTC),
    )
