"""The rows of the table of differences, as compact as ``report.js`` reads them."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal

from msgspec import Struct

from portone_async.cli.report.clock import in_zone_or_none
from portone_async.cli.report.money import format_amount
from portone_async.cli.report.reasons import reason_of, row_problem
from portone_async.cli.report.safe_text import printable, printable_order_number
from portone_async.cli.report.tier_finding import tier_of
from portone_async.cli.wording import localized
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot

__all__ = ("table_row",)

_MAX_ERROR = 600
_MAX_PAYMENTS = 10


class RowPayment(Struct, frozen=True, array_like=True):
    """A payment of a row. ``report.js`` reads the fields by position."""

    imp_uid: str
    amount: str
    cancelled: str
    currency: str
    status: str
    is_test: bool
    time: str
    """In the time zone of the report, with the UTC offset; empty if unknown."""


class Row(Struct, frozen=True, array_like=True):
    """A row of the table. ``report.js`` reads the fields by position."""

    verdict: str
    merchant_uid: str
    order: tuple[str, str, str, str] | None
    """Amount, currency, status, amount refunded by the shop."""
    payments: list[RowPayment]
    more_payments: int
    """The number of payments left out."""
    discrepancy: tuple[str, str] | None
    """Amount, currency."""
    error: str
    reason: str
    """The key of the sentence that explains the error."""
    place: str
    """The place in the order file that the sentence names."""
    korean_place: str
    """The place in Korean; empty if it is the same in both languages."""
    problem: str
    """Why a row of the order file could not be read, in Korean; the English is in the error."""
    tier: str
    """Empty unless the run has several Tiers."""


def table_row(finding: Finding, discrepancy: tuple[str, Decimal] | None, zone: tzinfo) -> Row:
    """Return the row of a finding.

    Args:
        finding: A finding that is not matched.
        discrepancy: The currency, and the amount charged less the amount due.
        zone: The time zone of the report.
    """
    reason, place = reason_of(finding)
    korean_place = localized(place, "ko")
    return Row(
        verdict=finding.verdict.value,
        merchant_uid=printable_order_number(finding.merchant_uid),
        order=None if finding.order is None else _order_fields(finding.order),
        payments=[_row_payment(payment, zone) for payment in finding.payments[:_MAX_PAYMENTS]],
        more_payments=max(0, len(finding.payments) - _MAX_PAYMENTS),
        discrepancy=None if discrepancy is None else _amount_fields(*discrepancy),
        error=printable(str(finding.error or ""), _MAX_ERROR),
        reason=reason,
        place=printable(str(place)),
        tier=printable(tier_of(finding)),
        problem=printable(row_problem(finding, "ko"), _MAX_ERROR),
        korean_place="" if korean_place == place else printable(korean_place),
    )


def _amount_fields(currency: str, amount: Decimal) -> tuple[str, str]:
    return format_amount(amount, currency), printable(currency)


def _order_fields(order: Order) -> tuple[str, str, str, str]:
    amount, currency = _amount_fields(order.currency, order.amount)
    refunded = _format_unless_zero(order.cancelled_amount, order.currency)
    return amount, currency, printable(order.status), refunded


def _row_payment(payment: PaymentSnapshot, zone: tzinfo) -> RowPayment:
    time = payment.paid_at or payment.cancelled_at
    local = None if time is None else in_zone_or_none(time, zone)
    currency = payment.currency or ""
    return RowPayment(
        imp_uid=printable(payment.imp_uid),
        amount=format_amount(payment.amount, currency),
        cancelled=_format_unless_zero(payment.cancel_amount, currency),
        currency=printable(currency),
        status=printable(payment.status),
        is_test=payment.sandbox is True,
        time="" if local is None else local.isoformat(sep=" ", timespec="seconds"),
    )


def _format_unless_zero(amount: Decimal, currency: str) -> str:
    return format_amount(amount, currency) if amount else ""
