"""Charge: the one way by which operations without a payment window make a payment.

PortOne does not document what it answers to a number that was charged before. The words of the text
are quoted from a production code base; its prefix, the code and the status are invented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.parameters import Parameters
from portone_async.testing.reply import Reply, envelope, failure

from .state import Charges, Plan

__all__ = ("DUPLICATE", "charge", "is_used", "order_fields")

DUPLICATE = failure(200, "이미 존재하는 merchant_uid 입니다.")

_BUYER = ("buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode")


def order_fields(parameters: Parameters) -> dict[str, Any]:
    """Return the fields of a payment that describe the order.

    Raises:
        BadParameterError: A parameter has another type.
    """
    fields: dict[str, Any] = {
        name: parameters.text(name) for name in ("merchant_uid", "name", *_BUYER)
    }
    return {
        **fields,
        "amount": parameters.money("amount"),
        "currency": parameters.text("currency") or "KRW",
        "custom_data": parameters.text_or_json("custom_data"),
    }


def charge(
    account: Account,
    fields: Mapping[str, Any],
    *,
    declined: str | None = None,
    on_paid: Callable[[], object] | None = None,
) -> Reply:
    """Make a payment, paid or failed, and return PortOne's reply.

    Args:
        account: The account.
        fields: Those of the payment, without its status.
        declined: Why the PG declines it; ``None`` if it does not.
        on_paid: Called if it is paid.
    """
    charges, merchant_uid = account.state(Charges), fields["merchant_uid"]
    if charges.refuses_used_numbers and is_used(account, merchant_uid):
        return DUPLICATE
    plan = charges.take_plan()
    if plan.refusal is not None:
        code, message = plan.refusal
        return failure(200, message, code=code)
    fail_reason = plan.fail_reason or declined
    body = _add(account, plan, fields, fail_reason=fail_reason)
    if on_paid is not None and fail_reason is None:
        on_paid()
    return envelope(body)


def is_used(account: Account, merchant_uid: str) -> bool:
    """Whether a number has a payment, also one that is not visible yet."""
    hidden = account.state(Charges).is_hidden(merchant_uid)
    return hidden or bool(account.state(Payments).of_order(merchant_uid))


def _add(
    account: Account, plan: Plan, fields: Mapping[str, Any], *, fail_reason: str | None
) -> dict[str, Any]:
    payments = account.state(Payments)
    outcome = {"status": "failed", "fail_reason": fail_reason} if fail_reason else {}
    imp_uid = payments.add(None, **{**fields, **outcome, "channel": "api"}).imp_uid
    entry = payments.get(imp_uid)
    assert entry is not None
    if plan.hidden_for > 0:
        _hide(account, entry.record, plan.hidden_for)
    return entry.body()


def _hide(account: Account, record: dict[str, Any], seconds: float) -> None:
    """Take a payment out of sight until the clock has moved on."""
    payments, charges = account.state(Payments), account.state(Charges)
    payments.remove(record["imp_uid"])
    charges.hide(record["merchant_uid"])

    def show() -> None:
        charges.show(record["merchant_uid"])
        payments.add(None, **record)

    account.agenda.add(account.clock.now + seconds, show)
