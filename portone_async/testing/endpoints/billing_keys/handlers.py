"""The operations of ``/subscribe/customers``.

PortOne documents few texts of refusals: those without a source in a comment are the fake's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from portone_async.testing.account import Account
from portone_async.testing.endpoints.payments import Payments, encode_entries
from portone_async.testing.paging import RequestedPage
from portone_async.testing.parameters import BadParameterError, Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .state import BillingKeys

__all__ = ("ROUTES", "card_refusal", "key_not_found")

# PHP reads name[] and name[0] alike.
_ARRAY = re.compile(r"customer_uid\[\d*\]")
_EXPIRY = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
# No maximum is documented; this one is that of the payments.
_MAX_IDS = 100
_TEXTS = (
    "birth",
    "card_number",
    "channel_group_id",
    "channel_key",
    "customer_addr",
    "customer_email",
    "customer_id",
    "customer_name",
    "customer_postcode",
    "customer_tel",
    "cvc",
    "expiry",
    "pg",
    "pwd_2digit",
)


def key_not_found(customer_uid: str) -> Reply:
    """Build the reply for an unknown key: HTTP 200 is usual, though the document has a 404."""
    text = f"요청하신 customer_uid({customer_uid})로 등록된 정보를 찾을 수 없습니다."
    return failure(200, text, code=1)


def card_refusal(keys: BillingKeys, parameters: Parameters) -> str | None:
    """Return why the card of a request is refused, in the words of a PG; ``None`` if it is not.

    Raises:
        BadParameterError: A parameter is missing or of another type.
    """
    parameters.require("card_number", "expiry")
    for name in _TEXTS:
        parameters.text(name)
    if not _EXPIRY.fullmatch(parameters.text("expiry") or ""):
        return "[F113]유효기간 오류"
    return keys.card_rejection(parameters.text("card_number") or "")


def issue(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    keys = account.state(BillingKeys)
    try:
        parameters = Parameters.of(request)
        reason = card_refusal(keys, parameters)
        group = parameters.text("channel_group_id")
    except BadParameterError as error:
        return failure(200, str(error))  # As seen; the document has no 400 here.
    if reason is not None:
        return failure(200, f"카드정보 인증 및 빌키 발급에 실패하였습니다. {reason}")
    if group is not None and not keys.has_group(group):
        return failure(200, "비인증결제모듈 사용정보를 찾을 수 없습니다.")
    return envelope(keys.issue(path["customer_uid"], request.fields))


def get(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    keys, customer_uid = account.state(BillingKeys), path["customer_uid"]
    if customer_uid not in keys:
        return key_not_found(customer_uid)
    return envelope(keys.body(customer_uid))


def get_many(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Return several keys, those without one left out.

    The message of a 207, its code and the maximum of ids are not documented.
    """
    keys = account.state(BillingKeys)
    names = [value for name, value in request.query if _ARRAY.fullmatch(name)]
    requested = list(dict.fromkeys(names))
    if not requested or len(names) > _MAX_IDS:
        return failure(400, "customer_uid 파라메터가 올바르지 않습니다.")
    bodies = [keys.body(customer_uid) for customer_uid in requested if customer_uid in keys]
    if not bodies:
        return failure(404, "등록된 정보를 찾을 수 없습니다.")
    if len(bodies) == len(requested):
        return envelope(bodies)
    return envelope(
        bodies, status=207, message="일부 customer_uid 에 대한 정보를 찾을 수 없습니다."
    )


def delete(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Delete a key. Its schedules stay booked, and fail when they are due."""
    keys, customer_uid = account.state(BillingKeys), path["customer_uid"]
    if customer_uid not in keys:
        return key_not_found(customer_uid)
    deleted = keys.body(customer_uid)
    keys.remove(customer_uid)
    return envelope(deleted)


def payments(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Return the payments of a key in pages of 20."""
    customer_uid = path["customer_uid"]
    if customer_uid not in account.state(BillingKeys):
        return key_not_found(customer_uid)
    page = RequestedPage.of({**dict(request.query), "limit": "20"})
    entries = account.state(Payments).of_key(customer_uid)
    return page.reply(encode_entries(page.slice_of(entries)), len(entries))


ROUTES = (
    Route("GET", "/subscribe/customers", get_many),
    Route("GET", "/subscribe/customers/{customer_uid}", get),
    Route("POST", "/subscribe/customers/{customer_uid}", issue),
    Route("DELETE", "/subscribe/customers/{customer_uid}", delete),
    Route("GET", "/subscribe/customers/{customer_uid}/payments", refusing(payments)),
)
