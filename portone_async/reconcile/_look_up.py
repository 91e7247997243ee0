"""Look up a hundred orders per request, and state for each what the answer means."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from enum import Enum, auto
from typing import Any

from msgspec import Struct

from portone_async.call import Caller
from portone_async.errors import PaymentNotFoundError, PortOneError, TransientError
from portone_async.models import UnreadablePayment
from portone_async.models._listing import Listing
from portone_async.resources._stream import batched
from portone_async.resources.payments import FATAL_ERRORS
from portone_async.resources.payments._batch import (
    LARGEST_BATCH,
    LONGEST_QUERY,
    Identifier,
    batch_call,
    may_be_of,
    query_bytes,
)

from ._assumptions import Assumptions
from ._listed import listing_type, snapshot
from .compare import compare
from .finding import Finding, Order, PaymentSnapshot, Verdict
from .store import PendingOrder

__all__ = (
    "CONCURRENT_BATCHES",
    "Answer",
    "BatchLookUps",
    "LookedUp",
    "in_batches",
    "not_checked",
    "order_bytes",
)

CONCURRENT_BATCHES = 8
# If so many single orders in a row are rejected, PortOne rejects all of them: stop halving.
_MOST_REJECTIONS = 2 * LARGEST_BATCH


class Answer(Enum):
    """What a batch look-up states about an order."""

    LISTED = auto()
    """Its payments. PortOne does not document that these are all of them (``doctor``:
    ``batch-lists-all``)."""
    NONE = auto()
    """PortOne reports that it has no payment of any order of the batch."""
    ABSENT = auto()
    """Payments of other orders are listed, and none of this one: it may have some."""
    INCOMPLETE = auto()
    """A payment that is in the period's lists is not listed: others may be left out as well."""
    UNREADABLE = auto()
    """A payment that is its own, or may be, cannot be read."""
    REJECTED = auto()
    """PortOne rejects the look-up of this order alone."""
    FAILED = auto()
    """There is no answer."""


class LookedUp(Struct, frozen=True):
    """An order, and the answer about it."""

    pending: PendingOrder
    answer: Answer
    payments: tuple[PaymentSnapshot, ...] = ()
    """Its payments that are listed; if that is incomplete, those of the period as well."""
    error: PortOneError | None = None
    """The error of a look-up that failed."""

    @property
    def order(self) -> Order:
        """The order itself."""
        return self.pending.order

    @property
    def finding(self) -> Finding:
        """The finding, if the answer is trusted."""
        if self.error is not None:
            return not_checked(self.order, self.error)
        return compare(self.order, self.payments)


class BatchLookUps:
    """Looks up batches of orders; a rejected batch is halved."""

    def __init__(self, client: Caller, assumptions: Assumptions) -> None:
        self._client = client
        self._assumptions = assumptions
        self._rejections = 0

    async def look_up(self, batch: Sequence[PendingOrder]) -> list[LookedUp]:
        """Look up the orders of a batch.

        Raises:
            PortOneError: An error that every later look-up would raise, too.
        """
        identifiers = [Identifier("merchant_uid", each.order.merchant_uid) for each in batch]
        response = listing_type(self._assumptions)
        try:
            listing = await self._client.call(batch_call(identifiers, response=response))
        except FATAL_ERRORS:
            raise
        except PaymentNotFoundError as error:
            self._rejections = 0
            # The status for "none of them" is 404. Another one may mean "not all of them".
            answer = Answer.NONE if error.status == 404 else Answer.ABSENT
            return [_looked_up(pending, answer) for pending in batch]
        except TransientError as error:
            return _failed(batch, error)
        except PortOneError as error:
            return await self._halve(batch, error)
        self._rejections = 0
        self._assumptions.check(listing.list)
        return [*_listed(batch, identifiers, listing)]

    async def _halve(self, batch: Sequence[PendingOrder], error: PortOneError) -> list[LookedUp]:
        """Halve a rejected batch until the order that causes it is alone."""
        if len(batch) == 1:
            self._rejections += 1
            return [LookedUp(batch[0], Answer.REJECTED)]
        if self._rejections >= _MOST_REJECTIONS:
            return _failed(batch, error)
        middle = len(batch) // 2
        first = await self.look_up(batch[:middle])
        return first + await self.look_up(batch[middle:])


def _failed(batch: Sequence[PendingOrder], error: PortOneError) -> list[LookedUp]:
    return [LookedUp(pending, Answer.FAILED, error=error) for pending in batch]


def _listed(
    batch: Sequence[PendingOrder],
    identifiers: Sequence[Identifier],
    listing: Listing[Any, UnreadablePayment],
) -> Iterator[LookedUp]:
    """Divide the payments of a batch among its orders."""
    by_order: dict[str, dict[str, PaymentSnapshot]] = {}
    for payment in listing.list:
        by_order.setdefault(payment.merchant_uid, {})[payment.imp_uid] = snapshot(payment)
    for pending, identifier in zip(batch, identifiers, strict=True):
        payments = tuple(by_order.get(identifier.uid, {}).values())
        if any(may_be_of(payment, identifier) for payment in listing.unreadable):
            yield LookedUp(pending, Answer.UNREADABLE, payments)
        else:
            yield _looked_up(pending, Answer.LISTED if payments else Answer.ABSENT, payments)


def _looked_up(
    pending: PendingOrder, answer: Answer, payments: tuple[PaymentSnapshot, ...] = ()
) -> LookedUp:
    """Compare an answer with the payments that are known from the period."""
    listed = {payment.imp_uid for payment in payments}
    if all(payment.imp_uid in listed for payment in pending.payments):
        return LookedUp(pending, answer, payments)
    return LookedUp(pending, Answer.INCOMPLETE, payments + pending.payments)


def in_batches(orders: AsyncIterable[PendingOrder]) -> AsyncIterator[list[PendingOrder]]:
    """Split orders into batches that fit into a request."""
    return batched(orders, order_bytes, count=LARGEST_BATCH, total=LONGEST_QUERY)


def order_bytes(pending: PendingOrder) -> int:
    """Return the bytes that an order takes in the request of a batch.

    Raises:
        InvalidRequestError: It can never be looked up.
    """
    return query_bytes(Identifier("merchant_uid", pending.order.merchant_uid))


def not_checked(order: Order, error: PortOneError) -> Finding:
    """Return the finding of an order that could not be checked."""
    return Finding(
        merchant_uid=order.merchant_uid,
        verdict=Verdict.NOT_CHECKED,
        order=order,
        error=f"{type(error).__name__}: {error}",
    )
