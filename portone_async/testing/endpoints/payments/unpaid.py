"""Payments that wait for money: what virtual accounts and barcodes have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.parameters import Parameters
from portone_async.testing.reply import Reply, failure

from .state import Payments

__all__ = (
    "add_unpaid",
    "body_of",
    "close_unpaid",
    "common_fields",
    "refuse_paid_order",
)

_BUYER = ("buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode")


def refuse_paid_order(account: Account, merchant_uid: str) -> Reply | None:
    """Refuse an order number that was ever paid. Ready payments of the same number are allowed."""
    entries = account.state(Payments).of_order(merchant_uid)
    if not any(entry.record.get("paid_at") for entry in entries):
        return None
    # Code, text and status are not documented.
    return failure(200, "이미 결제가 이루어진 merchant_uid입니다.", code=1)


def common_fields(parameters: Parameters) -> dict[str, Any]:
    """Return the fields of a payment that both operations take.

    Raises:
        BadParameterError: A parameter has another type.
    """
    parameters.texts("notice_url")
    fields: dict[str, Any] = {name: parameters.text(name) for name in ("name", *_BUYER)}
    fields["merchant_uid"] = parameters.text("merchant_uid")
    fields["amount"] = parameters.money("amount")
    fields["custom_data"] = parameters.text_or_json("custom_data")
    return fields


def add_unpaid(account: Account, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Add a payment that waits for money, and return the object that PortOne sends."""
    payments = account.state(Payments)
    imp_uid = payments.new_imp_uid()
    payments.add(None, **{"imp_uid": imp_uid, "status": "ready", "channel": "api"} | dict(fields))
    return body_of(payments, imp_uid)


def close_unpaid(account: Account, imp_uid: str) -> dict[str, Any]:
    """Close a payment that waits for money. It was not paid, so nothing is refunded.

    That its status is ``cancelled`` afterwards is an assumption: PortOne does not document it.
    """
    payments = account.state(Payments)
    unpaid: dict[str, Any] = {"paid_at": 0, "cancel_amount": 0, "cancel_history": []}
    now = int(account.clock.now)
    payments.update(imp_uid, status="cancelled", cancelled_at=now, cancel_reason=None, **unpaid)
    return body_of(payments, imp_uid)


def body_of(payments: Payments, imp_uid: str) -> dict[str, Any]:
    """Return a payment as PortOne sends it."""
    entry = payments.get(imp_uid)
    assert entry is not None
    return entry.body()
