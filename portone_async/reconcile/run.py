"""A day's orders against PortOne: swept, joined, and what is suspicious confirmed.

With a period, all payments of it are read once, a thousand per request, and joined with the
orders here. Only orders that this does not explain are asked for, a hundred per request. Nothing
is said against an order before all of its own payments were read (:meth:`Payments.find_all`).
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from portone_async._batch import LARGEST_BATCH, LONGEST_QUERY, Asked, batch_call, grouped, weight
from portone_async._listing import Listing
from portone_async._lookups import list_call
from portone_async._pages import Page, Pages, Window, ascending, utc_now, windows
from portone_async._stream import Stream, chunks_of
from portone_async._words import checked_statuses
from portone_async.client import PortOneClient
from portone_async.errors import (
    Attempt,
    InvalidRequestError,
    PaymentNotFoundError,
    PortOneError,
)
from portone_async.models import PaymentStatus
from portone_async.payments import ENDS_A_RUN

from .compare import compare
from .finding import Finding, Order, Refund, Sighting, Summary, Verdict
from .store import OrderLeft, Store

__all__ = ("reconcile",)

T = TypeVar("T")

_PAGE_SIZE = 1000
_ORDERS_AT_ONCE = 5000
_BATCHES_AT_ONCE = 8


async def reconcile(
    client: PortOneClient,
    orders: Iterable[Order | Refund] | AsyncIterable[Order | Refund],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    statuses: Iterable[
        PaymentStatus | Literal["ready", "paid", "failed", "cancelled", "all"] | str
    ] = ("paid", "cancelled"),
    store: Store | None = None,
    on_finding: Callable[[Finding], object] | None = None,
) -> Summary:
    """Compare orders with their payments, both ways.

    Without a period every order is asked for, a hundred per request, and payments that belong to
    no order cannot be seen. With one they are findings as well.

    Args:
        client: The client to ask with.
        orders: What the shop has, any number, in any order. Refunds that are listed apart may be
            among them.
        since: The first moment of the period that the orders belong to, with a time zone.
        until: The first moment after it. Both or none.
        statuses: Which payments of the period are read: ``ready``, ``paid``, ``failed``,
            ``cancelled`` or ``all``.
        store: Where the run is kept, some 700 bytes an order. Killed, it goes on from there,
            with the same orders and period. Without one it is kept in a temporary file and gone
            at the end.
        on_finding: Called with each finding when it is known and kept. A resumed run does not
            tell again what it told before: ``store.findings()`` has all.

    Returns:
        The whole run in figures, its earlier parts included.

    Raises:
        InvalidRequestError: Half a period, a time without a zone, or a misspelt status.
        AuthenticationError: The keys were refused. The run can be resumed.
        UnauthorizedError: The token was refused for good. The run can be resumed.
        PortOneError: The period could not be read. The run can be resumed.
        StoreError: The store cannot be written.

    An order that could not be checked is a finding ``not_checked``, never ``missing``; when the
    run is started again it is checked again.
    """
    if (since is None) != (until is None):
        raise InvalidRequestError("a period needs both its ends: since and until")
    parts = [] if since is None else list(windows(since, until, utc_now()))
    words = checked_statuses(statuses)
    if store is not None:
        return await _Run(client, store, on_finding).to_its_end(orders, parts, words)
    with tempfile.TemporaryDirectory(prefix="portone_async-") as folder:
        kept = await _in_thread(Store.open, Path(folder, "run.db"))
        try:
            return await _Run(client, kept, on_finding).to_its_end(orders, parts, words)
        finally:
            await _in_thread(kept.close)


class _Run:
    def __init__(
        self, client: PortOneClient, store: Store, on_finding: Callable[[Finding], object] | None
    ) -> None:
        self._store = store
        self._on_finding = on_finding
        self._requests = 0
        self._retries = 0
        self._saved_at = time.monotonic()
        self._observer = client._options.on_attempt
        self._client = client.with_options(on_attempt=self._count)

    def _count(self, attempt: Attempt) -> None:
        self._requests += 1
        self._retries += attempt.number > 1
        if self._observer is not None:
            self._observer(attempt)

    async def to_its_end(
        self,
        orders: Iterable[Order | Refund] | AsyncIterable[Order | Refund],
        parts: Sequence[Window],
        statuses: Sequence[str],
    ) -> Summary:
        try:
            await _in_thread(self._store.forget_not_checked)
            await self._feed(orders)
            await self._settle_refunds()
            async with asyncio.TaskGroup() as group:
                for status in statuses:
                    group.create_task(self._sweep(status, parts))
            await self._judge(is_swept=bool(parts))
            if parts:
                await self._find_orphans()
        except* PortOneError as errors:
            failure = errors.exceptions[0]
            while isinstance(failure, BaseExceptionGroup):
                failure = failure.exceptions[0]
            raise failure from None
        finally:
            await self._save_effort()
        return await _in_thread(self._store.summary)

    async def _save_effort(self) -> None:
        """Keep what was done since the last time, so that a killed run has most of it."""
        # Taken here and not in the thread: requests go on, and others save at the same time.
        now = time.monotonic()
        requests, retries, seconds = self._requests, self._retries, now - self._saved_at
        self._requests, self._retries, self._saved_at = 0, 0, now
        await _in_thread(
            self._store.add_effort, requests=requests, retries=retries, seconds=seconds
        )

    async def _feed(self, orders: Iterable[Order | Refund] | AsyncIterable[Order | Refund]) -> None:
        if await _in_thread(self._store.is_done, "orders"):
            return
        chunks = chunks_of(orders, lambda _: 1, count=_ORDERS_AT_ONCE, weights=_ORDERS_AT_ONCE)
        async with aclosing(chunks):
            async for chunk in chunks:
                await _in_thread(self._store.add_orders, chunk)
        await _in_thread(self._store.mark_done, "orders")

    async def _settle_refunds(self) -> None:
        while (findings := await _in_thread(self._store.settle_refunds)) is not None:
            self._tell(findings)

    async def _sweep(self, status: str, parts: Sequence[Window]) -> None:
        """Keep all payments of a status in the period, page after page."""
        for part in parts:
            step = f"{status} {part.since} {part.until}"
            if await _in_thread(self._store.is_done, step):
                continue

            async def page(number: int, part: Window = part, step: str = step) -> Page:
                call = list_call(status, part, ascending(status), number, _PAGE_SIZE)
                read = await self._client.call(call)
                sightings = [Sighting.of(payment) for payment in read.list]
                # Marked with its last page: a run that is killed between the two would ask for
                # the one behind it.
                await _in_thread(
                    self._store.record_page, step, number, sightings, is_last=not read.next
                )
                await self._save_effort()
                return read

            done = await _in_thread(self._store.pages_done, step)
            # The last one again: payments may have left the list since it was read.
            pages = Pages([page], page_size=_PAGE_SIZE, first_page=max(done, default=1))
            async for _ in pages:
                pass

    async def _judge(self, *, is_swept: bool) -> None:
        """Give every order its finding."""

        async def left() -> AsyncGenerator[OrderLeft, None]:
            after = 0
            while batch := await _in_thread(self._store.orders_left, after=after):
                after = batch[-1].position
                settled: list[Finding] = []
                for each in batch:
                    finding = compare(each.order, each.sightings)
                    if is_swept and finding.verdict is Verdict.MATCHED:
                        settled.append(finding)
                    else:
                        yield each
                await self._keep(settled)

        def needed(each: OrderLeft) -> int:
            try:
                return weight(Asked("merchant_uid", each.order.merchant_uid))
            except InvalidRequestError:
                return LONGEST_QUERY  # Alone in its chunk, where it is told.

        chunks = chunks_of(left(), needed, count=LARGEST_BATCH, weights=LONGEST_QUERY)
        async with Stream(
            chunks, self._check, in_flight=_BATCHES_AT_ONCE, is_ordered=False
        ) as stream:
            async for findings in stream:
                await self._keep(findings)

    async def _check(self, chunk: Sequence[OrderLeft]) -> tuple[list[Finding]]:
        """Ask for the orders of a chunk; what is suspicious is looked at one by one."""
        asked = [Asked("merchant_uid", each.order.merchant_uid) for each in chunk]
        try:
            for uid in asked:
                weight(uid)
            listing = await self._client.call(batch_call(asked))
        except PaymentNotFoundError:
            listing = Listing()
        except ENDS_A_RUN:
            raise
        except PortOneError as error:
            return ([_not_checked(each.order, error) for each in chunk],)
        findings: list[Finding] = []
        for each, group in zip(chunk, grouped(asked, listing), strict=True):
            finding = compare(each.order, [Sighting.of(payment) for payment in group.payments])
            if finding.verdict is not Verdict.MATCHED or group.unreadable:
                finding = await self._confirmed(each.order)
            findings.append(finding)
        return (findings,)

    async def _confirmed(self, order: Order) -> Finding:
        try:
            payments = [each async for each in self._client.payments.find_all(order.merchant_uid)]
        except ENDS_A_RUN:
            raise
        except PortOneError as error:
            return _not_checked(order, error)
        return compare(order, [Sighting.of(payment) for payment in payments])

    async def _find_orphans(self) -> None:
        after = ""
        while batch := await _in_thread(self._store.sightings_without_order, after=after):
            after = batch[-1].imp_uid
            await self._keep(
                [
                    finding
                    for sighting in batch
                    if (finding := compare(None, [sighting])).verdict is Verdict.ORPHAN
                ]
            )

    async def _keep(self, findings: Sequence[Finding]) -> None:
        if not findings:
            return
        await _in_thread(self._store.record, findings)
        await self._save_effort()
        self._tell(findings)

    def _tell(self, findings: Sequence[Finding]) -> None:
        if self._on_finding is not None:
            for finding in findings:
                self._on_finding(finding)


def _not_checked(order: Order, error: PortOneError) -> Finding:
    return Finding(
        merchant_uid=order.merchant_uid,
        verdict=Verdict.NOT_CHECKED,
        order=order,
        error=f"{type(error).__name__}: {error}",
    )


async def _in_thread(function: Callable[..., T], *args: object, **options: object) -> T:
    return await asyncio.to_thread(function, *args, **options)
