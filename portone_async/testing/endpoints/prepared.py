"""Amounts registered before payment.

API: https://developers.portone.io/api/rest-v1/payment.validation
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portone_async.models.prepared import PreparedPayment
from portone_async.testing.account import Account
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.record import encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

_NOT_PREPARED = "사전등록된 결제정보가 존재하지 않습니다."


class Prepared:
    """The registered amounts."""

    def __init__(self, _: Account) -> None:
        self.by_order: dict[str, dict[str, Any]] = {}
        """Objects as PortOne sends them, by ``merchant_uid``."""


def create(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    merchant_uid, amount = _requested(request)
    prepared = account.state(Prepared).by_order
    if merchant_uid in prepared:
        return failure(
            200, "결제정보 사전등록에 실패하였습니다(이미 등록된 merchant_uid입니다).", code=1
        )
    prepared[merchant_uid] = amount
    return envelope(amount)


def update(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    merchant_uid, amount = _requested(request)
    prepared = account.state(Prepared).by_order
    if merchant_uid not in prepared:
        return failure(404, _NOT_PREPARED)
    prepared[merchant_uid] = amount
    return envelope(amount)


def get(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    prepared = account.state(Prepared).by_order.get(path["merchant_uid"])
    return failure(404, _NOT_PREPARED) if prepared is None else envelope(prepared)


def _requested(request: RecordedRequest) -> tuple[str, dict[str, Any]]:
    """Return the order number and the object to register.

    Raises:
        BadParameterError: A parameter is missing or has another type.
    """
    parameters = Parameters.of(request)
    parameters.require("merchant_uid", "amount")
    merchant_uid = parameters.text("merchant_uid") or ""
    # PortOne documents both: that the default is KRW, and that the currency is then not checked.
    currency = parameters.text("currency") or "KRW"
    amount = parameters.money("amount")
    fields = {"amount": amount, "currency": currency, "merchant_uid": merchant_uid}
    return merchant_uid, encode(PreparedPayment, fields)


ROUTES = (
    Route("POST", "/payments/prepare", refusing(create)),
    Route("PUT", "/payments/prepare", refusing(update)),
    Route("GET", "/payments/prepare/{merchant_uid}", get),
)
