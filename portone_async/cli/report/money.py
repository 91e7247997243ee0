"""Money of findings: what was asked for, what is off, and how it is written. Never a float."""

from __future__ import annotations

from decimal import Context, Decimal

from portone_async.models import PaymentStatus
from portone_async.reconcile.compare import is_kept
from portone_async.reconcile.finding import Finding, Verdict

__all__ = ("Sums", "add", "asked", "off", "written")

Sums = dict[str, Decimal]
"""Amounts by currency."""

_ZERO = Decimal(0)
# Python's own 28 digits would round the sum of a large amount and a small one.
_EXACT = Context(prec=100)


def add(sums: Sums, currency: str, amount: Decimal) -> None:
    sums[currency] = _EXACT.add(sums.get(currency, _ZERO), amount)


def asked(finding: Finding) -> Sums:
    """What the order asks for; of an orphan, what its payments say: as the summary counts it."""
    sums: Sums = {}
    if finding.order is not None:
        add(sums, finding.order.currency, finding.order.amount)
    elif finding.verdict is Verdict.ORPHAN:
        for payment in finding.payments:
            add(sums, payment.currency or "", payment.amount)
    return sums


def off(finding: Finding) -> tuple[str, Decimal] | None:
    """The currency and the money that the shop has, minus what it should have.

    It has what was charged and not given back, test payments not counted; it should have what
    a ``paid`` order asks for, and nothing for an order of another status or for none. ``None``
    where it cannot be said: not checked, or money in another currency.
    """
    if finding.verdict is Verdict.NOT_CHECKED:
        return None
    order = finding.order
    kept = [
        payment for payment in finding.payments if payment.sandbox is not True and is_kept(payment)
    ]
    currencies = {payment.currency or "" for payment in kept}
    if order is not None:
        currencies.add(order.currency)
    if len(currencies) != 1:
        return None
    difference = _ZERO
    for payment in kept:
        balance = _EXACT.subtract(payment.amount, payment.cancel_amount)
        difference = _EXACT.add(difference, balance)
    if order is not None and order.status == PaymentStatus.PAID:
        difference = _EXACT.subtract(difference, order.amount)
    return currencies.pop(), difference


def written(amount: Decimal) -> str:
    """The amount to its last digit, as in ``1,234,567.50``."""
    if not amount.is_finite() or abs(amount.adjusted()) > 60:
        return str(amount)
    return f"{amount:,f}"
