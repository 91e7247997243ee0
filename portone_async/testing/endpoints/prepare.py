"""Amounts registered before payment.

API: https://developers.portone.io/api/rest-v1/payment.validation
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from portone_async.models import Payment
from portone_async.testing.account import Account
from portone_async.testing.clock import Clock
from portone_async.testing.record import encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route


class Prepared:
    """The registered amounts."""

    def __init__(self, _: Clock) -> None:
        self.by_order: dict[str, dict[str, Any]] = {}
        """Objects as PortOne sends them, by ``merchant_uid``."""


def prepare(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    fields = request.fields
    merchant_uid = str(fields.get("merchant_uid") or "")
    amount = _amount(fields.get("amount"))
    if not merchant_uid or amount is None:
        # Not documented: the message follows the one for a missing key.
        return failure(400, "merchant_uid, amount 파라메터가 누락되었습니다.")
    prepared = account.state(Prepared).by_order
    if merchant_uid in prepared:
        return failure(
            200, "결제정보 사전등록에 실패하였습니다(이미 등록된 merchant_uid입니다).", code=1
        )
    currency = fields.get("currency") or "KRW"
    prepared[merchant_uid] = encode(
        Payment, {"amount": amount, "currency": currency, "merchant_uid": merchant_uid}
    )
    return envelope(prepared[merchant_uid])


def prepared_amount(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    prepared = account.state(Prepared).by_order.get(path["merchant_uid"])
    if prepared is None:
        return failure(404, "사전등록된 결제정보가 존재하지 않습니다.")
    return envelope(prepared)


def _amount(value: Any) -> Decimal | None:
    """Parse a JSON number or a form's text."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


ROUTES = (
    Route("POST", "/payments/prepare", prepare),
    Route("GET", "/payments/prepare/{merchant_uid}", prepared_amount),
)
