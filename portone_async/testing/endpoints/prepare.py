"""https://developers.portone.io/api/rest-v1/payment.validation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from portone_async.testing.answer import Answer, envelope, failure
from portone_async.testing.received import RecordedRequest
from portone_async.testing.record import written
from portone_async.testing.route import Route
from portone_async.testing.shop import Shop


class Prepared(dict[str, dict[str, Any]]):
    """What was prepared, by ``merchant_uid``."""


def prepare(shop: Shop, received: RecordedRequest, _: Mapping[str, str]) -> Answer:
    fields = received.fields
    merchant_uid = str(fields.get("merchant_uid") or "")
    amount = _amount(fields.get("amount"))
    if not merchant_uid or amount is None:
        # Not documented: worded as the one for a missing key is.
        return failure(400, "merchant_uid, amount 파라메터가 누락되었습니다.")
    prepared = shop.state(Prepared)
    if merchant_uid in prepared:
        return failure(
            200, "결제정보 사전등록에 실패하였습니다(이미 등록된 merchant_uid입니다).", code=1
        )
    currency = fields.get("currency") or "KRW"
    prepared[merchant_uid] = written(
        {"amount": amount, "currency": currency, "merchant_uid": merchant_uid}
    )
    return envelope(prepared[merchant_uid])


def prepared_amount(shop: Shop, _: RecordedRequest, path: Mapping[str, str]) -> Answer:
    found = shop.state(Prepared).get(path["merchant_uid"])
    if found is None:
        return failure(404, "사전등록된 결제정보가 존재하지 않습니다.")
    return envelope(found)


def _amount(value: Any) -> Decimal | None:
    """A number, or a form's text for one."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


ROUTES = (
    Route("POST", "/payments/prepare", prepare),
    Route("GET", "/payments/prepare/{merchant_uid}", prepared_amount),
)
