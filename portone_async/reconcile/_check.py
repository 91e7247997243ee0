"""Check the orders of a run: against the period, then in batches, then one by one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

from msgspec import Struct

from portone_async.client import PortOneClient
from portone_async.errors import (
    InvalidRequestError,
    PaymentNotFoundError,
    PortOneError,
    TransientError,
    UnexpectedResponseError,
)
from portone_async.models import Group, Payment
from portone_async.models.payments import PaymentListing
from portone_async.resources._stream import Stream, batched
from portone_async.resources.payments import FATAL_ERRORS
from portone_async.resources.payments._batch import (
    LARGEST_BATCH,
    LONGEST_QUERY,
    Identifier,
    batch_call,
    grouped,
    query_bytes,
)

from ._recorder import Recorder, in_thread
from .compare import compare
from .finding import AssumedEmpty, Finding, Order, PaymentSnapshot, Verdict
from .store import PendingOrder

__all__ = ("OrderChecks",)

_CONCURRENT_BATCHES = 8
_CONCURRENT_CONFIRMATIONS = 32
# If so many single orders in a row are rejected, PortOne rejects all of them: stop halving.
_MOST_REJECTIONS = 2 * LARGEST_BATCH

_LISTED_BY: Mapping[str, Callable[[Payment], datetime | None]] = {
    "ready": lambda payment: payment.started_at,
    "paid": lambda payment: payment.paid_at,
    "failed": lambda payment: payment.failed_at,
    "cancelled": lambda payment: payment.cancelled_at,
}
"""The time by which PortOne lists a payment, for each status."""


class _BatchResult(Struct):
    """The findings of a batch of orders."""

    findings: list[Finding]
    unconfirmed: list[Order]
    """Orders to compare with all of their payments."""


class OrderChecks:
    """Find the verdict on each order of a store.

    Args:
        recorder: The recorder of the run, with its store.
        client: The client that sends the requests.
        has_period: Whether the payments of a period are in the store.
    """

    def __init__(self, recorder: Recorder, client: PortOneClient, *, has_period: bool) -> None:
        self._recorder = recorder
        self._client = client
        self._has_period = has_period
        self._assumed_empty: tuple[AssumedEmpty, ...] = ()
        self._unreadable: frozenset[str] = frozenset()
        self._rejections = 0

    async def run(self) -> None:
        """Check every order and record each finding as soon as it is known."""
        self._assumed_empty = await in_thread(self._recorder.store.assumed_empty)
        self._unreadable = await in_thread(self._recorder.store.unreadable_order_numbers)
        async with Stream(
            self._unconfirmed(),
            self._confirm,
            in_flight=_CONCURRENT_CONFIRMATIONS,
            is_ordered=False,
        ) as stream:
            async for finding in stream:
                await self._recorder.record([finding])

    async def _unconfirmed(self) -> AsyncGenerator[Order, None]:
        """Check orders in batches; yield those that need all of their payments."""
        batches = batched(self._unmatched(), _query_bytes, count=LARGEST_BATCH, total=LONGEST_QUERY)
        async with Stream(
            batches, self._check_batch, in_flight=_CONCURRENT_BATCHES, is_ordered=False
        ) as stream:
            async for result in stream:
                await self._recorder.record(result.findings)
                for order in result.unconfirmed:
                    yield order

    async def _unmatched(self) -> AsyncGenerator[Order, None]:
        """Record the findings that need no request, and yield the other orders."""
        after = 0
        while batch := await in_thread(self._recorder.store.pending_orders, after=after):
            after = batch[-1].position
            findings: list[Finding] = []
            for pending in batch:
                finding = self._without_request(pending)
                if finding is None:
                    yield pending.order
                else:
                    findings.append(finding)
            await self._recorder.record(findings)

    def _without_request(self, pending: PendingOrder) -> Finding | None:
        """Return the finding of an order that is matched already or can never be requested."""
        order = pending.order
        if self._has_period and order.merchant_uid not in self._unreadable:
            finding = compare(order, pending.payments)
            if finding.verdict is Verdict.MATCHED:
                return finding
        try:
            _query_bytes(order)
        except InvalidRequestError as error:
            return _not_checked(order, error)
        return None

    async def _check_batch(self, batch: Sequence[Order]) -> tuple[_BatchResult]:
        """Request the payments of a batch of orders; a rejected batch is halved.

        Returns:
            One result: ``Stream`` expects a sequence of results from each job.
        """
        try:
            groups = await self._request(batch)
        except FATAL_ERRORS:
            raise
        except TransientError as error:
            return (_BatchResult([_not_checked(order, error) for order in batch], []),)
        except PortOneError as error:
            return (await self._halve(batch, error),)
        self._rejections = 0
        self._check_assumed_empty(chain.from_iterable(group.payments for group in groups))
        result = _BatchResult([], [])
        for order, group in zip(batch, groups, strict=True):
            finding = compare(order, [PaymentSnapshot.of(payment) for payment in group.payments])
            if finding.verdict is Verdict.MATCHED and not group.unreadable:
                result.findings.append(finding)
            else:
                result.unconfirmed.append(order)
        return (result,)

    async def _request(self, batch: Sequence[Order]) -> Sequence[Group]:
        identifiers = [Identifier("merchant_uid", order.merchant_uid) for order in batch]
        try:
            listing = await self._client.call(batch_call(identifiers))
        except PaymentNotFoundError:
            listing = PaymentListing()
        return grouped(identifiers, listing)

    async def _halve(self, batch: Sequence[Order], error: PortOneError) -> _BatchResult:
        """Halve a rejected batch until the order that causes it is alone."""
        if len(batch) == 1:
            self._rejections += 1
            # Its confirmation makes another request, which may be accepted.
            return _BatchResult([], list(batch))
        if self._rejections >= _MOST_REJECTIONS:
            return _BatchResult([_not_checked(order, error) for order in batch], [])
        middle = len(batch) // 2
        (first,) = await self._check_batch(batch[:middle])
        (second,) = await self._check_batch(batch[middle:])
        return _BatchResult(
            first.findings + second.findings, first.unconfirmed + second.unconfirmed
        )

    async def _confirm(self, order: Order) -> tuple[Finding]:
        """Compare an order with all of its payments."""
        find_all = self._client.payments.find_all
        try:
            payments = [payment async for payment in find_all(order.merchant_uid)]
        except FATAL_ERRORS:
            raise
        except PortOneError as error:
            return (_not_checked(order, error),)
        self._check_assumed_empty(payments)
        return (compare(order, [PaymentSnapshot.of(payment) for payment in payments]),)

    def _check_assumed_empty(self, payments: Iterable[Payment]) -> None:
        """End the run if a payment lies in a period that was assumed to be empty."""
        for payment in payments if self._assumed_empty else ():
            for period in self._assumed_empty:
                if _lies_in(payment, period):
                    raise UnexpectedResponseError(
                        f"PortOne refused to list {period.status!r} from {period.since} until "
                        f"{period.until}, which was assumed to be empty, but {payment.imp_uid} is "
                        "in that period: payments without an order cannot be found"
                    )


def _lies_in(payment: Payment, period: AssumedEmpty) -> bool:
    time_of = _LISTED_BY.get(payment.status.value)
    time = None if time_of is None else time_of(payment)
    return (
        time is not None
        and period.status in {"all", payment.status.value}
        and period.since <= time < period.until
    )


def _query_bytes(order: Order) -> int:
    return query_bytes(Identifier("merchant_uid", order.merchant_uid))


def _not_checked(order: Order, error: PortOneError) -> Finding:
    return Finding(
        merchant_uid=order.merchant_uid,
        verdict=Verdict.NOT_CHECKED,
        order=order,
        error=f"{type(error).__name__}: {error}",
    )
