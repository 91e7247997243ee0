"""Refunds, whole and partial.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .entry import Entry
from .refunds import Refunds, RefusedError, Terms, history_entry, money_in
from .state import Payments

_SLOW_ACCOUNT_PGS = ("smartro_v2", "daou")


class _Order(Struct, frozen=True, kw_only=True):
    """The parameters of a refund."""

    imp_uid: str | None
    merchant_uid: str | None
    amount: Decimal
    """0 for the whole balance."""
    checksum: Decimal | None
    reason: str | None
    is_retained: bool
    refund_fields: tuple[str, ...]
    """The names of the fields about the buyer's account that were sent."""


@refusing
def cancel(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Refund a payment and return it as it is then."""
    order = _order(Parameters.of(request))
    try:
        return envelope(_refund(account, order).body())
    except RefusedError as error:
        return failure(200, str(error), code=error.code)


def _order(parameters: Parameters) -> _Order:
    for name in ("tax_free", "vat_amount"):
        parameters.money(name)
    parameters.flag("enable_webhook")
    extra = parameters.object("extra")
    if extra is not None:
        extra.text("requester", words=("customer", "admin"))
    fields = ("refund_holder", "refund_bank", "refund_account", "refund_tel")
    return _Order(
        imp_uid=parameters.text("imp_uid"),
        merchant_uid=parameters.text("merchant_uid"),
        amount=parameters.money("amount") or Decimal(0),
        checksum=parameters.money("checksum"),
        reason=parameters.text("reason"),
        is_retained=parameters.flag("retain_promotion") or False,
        refund_fields=tuple(name for name in fields if parameters.text(name)),
    )


# One step: no other refund comes between the check of the balance and the booking.
@guarded
def _refund(account: Account, order: _Order) -> Entry:
    payments, refunds = account.state(Payments), account.state(Refunds)
    entry = _target(payments, order)
    record = entry.record
    amount = _amount(refunds.balance(record), order)
    _check_account(record, order)
    terms = refunds.terms(record, amount, is_retained=order.is_retained)
    if not (_is_slow(record) or entry.imp_uid in refunds.pending_imp_uids):
        return _book(account, entry.imp_uid, terms, order.reason)

    def complete() -> None:
        # Another refund may have been made meanwhile, or the payment removed.
        current = payments.get(entry.imp_uid)
        if current is not None and refunds.balance(current.record) >= terms.order_money:
            _book(account, entry.imp_uid, terms, order.reason)

    account.agenda.add(account.clock.now + refunds.pending_seconds, complete)
    return entry


def _target(payments: Payments, order: _Order) -> Entry:
    """Return the payment to refund; ``imp_uid`` wins."""
    if order.imp_uid is not None:
        entry = payments.get(order.imp_uid)
        entries = [] if entry is None else [entry]
    else:
        # Not documented: which of several. Here the newest.
        entries = payments.of_order(order.merchant_uid or "")
    paid = [entry for entry in entries if entry.status in ("paid", "cancelled")]
    if not paid:
        raise RefusedError("취소할 결제건이 존재하지 않습니다.", code=1)
    return paid[0]


def _amount(balance: Decimal, order: _Order) -> Decimal:
    """Return the amount to refund, as far as balance and checksum allow it."""
    # Not documented: whether this or the checksum is tested first.
    if balance <= 0:
        raise RefusedError("이미 전액취소된 주문입니다.", code=1)
    if order.checksum is not None and order.checksum != balance:
        # Not documented: code and message.
        raise RefusedError("취소 가능한 금액이 일치하지 않습니다.")
    if order.amount < 0:
        # Not documented.
        raise RefusedError("취소금액이 올바르지 않습니다.")
    if order.amount > balance:
        reason = "requested cancel amount is bigger than cancelable amount"
        raise RefusedError(f"결제취소에 실패하였습니다.({reason})")
    return order.amount or balance


def _check_account(record: Mapping[str, Any], order: _Order) -> None:
    """Require the buyer's account for what was paid into a virtual account."""
    if record.get("pay_method") != "vbank":
        return
    required = ["refund_holder", "refund_bank", "refund_account"]
    if record.get("pg_provider") in ("smartro", "smartro_v2"):
        required.append("refund_tel")
    if not set(required) <= set(order.refund_fields):
        # Not documented: the message.
        raise RefusedError(f"결제취소에 실패하였습니다.({', '.join(required)} 필수)")


def _is_slow(record: Mapping[str, Any]) -> bool:
    """Tell the refunds that are accepted at once, and made later."""
    pg = record.get("pg_provider")
    is_slow_account = record.get("pay_method") == "vbank" and pg in _SLOW_ACCOUNT_PGS
    return pg == "paypal_v2" or is_slow_account


def _book(account: Account, imp_uid: str, terms: Terms, reason: str | None) -> Entry:
    payments = account.state(Payments)
    entry = payments.get(imp_uid)
    assert entry is not None
    record = entry.record
    added = history_entry(record, terms.given_back, reason=reason, now=account.clock.now)
    url = added["receipt_url"]
    payments.update(
        imp_uid,
        status="cancelled",
        cancel_amount=money_in(record, "cancel_amount") + terms.given_back,
        cancel_history=[*(record.get("cancel_history") or ()), added],
        cancel_reason=reason,
        cancel_receipt_urls=[*(record.get("cancel_receipt_urls") or ()), *([url] if url else ())],
        cancelled_at=added["cancelled_at"],
    )
    account.state(Refunds).record(imp_uid, terms)
    booked = payments.get(imp_uid)
    assert booked is not None
    return booked


ROUTES = (Route("POST", "/payments/cancel", cancel),)
