"""The amount of a payment by means of payment and tax.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .lookup import payment_not_found
from .refunds import money_in
from .state import Payments

# The document lists PAYCO only; the message names both.
_PGS = ("payco", "kcp")
_NO_DETAILS = (
    "(현재는 PAYCO, KCP만 지원됩니다) 결제건에 대한 금액상세정보가 확인되지 않습니다. "
    "결제 상태가 paid 또는 cancelled가 아닌 경우 확인되지 않습니다."
)
_NOTHING = {"tax_free": 0, "supply": 0, "vat": 0, "service": 0}


def balance(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Split the amount. Invented: all of it is taxed, and paid by the primary means."""
    entry = account.state(Payments).get(path["imp_uid"])
    if entry is None:
        return payment_not_found()
    record = entry.record
    if record.get("pg_provider") not in _PGS or entry.status not in ("paid", "cancelled"):
        return failure(404, _NO_DETAILS)
    amount = money_in(record, "amount")
    changes = [(amount, record.get("paid_at"))]
    changes += [
        (-money_in(refund, "amount"), refund.get("cancelled_at"))
        for refund in record.get("cancel_history") or ()
    ]
    rest = amount - money_in(record, "cancel_amount")
    histories = [{**_parts(change), "created": created} for change, created in changes]
    return envelope({**_parts(rest), "amount": amount, "histories": histories})


def _parts(amount: Decimal) -> dict[str, Any]:
    nothing = dict.fromkeys(("cash_receipt", "secondary", "discount"), _NOTHING)
    return {**nothing, "primary": _split(amount)}


def _split(amount: Decimal) -> dict[str, Any]:
    """Split an amount that includes 10% VAT."""
    supply = (amount * 10 / 11).quantize(Decimal(1), ROUND_HALF_UP)
    return {**_NOTHING, "supply": supply, "vat": amount - supply}


ROUTES = (Route("GET", "/payments/{imp_uid}/balance", balance),)
