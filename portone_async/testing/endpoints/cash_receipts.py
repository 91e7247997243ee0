"""``server.cash_receipts``: receipts of payments, and of money taken outside PortOne.

API: https://developers.portone.io/api/rest-v1/receipt
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from portone_async.models.cash_receipts import ExternalReceipt, Receipt
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.record import blank, encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .payments import Payments

__all__ = ("ROUTES", "CashReceipts")

_Record = dict[str, Any]

_IDENTIFIER_TYPES = ("person", "business", "phone", "taxcard")
# The statuses are documented; these texts are not.
_ISSUED = failure(400, "이미 현금영수증이 발행된 거래입니다.")
_NOT_PAID = failure(400, "현금영수증을 발행할 수 없는 거래입니다.")
_NEVER_ISSUED = "현금영수증을 발급 한 내역이 존재하지 않습니다."
_UNSUPPORTED = failure(501, "현재 현금영수증 발행이 지원되지 않는 PG사입니다.")


class CashReceipts:
    """The receipts of the fake."""

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        self._numbers = count(1)
        self._receipts: dict[tuple[type[Receipt | ExternalReceipt], str], _Record] = {}
        self.refusal: tuple[int, str] | None = None
        """A status and a text with which the PG refuses to issue and to revoke, as in
        ``(500, "...")``."""
        self.is_supported = True
        """Whether PortOne supports the PG here; otherwise 501."""

    @guarded
    def add(self, imp_uid: str, **fields: Any) -> Receipt:
        """Add the receipt of a payment, as when the buyer requested it in the payment window."""
        record = self.issue(Receipt, "imp_uid", imp_uid, fields)
        return msgspec.convert(record, Receipt, strict=False)

    def get(self, kind: type[Receipt | ExternalReceipt], uid: str) -> _Record | None:
        return self._receipts.get((kind, uid))

    @guarded
    def issue(
        self,
        kind: type[Receipt | ExternalReceipt],
        name: str,
        uid: str,
        fields: Mapping[str, Any],
    ) -> _Record:
        """Store a receipt with invented numbers."""
        number = next(self._numbers)
        record: _Record = {
            **blank(kind),
            name: uid,
            "apply_num": f"{number:09}",
            "receipt_tid": f"fake-receipt-{number}",
            "type": "person",
            "receipt_url": f"https://receipts.example/{number}",
            "applied_at": int(self._clock.now),
        }
        self._receipts[kind, uid] = record | encode(kind, fields)
        return self._receipts[kind, uid]

    @guarded
    def revoke(self, record: _Record) -> _Record:
        record["cancelled_at"] = int(self._clock.now)
        return record


def _refusal(account: Account) -> Reply | None:
    receipts = account.state(CashReceipts)
    if not receipts.is_supported:
        return _UNSUPPORTED
    return None if receipts.refusal is None else failure(*receipts.refusal)


def _requested(parameters: Parameters, amount: Decimal) -> _Record:
    """Return the fields that both kinds of receipts get from their parameters."""
    parameters.text("identifier")
    parameters.text("identifier_type", words=_IDENTIFIER_TYPES)
    parameters.text("product_type", words=("real", "digital"))
    for name in ("buyer_name", "buyer_email", "buyer_tel", "corp_reg_no"):
        parameters.text(name)
    kind = parameters.text("type", words=("person", "company")) or "person"
    tax_free = parameters.integer("tax_free") or 0
    vat = parameters.money("vat_amount")
    if vat is None:
        # A 1/11 of the taxed part is documented, its rounding is not.
        vat = Decimal(int((amount - tax_free) / 11))
    return {"type": kind, "amount": amount, "vat": vat}


# Receipts of payments


def get(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    receipt = account.state(CashReceipts).get(Receipt, path["imp_uid"])
    return _never_issued(path["imp_uid"]) if receipt is None else envelope(receipt)


def _never_issued(imp_uid: str) -> Reply:
    return failure(404, f"해당 아임포트 고유 번호({imp_uid})로 {_NEVER_ISSUED}")


def issue(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Issue a receipt for the balance of a paid payment."""
    parameters = Parameters.of(request)
    parameters.require("identifier")
    for name in ("company_tel", "company_name"):
        parameters.text(name)
    receipts = account.state(CashReceipts)
    imp_uid = path["imp_uid"]
    if receipts.get(Receipt, imp_uid) is not None:
        return _ISSUED
    entry = account.state(Payments).get(imp_uid)
    # An unknown payment is not documented: here it is one that is not paid.
    if entry is None or not entry.record.get("paid_at"):
        return _NOT_PAID
    balance = Decimal(entry.record["amount"]) - Decimal(entry.record.get("cancel_amount", 0))
    fields = _requested(parameters, balance)
    refusal = _refusal(account)
    if refusal is not None:
        return refusal
    account.state(Payments).update(imp_uid, cash_receipt_issued=True)
    return envelope(receipts.issue(Receipt, "imp_uid", imp_uid, fields))


def cancel(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Revoke a receipt. A second time is refused with 400, which is an assumption."""
    receipts = account.state(CashReceipts)
    receipt = receipts.get(Receipt, path["imp_uid"])
    if receipt is None or receipt["cancelled_at"]:
        return failure(400, "발급된 현금영수증이 존재하지 않습니다.")
    return _refusal(account) or envelope(receipts.revoke(receipt))


# Receipts of other money


def get_external(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    receipt = account.state(CashReceipts).get(ExternalReceipt, path["merchant_uid"])
    return _no_external() if receipt is None else envelope(receipt)


def _no_external() -> Reply:
    return failure(404, f"해당 주문번호로 {_NEVER_ISSUED}")


def issue_external(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Issue a receipt under an order number, once."""
    parameters = Parameters.of(request)
    parameters.require("channel_key", "name", "amount", "identifier")
    for name in ("channel_key", "name"):
        parameters.text(name)
    parameters.text("pay_method", words=("trans", "vbank"))
    receipts = account.state(CashReceipts)
    merchant_uid = path["merchant_uid"]
    if receipts.get(ExternalReceipt, merchant_uid) is not None:
        return _ISSUED
    amount = Decimal(parameters.integer("amount") or 0)
    fields = _requested(parameters, amount)
    refusal = _refusal(account)
    if refusal is not None:
        return refusal
    return envelope(receipts.issue(ExternalReceipt, "merchant_uid", merchant_uid, fields))


def cancel_external(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Revoke a receipt. What a second time gets is not documented; here 400."""
    receipts = account.state(CashReceipts)
    receipt = receipts.get(ExternalReceipt, path["merchant_uid"])
    if receipt is None:
        return _no_external()
    if receipt["cancelled_at"]:
        return failure(400, "이미 취소된 현금영수증입니다.")
    return _refusal(account) or envelope(receipts.revoke(receipt))


ROUTES = (
    Route("GET", "/receipts/{imp_uid}", get),
    Route("POST", "/receipts/{imp_uid}", refusing(issue)),
    Route("DELETE", "/receipts/{imp_uid}", cancel),
    Route("GET", "/receipts/external/{merchant_uid}", get_external),
    Route("POST", "/receipts/external/{merchant_uid}", refusing(issue_external)),
    Route("DELETE", "/receipts/external/{merchant_uid}", cancel_external),
)
