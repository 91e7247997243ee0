"""Many payments by one request of ``GET /payments``. Pure.

It takes up to a hundred ids. PortOne does not document the order of its list, whether it lists
every payment of an order number (``doctor``: ``batch-lists-all``), nor the meaning of its 207
(``doctor``: ``batch-partial``). So payments are grouped by their own fields, others are ignored,
and an id without a payment means that none was listed, not that none exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar, overload

from msgspec import Struct

from portone_async.call import Call, quoted, validate_identifier
from portone_async.errors import InvalidRequestError
from portone_async.models import Group, Payment, UnreadablePayment
from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.models._listing import Listing
from portone_async.models.payments import PaymentListing
from portone_async.resources._about import several

from ._calls import BATCH_SUCCESS, look_up
from ._checks import require_any

__all__ = (
    "LARGEST_BATCH",
    "LONGEST_QUERY",
    "Identifier",
    "batch_call",
    "grouped",
    "may_be_of",
    "query_bytes",
)

P = TypeVar("P", bound=Payment | ListedPayment | PlainPayment)

LARGEST_BATCH = 100
# Apache rejects a request line of over 8,190 bytes by default, of which the path of base_url, the
# method and the version take a part. A Korean letter takes nine bytes.
LONGEST_QUERY = 7800


class Identifier(Struct, frozen=True):
    """An id to look up."""

    name: str
    """``merchant_uid`` or ``imp_uid``."""
    uid: str


def query_bytes(identifier: Identifier) -> int:
    """Return the bytes that an id takes in a request line.

    Raises:
        InvalidRequestError: It can never be looked up.
    """
    validate_identifier(identifier.name, identifier.uid)
    # "&merchant_uid%5B%5D=" around it, or the same with imp_uid.
    needed = len(identifier.name) + len("&%5B%5D=") + len(quoted(identifier.uid))
    if needed > LONGEST_QUERY:
        raise InvalidRequestError(
            f"{identifier.name} is too long to be sent: {len(identifier.uid)} letters"
        )
    return needed


@overload
def batch_call(batch: Iterable[Identifier]) -> Call[PaymentListing]: ...
@overload
def batch_call(
    batch: Iterable[Identifier], *, response: type[Listing[P, UnreadablePayment]]
) -> Call[Listing[P, UnreadablePayment]]: ...
def batch_call(
    batch: Iterable[Identifier],
    *,
    response: type[Listing[Any, UnreadablePayment]] = PaymentListing,
) -> Call[Any]:
    """Make the call that looks up ids, each once; ``response`` determines the decoded fields."""
    pairs = tuple(dict.fromkeys((identifier.name, identifier.uid) for identifier in batch))
    return look_up(
        "/payments",
        response,
        identifiers={
            name: several(uid for _, uid in same) for name, same in groupby(pairs, itemgetter(0))
        },
        query=tuple((f"{name}[]", uid) for name, uid in pairs),
        success=BATCH_SUCCESS,
        check=require_any,
    )


def grouped(batch: Iterable[Identifier], listing: PaymentListing) -> list[Group]:
    """Group payments by the ids of a batch, in its order."""
    by_id: dict[Identifier, list[Payment]] = {}
    for payment in listing.list:
        for name in ("merchant_uid", "imp_uid"):
            by_id.setdefault(Identifier(name, getattr(payment, name)), []).append(payment)
    groups: list[Group] = []
    for identifier in batch:
        once = {payment.imp_uid: payment for payment in by_id.get(identifier, [])}
        newest_first = sorted(once.values(), key=_started, reverse=True)
        unreadable = [p for p in listing.unreadable if may_be_of(p, identifier)]
        groups.append(Group(identifier.uid, tuple(newest_first), tuple(unreadable)))
    return groups


def may_be_of(payment: UnreadablePayment, identifier: Identifier) -> bool:
    """Whether an unreadable payment may have this id: an unreadable id may be any id."""
    return getattr(payment, identifier.name) in (None, identifier.uid)


def _started(payment: Payment) -> float:
    return 0.0 if payment.started_at is None else payment.started_at.timestamp()
