"""The calls of ``/subscribe/customers``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from portone_async._redact import SecretDict
from portone_async.call import Call, Failure, Repeat
from portone_async.errors import NotFoundError
from portone_async.models.billing_keys import BillingKey, BillingKeyListing
from portone_async.models.payments import PaymentPage
from portone_async.resources._about import several
from portone_async.resources._confidential import secrets_in

__all__ = (
    "BillingKeyNotFoundError",
    "delete_call",
    "get_call",
    "issue_call",
    "key_error",
    "listed_call",
    "payments_call",
)

_KEY = "/subscribe/customers/{customer_uid}"
# Parts of PortOne's messages for an unknown key: of look-ups, of bookings and of charges.
_NO_SUCH_KEY = ("로 등록된 정보를 찾을 수 없", "등록된 고객정보가 없", "등록되지 않은 구매자")


class BillingKeyNotFoundError(NotFoundError):
    """PortOne reports that there is no billing key of this ``customer_uid`` for this key pair."""

    advice = (
        "Issue the key first, by billing_keys.issue() or in a payment window with a customer_uid."
    )


def key_error(failure: Failure) -> type[BillingKeyNotFoundError] | None:
    """Return ``BillingKeyNotFoundError`` if PortOne's message reports no such key."""
    is_named = any(text in (failure.message or "") for text in _NO_SUCH_KEY)
    return BillingKeyNotFoundError if is_named and failure.status in (200, 404) else None


def _look_up_error(failure: Failure) -> type[BillingKeyNotFoundError] | None:
    # HTTP 200 with code 1 was seen, a 404 is documented; its message is not.
    if failure.status == 404 or (failure.status, failure.code) == (200, 1):
        return BillingKeyNotFoundError
    return key_error(failure)


def get_call(customer_uid: str) -> Call[BillingKey]:
    """Make the call for one key whose name is safe in a path."""
    path = {"customer_uid": customer_uid}
    return Call(
        "GET",
        _KEY,
        BillingKey,
        path=path,
        identifiers=path,
        check=_MatchesKey(customer_uid),
        classify=_look_up_error,
        repeat=Repeat.READ,
    )


def listed_call(customer_uids: Collection[str]) -> Call[BillingKeyListing]:
    """Make the call that looks up several keys, each once.

    Neither the code nor the message of a 207 is documented (``doctor``: ``billing-key-batch``); its
    list has the keys that were found.
    """
    names = dict.fromkeys(customer_uids)
    return Call(
        "GET",
        "/subscribe/customers",
        BillingKeyListing,
        query=tuple(("customer_uid[]", name) for name in names),
        identifiers={"customer_uid": several(names)},
        partial=(207,),
        classify=_look_up_error,
        repeat=Repeat.READ,
    )


def issue_call(customer_uid: str, body: Mapping[str, Any]) -> Call[BillingKey]:
    """Make the call that issues a key: sent once, and never repeated by the client."""
    path = {"customer_uid": customer_uid}
    return Call(
        "POST",
        _KEY,
        BillingKey,
        path=path,
        body=body,
        identifiers=path,
        check=_MatchesKey(customer_uid),
        repeat=Repeat.UNSAFE,
        secrets=secrets_in(body),
    )


def delete_call(customer_uid: str, query: Mapping[str, str | None]) -> Call[BillingKey]:
    """Make the call that deletes a key. A parameter that is ``None`` is not sent."""
    path = {"customer_uid": customer_uid}
    return Call(
        "DELETE",
        _KEY,
        BillingKey,
        path=path,
        query=SecretDict({name: value for name, value in query.items() if value is not None}),
        identifiers=path,
        check=_MatchesKey(customer_uid),
        classify=_look_up_error,
        repeat=Repeat.GUARDED,
    )


def payments_call(customer_uid: str, page: int) -> Call[PaymentPage]:
    """Make the call for a page of the payments of a key."""
    path = {"customer_uid": customer_uid}

    def check(answer: PaymentPage) -> str | None:
        if all(payment.customer_uid in (None, customer_uid) for payment in answer.list):
            return None
        return "PortOne listed a payment of another customer_uid"

    return Call(
        "GET",
        f"{_KEY}/payments",
        PaymentPage,
        path=path,
        query={"page": page},
        identifiers=path,
        check=check,
        classify=_look_up_error,
        repeat=Repeat.READ,
    )


class _MatchesKey(Struct, frozen=True):
    """Checks that a response is the key of this name."""

    customer_uid: str

    def __call__(self, key: BillingKey) -> str | None:
        is_same = key.customer_uid == self.customer_uid
        return None if is_same else "PortOne answered with a billing key of another customer_uid"
