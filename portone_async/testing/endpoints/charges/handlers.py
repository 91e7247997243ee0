"""The operations ``again`` and ``onetime`` of ``/subscribe/payments``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.endpoints.billing_keys import BillingKeys
from portone_async.testing.parameters import BadParameterError, Parameters, refusing
from portone_async.testing.reply import Reply, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .charging import charge, order_fields

__all__ = ("ROUTES", "UNKNOWN_KEY")

UNKNOWN_KEY = failure(200, "등록되지 않은 구매자입니다.", code=1)

_TEXTS = ("notice_url", "browser_ip", "product_type", "promotion_id", "bypass")
_CARD_TEXTS = (
    "birth",
    "channelGroupId",
    "cvc",
    "expiry",
    "pg",
    "pwd_2digit",
    "secure_3d_charge_id",
    "secure_3d_token",
)
_FLAGS = ("interest_free_by_merchant", "use_card_point")
# The group is the camelCase one here only.
_KEY_NAMES = {"channelGroupId": "channel_group_id"}


def with_billing_key(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require("customer_uid", "merchant_uid", "amount", "name")
    for name in (*_TEXTS, "cash_receipt_type", "channel_key"):
        parameters.text(name)
    parameters.object("extra")
    parameters.integer("product_count")
    fields = _fields(parameters, request)
    keys, customer_uid = account.state(BillingKeys), fields["customer_uid"]
    if customer_uid not in keys:
        return UNKNOWN_KEY
    # What the buyer of the key is called is used where the request does not name one.
    given = {name: value for name, value in fields.items() if value is not None}
    return charge(
        account,
        keys.payment_fields(customer_uid) | given,
        declined=keys.take_decline(customer_uid),
    )


def with_card(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require("merchant_uid", "amount", "card_number", "expiry")
    card = {name: parameters.text(name) for name in ("card_number", *_CARD_TEXTS)}
    for name in _TEXTS:
        parameters.text(name)
    fields = _fields(parameters, request)
    keys, number = account.state(BillingKeys), str(card["card_number"])
    if (reason := keys.card_rejection(number)) is not None:
        return failure(200, f"카드정보 인증에 실패하였습니다. {reason}")
    named = {_KEY_NAMES.get(name, name): value for name, value in card.items()}

    def store() -> None:
        if fields["customer_uid"] is not None:
            keys.issue(fields["customer_uid"], named | {"channel_group_id": None})

    return charge(account, keys.card_fields(number, card["pg"]) | fields, on_paid=store)


def _fields(parameters: Parameters, request: RecordedRequest) -> dict[str, Any]:
    """Return the fields of the payment that the parameters of both operations set.

    Raises:
        BadParameterError: A parameter has another type.
    """
    for name in _FLAGS:
        parameters.flag(name)
    for name in ("tax_free", "vat_amount"):
        parameters.money(name)
    quota = parameters.integer("card_quota") or 0
    if quota < 0:
        raise BadParameterError('["card_quota"] 파라메터의 형식이 올바르지 않습니다.')
    customer_uid, promotion_id = parameters.text("customer_uid"), parameters.text("promotion_id")
    return {
        **order_fields(parameters),
        "card_quota": quota,
        "customer_uid": customer_uid,
        "customer_uid_usage": None if customer_uid is None else "payment",
        "pay_method": "card",
        "promotion": None if promotion_id is None else {"id": promotion_id, "discount": 0},
        "user_agent": request.headers.get("user-agent"),
    }


ROUTES = (
    Route("POST", "/subscribe/payments/again", refusing(with_billing_key)),
    Route("POST", "/subscribe/payments/onetime", refusing(with_card)),
)
