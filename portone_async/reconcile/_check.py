"""Give every order its finding: joined with the period, asked for in batches, confirmed alone."""

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
from portone_async.models import Payment
from portone_async.models._listing import Listing
from portone_async.resources._stream import Stream, chunks_of
from portone_async.resources.payments import ENDS_A_RUN
from portone_async.resources.payments._batch import (
    LARGEST_BATCH,
    LONGEST_QUERY,
    Asked,
    Group,
    batch_call,
    grouped,
    weight,
)

from ._recorder import Recorder, in_thread
from .compare import compare
from .finding import AssumedEmpty, Finding, Order, PaymentSnapshot, Verdict
from .store import OrderLeft

__all__ = ("Checks",)

_BATCHES_AT_ONCE = 8
_CONFIRMATIONS_AT_ONCE = 32
# So many orders refused one after the other: it is the batch that is refused, not its orders.
_REFUSALS = 2 * LARGEST_BATCH

_TIMES: Mapping[str, Callable[[Payment], datetime | None]] = {
    "ready": lambda payment: payment.started_at,
    "paid": lambda payment: payment.paid_at,
    "failed": lambda payment: payment.failed_at,
    "cancelled": lambda payment: payment.cancelled_at,
}
"""The time that PortOne lists a payment by, for each status."""


class _Checked(Struct):
    """The findings of a batch of orders."""

    findings: list[Finding]
    doubtful: list[Order]
    """Orders to confirm with all of their payments."""


class Checks:
    """The orders of a store against their payments.

    Args:
        recorder: Where the orders and the findings are.
        client: The client to ask with.
        is_swept: Whether the payments of a period are in the store.
    """

    def __init__(self, recorder: Recorder, client: PortOneClient, *, is_swept: bool) -> None:
        self._recorder = recorder
        self._client = client
        self._is_swept = is_swept
        self._assumed_empty: tuple[AssumedEmpty, ...] = ()
        self._unreadable: frozenset[str] = frozenset()
        self._refused_alone = 0

    async def run(self) -> None:
        """Give every order its finding, each recorded as soon as it is known."""
        self._assumed_empty = await in_thread(self._recorder.store.assumed_empty)
        self._unreadable = await in_thread(self._recorder.store.unreadable_orders)
        async with Stream(
            self._doubtful(), self._confirm, in_flight=_CONFIRMATIONS_AT_ONCE, is_ordered=False
        ) as stream:
            async for finding in stream:
                await self._recorder.keep([finding])

    async def _doubtful(self) -> AsyncGenerator[Order, None]:
        """Give the orders that a batch does not settle."""
        chunks = chunks_of(self._left(), _weight, count=LARGEST_BATCH, weights=LONGEST_QUERY)
        async with Stream(
            chunks, self._check, in_flight=_BATCHES_AT_ONCE, is_ordered=False
        ) as stream:
            async for checked in stream:
                await self._recorder.keep(checked.findings)
                for order in checked.doubtful:
                    yield order

    async def _left(self) -> AsyncGenerator[Order, None]:
        """Give the orders that the payments of the period do not settle."""
        after = 0
        while batch := await in_thread(self._recorder.store.orders_left, after=after):
            after = batch[-1].position
            settled = {each.position: f for each in batch if (f := self._settled(each))}
            for each in batch:
                if each.position not in settled:
                    yield each.order
            await self._recorder.keep(list(settled.values()))

    def _settled(self, left: OrderLeft) -> Finding | None:
        if not self._is_swept or left.order.merchant_uid in self._unreadable:
            return None
        finding = compare(left.order, left.sightings)
        return finding if finding.verdict is Verdict.MATCHED else None

    async def _check(self, chunk: Sequence[Order]) -> tuple[_Checked]:
        """Ask for the orders of a batch; a batch that is refused is halved."""
        try:
            groups = await self._groups(chunk)
        except ENDS_A_RUN:
            raise
        except InvalidRequestError as error:  # It was alone in its chunk.
            return (_Checked([_not_checked(order, error) for order in chunk], []),)
        except TransientError as error:
            return (_Checked([_not_checked(order, error) for order in chunk], []),)
        except PortOneError as error:
            return (await self._refused(chunk, error),)
        self._refused_alone = 0
        self._refuse_contradictions(chain.from_iterable(group.payments for group in groups))
        checked = _Checked([], [])
        for order, group in zip(chunk, groups, strict=True):
            finding = compare(order, [PaymentSnapshot.of(payment) for payment in group.payments])
            if finding.verdict is Verdict.MATCHED and not group.unreadable:
                checked.findings.append(finding)
            else:
                checked.doubtful.append(order)
        return (checked,)

    async def _groups(self, chunk: Sequence[Order]) -> Sequence[Group]:
        asked = [Asked("merchant_uid", order.merchant_uid) for order in chunk]
        for each in asked:
            weight(each)
        try:
            listing = await self._client.call(batch_call(asked))
        except PaymentNotFoundError:
            listing = Listing()
        return grouped(asked, listing)

    async def _refused(self, chunk: Sequence[Order], error: PortOneError) -> _Checked:
        """Find the order for which a batch is refused: it is looked up alone."""
        if len(chunk) == 1:
            self._refused_alone += 1
            return _Checked([], list(chunk))
        if self._refused_alone >= _REFUSALS:
            return _Checked([_not_checked(order, error) for order in chunk], [])
        middle = len(chunk) // 2
        (first,) = await self._check(chunk[:middle])
        (second,) = await self._check(chunk[middle:])
        return _Checked(first.findings + second.findings, first.doubtful + second.doubtful)

    async def _confirm(self, order: Order) -> tuple[Finding]:
        """Compare an order with all of its payments."""
        try:
            payments = [each async for each in self._client.payments.find_all(order.merchant_uid)]
        except ENDS_A_RUN:
            raise
        except PortOneError as error:
            return (_not_checked(order, error),)
        self._refuse_contradictions(payments)
        return (compare(order, [PaymentSnapshot.of(payment) for payment in payments]),)

    def _refuse_contradictions(self, payments: Iterable[Payment]) -> None:
        """End the run if a payment lies in a period that was assumed to be empty."""
        for payment in payments if self._assumed_empty else ():
            for period in self._assumed_empty:
                if _lies_in(payment, period):
                    raise UnexpectedResponseError(
                        f"PortOne refused to list {period.status!r} from {period.since} until "
                        f"{period.until}, which was taken for an empty period, but "
                        f"{payment.imp_uid} is in it: no payment without an order can be found"
                    )


def _lies_in(payment: Payment, period: AssumedEmpty) -> bool:
    time_of = _TIMES.get(payment.status.value)
    time = None if time_of is None else time_of(payment)
    return (
        time is not None
        and period.status in {"all", payment.status.value}
        and period.since <= time < period.until
    )


def _weight(order: Order) -> int:
    try:
        return weight(Asked("merchant_uid", order.merchant_uid))
    except InvalidRequestError:
        return LONGEST_QUERY  # Alone in its batch, where it becomes a finding.


def _not_checked(order: Order, error: PortOneError) -> Finding:
    return Finding(
        merchant_uid=order.merchant_uid,
        verdict=Verdict.NOT_CHECKED,
        order=order,
        error=f"{type(error).__name__}: {error}",
    )
