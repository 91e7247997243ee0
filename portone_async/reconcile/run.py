"""A day's orders against PortOne: swept, joined, and what is suspicious confirmed.

With a period, all payments of it are read once, a thousand per request, and joined with the
orders here. Only orders that this does not explain are asked for, a hundred per request. Nothing
is said against an order before all of its own payments were read (:meth:`Payments.find_all`).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from portone_async.client import PortOneClient
from portone_async.errors import Attempt, InvalidRequestError, PortOneError
from portone_async.models import PaymentStatus
from portone_async.resources._windows import Window, utc_now, windows
from portone_async.resources.payments import ENDS_A_RUN
from portone_async.resources.payments._words import checked_statuses

from ._check import Checks
from ._feed import Orders, feed
from ._recorder import Recorder, in_thread
from ._sweep import sweep
from .compare import compare
from .finding import Finding, PaymentSnapshot, Summary, Verdict
from .store import Store

__all__ = ("reconcile",)


async def reconcile(
    client: PortOneClient,
    orders: Orders,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    statuses: Iterable[
        PaymentStatus | Literal["ready", "paid", "failed", "cancelled", "all"] | str
    ] = ("paid", "cancelled"),
    store: Store | None = None,
    fresh: bool = False,
    on_finding: Callable[[Finding], object] | None = None,
) -> Summary:
    """Compare orders with their payments, both ways.

    Without a period every order is asked for, a hundred per request, and payments that belong to
    no order cannot be seen. With one they are findings as well.

    Args:
        client: The client to ask with.
        orders: What the shop has, any number, in any order. Refunds that are listed apart may be
            among them, and an :class:`UnreadableOrder` becomes a finding ``not_checked``.
        since: The first moment of the period that the orders belong to, with a time zone.
        until: The first moment after it. Both or none.
        statuses: Which payments of the period are read.
        store: Where the run is kept, some 700 bytes an order. A run is known by its orders (in
            any sequence), its period and its statuses. The same run goes on where it was stopped;
            one that had ended gives its result again (:attr:`Summary.ended_at`), after it has
            checked what could not be checked. Any other run is refused. Without a store the run
            is kept in a temporary file and gone at the end.
        fresh: Forget what is in the store and begin anew.
        on_finding: Called once with each finding, after it is recorded. A resumed run reports
            only what is new, and what could not be checked before: ``store.findings()`` has all.

    Returns:
        The whole run in figures, its earlier parts included.

    Raises:
        InvalidRequestError: Half a period, an empty or reversed one, a time without a zone, or
            a misspelt status.
        AuthenticationError: The keys were refused. The run can be resumed.
        UnauthorizedError: The token was refused for good. The run can be resumed.
        UnexpectedResponseError: PortOne's lists contradict each other. The run can be resumed.
        PortOneError: The period could not be read. The run can be resumed.
        StoreError: The store cannot be written, or is of another run.

    An order that could not be checked is a finding ``not_checked``, never ``missing``; when the
    run is started again it is checked again.
    """
    if (since is None) != (until is None):
        raise InvalidRequestError("a period needs both its ends: since and until")
    parts = [] if since is None else windows(since, until, utc_now())
    words = tuple(dict.fromkeys(checked_statuses(statuses)))
    if store is not None:
        if fresh:
            await in_thread(store.clear)
        return await _run(client, orders, parts, words, Recorder(store, on_finding))
    with tempfile.TemporaryDirectory(prefix="portone_async-") as folder:
        temporary = await in_thread(Store.open, Path(folder, "run.db"))
        try:
            return await _run(client, orders, parts, words, Recorder(temporary, on_finding))
        finally:
            await in_thread(temporary.close)


async def _run(
    client: PortOneClient,
    orders: Orders,
    windows: Sequence[Window],
    statuses: Sequence[str],
    recorder: Recorder,
) -> Summary:
    observed = client._options.on_attempt

    def count(attempt: Attempt) -> None:
        recorder.count(attempt)
        if observed is not None:
            observed(attempt)

    asking = client.with_options(on_attempt=count)
    try:
        await feed(recorder, orders, windows, statuses)
        async with asyncio.TaskGroup() as group:
            for status in statuses if windows else ():
                group.create_task(sweep(recorder, asking, status, windows))
        await Checks(recorder, asking, is_swept=bool(windows)).run()
        if windows:
            await _read_again(recorder, asking)
            await _find_orphans(recorder)
        await in_thread(recorder.store.end)
    except* PortOneError as errors:
        failure = errors.exceptions[0]
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        raise failure from None
    finally:
        await recorder.save_effort()
    return await in_thread(recorder.store.summary)


async def _read_again(recorder: Recorder, client: PortOneClient) -> None:
    """Ask once more for payments of the period that cannot be read and belong to no order."""
    store = recorder.store
    for payment in await in_thread(store.unreadable_without_order):
        error: PortOneError | None = None
        if payment.imp_uid is not None:
            try:
                found = await client.payments.get(payment.imp_uid, include_sandbox=True)
            except ENDS_A_RUN:
                raise
            except PortOneError as failure:
                error = failure
            else:
                await in_thread(store.record_readable, PaymentSnapshot.of(found))
                continue
        told = str(payment) if error is None else f"{type(error).__name__}: {error}"
        await recorder.keep_unreadable(payment, told)


async def _find_orphans(recorder: Recorder) -> None:
    """Record the payments that belong to no order."""
    after = ""
    while batch := await in_thread(recorder.store.sightings_without_order, after=after):
        after = batch[-1].imp_uid
        findings = [compare(None, [sighting]) for sighting in batch]
        await recorder.keep([each for each in findings if each.verdict is Verdict.ORPHAN])
