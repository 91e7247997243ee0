"""Verdicts and statuses as people call them, in the language that is spoken."""

from __future__ import annotations

from gettext import gettext as _
from gettext import pgettext

from portone_async.models import Payment
from portone_async.reconcile.finding import Verdict

from .escape import escaped

__all__ = ("status_words", "verdict_words")


def verdict_words(verdict: Verdict) -> str:
    """Name a verdict."""
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


def status_words(payment: Payment) -> str:
    """Name the status of a payment; a new one is named as PortOne does."""
    status = payment.status.value
    if payment.is_partially_cancelled:
        # PortOne has one word for both.
        return pgettext("in part", "cancelled")
    words = {
        "ready": _("ready"),
        "paid": _("paid"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
        "pending": _("pending"),
    }
    return words.get(status) or escaped(status)
