"""Verdicts, statuses and amounts as text, in the current language."""

from __future__ import annotations

from decimal import Decimal
from gettext import gettext as _
from gettext import pgettext

from portone_async.models import Payment
from portone_async.reconcile.finding import Verdict

from .escape import escape

__all__ = ("format_money", "status_label", "verdict_label")


def verdict_label(verdict: Verdict) -> str:
    """Return the label of a verdict."""
    return {
        Verdict.MATCHED: _("matched"),
        Verdict.MISSING: _("missing"),
        Verdict.AMOUNT_DIFFERS: _("amount differs"),
        Verdict.CURRENCY_DIFFERS: _("currency differs"),
        Verdict.STATUS_DIFFERS: _("status differs"),
        Verdict.PARTIALLY_CANCELLED: _("partially cancelled"),
        Verdict.PAID_TWICE: _("paid twice"),
        Verdict.TEST_PAYMENT: _("test payment"),
        Verdict.ORPHAN: _("orphan"),
        Verdict.NOT_CHECKED: _("not checked"),
    }[verdict]


def status_label(payment: Payment) -> str:
    """Return the label of a payment's status; an unknown status is its own label."""
    status = payment.status.value
    if payment.is_partially_cancelled:
        # PortOne has one status for payments cancelled in part and in full.
        return pgettext("in part", "cancelled")
    labels = {
        "ready": _("ready"),
        "paid": _("paid"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
        "pending": _("pending"),
    }
    return labels.get(status) or escape(status)


def format_money(payment: Payment, amount: Decimal) -> str:
    """Format an amount in the currency of a payment: ``15,000 KRW``."""
    currency = f" {escape(payment.currency)}" if payment.currency else ""
    return f"{amount:,f}{currency}"
