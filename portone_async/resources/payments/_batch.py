"""Many payments in one request: what fits in, and what comes out of it. Pure.

``GET /payments`` takes up to a hundred ids. What it leaves undocumented is not relied on: the
order of its list, whether it lists every payment of an order number, and what its 207 says. So
payments are put to their ids by their own fields, what was not asked for is left out, and an id
without a payment means that none was listed, not that none exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from msgspec import Struct

from portone_async.call import Call, validate_identifier
from portone_async.errors import InvalidRequestError
from portone_async.models import Group, Payment, UnreadablePayment
from portone_async.models.payments import PaymentListing

from ._calls import BATCH_SUCCESS, look_up
from ._checks import require_any

__all__ = (
    "LARGEST_BATCH",
    "LONGEST_QUERY",
    "Identifier",
    "batch_call",
    "grouped",
    "query_bytes",
)

LARGEST_BATCH = 100
# A request line of over 8,190 bytes is refused by Apache as it comes; a base_url's path, the
# method and the version need their part of it. A Korean letter takes nine bytes.
LONGEST_QUERY = 7800


class Identifier(Struct, frozen=True):
    """An id to ask for."""

    name: str
    """``merchant_uid`` or ``imp_uid``."""
    uid: str


def query_bytes(asked: Identifier) -> int:
    """The bytes that an id takes in a request line.

    Raises:
        InvalidRequestError: It can never be looked up.
    """
    validate_identifier(asked.name, asked.uid)
    # "&merchant_uid%5B%5D=" around it, or the same with imp_uid.
    needed = len(asked.name) + len("&%5B%5D=") + len(quote(asked.uid, safe=""))
    if needed > LONGEST_QUERY:
        raise InvalidRequestError(f"{asked.name} is too long to be sent: {len(asked.uid)} letters")
    return needed


def batch_call(chunk: Iterable[Identifier]) -> Call[PaymentListing]:
    """Ask for all of a chunk, each once."""
    pairs = dict.fromkeys((f"{each.name}[]", each.uid) for each in chunk)
    return look_up(
        "/payments",
        PaymentListing,
        identifiers={name.removesuffix("[]"): uid for name, uid in pairs},
        query=tuple(pairs),
        success=BATCH_SUCCESS,
        check=require_any,
    )


def grouped(chunk: Iterable[Identifier], listing: PaymentListing) -> list[Group]:
    """Put the payments to the ids of a chunk, in its order."""
    by_id: dict[Identifier, list[Payment]] = {}
    for payment in listing.list:
        for name in ("merchant_uid", "imp_uid"):
            by_id.setdefault(Identifier(name, getattr(payment, name)), []).append(payment)
    groups: list[Group] = []
    for each in chunk:
        found = by_id.get(each, [])
        newest_first = sorted(
            {payment.imp_uid: payment for payment in found}.values(), key=_started, reverse=True
        )
        unreadable = (odd for odd in listing.unreadable if _may_be_of(odd, each))
        groups.append(Group(each.uid, tuple(newest_first), tuple(unreadable)))
    return groups


def _may_be_of(payment: UnreadablePayment, asked: Identifier) -> bool:
    # An id that cannot be read may be any: no group may look as if it surely had no payment.
    return getattr(payment, asked.name) in (None, asked.uid)


def _started(payment: Payment) -> float:
    return 0.0 if payment.started_at is None else payment.started_at.timestamp()
