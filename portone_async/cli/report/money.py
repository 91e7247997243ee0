"""Amounts of findings, exact: as text, and as sums by currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from portone_async.models._record import EXACT
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Finding, Verdict
from portone_async.reconcile.money import Sums, add_to

__all__ = ("discrepancy", "format_amount", "is_unreadable", "summary_amounts")

# The currencies that PortOne lists, without the won, the yen and the dong, which have no cents.
_WITH_CENTS = frozenset(
    ("USD", "EUR", "GBP", "CNY", "HKD", "SGD", "AUD", "CAD", "CHF", "THB", "MYR", "TWD")
)


def summary_amounts(finding: Finding) -> Sums:
    """Return the amounts that ``Summary.amounts`` counts: of the order, or of an orphan."""
    sums: Sums = {}
    if finding.order is not None:
        add_to(sums, finding.order.currency, finding.order.amount)
    elif finding.verdict is Verdict.ORPHAN:
        for payment in finding.payments:
            add_to(sums, payment.currency or "", payment.amount)
    return sums


def discrepancy(finding: Finding, bridges: Mapping[str, Bridge]) -> tuple[str, Decimal] | None:
    """Subtract the amount due from the amount charged.

    Args:
        finding: A finding.
        bridges: The bridges of this finding alone.

    Returns:
        The currency and the difference; ``None`` if it is unknown: the order was not checked, or
        it was charged in another currency.
    """
    if finding.verdict is Verdict.NOT_CHECKED or len(bridges) != 1:
        return None
    ((currency, bridge),) = bridges.items()
    if bridge.unknown or bridge.unassigned:
        return None
    return currency, EXACT.subtract(bridge.charged, bridge.due)


def is_unreadable(finding: Finding) -> bool:
    """Return whether a finding stands for a row or payment of which no amount could be read."""
    return finding.verdict is Verdict.NOT_CHECKED and finding.order is None and not finding.payments


def format_amount(amount: Decimal, currency: str = "") -> str:
    """Format an amount with all its digits, as in ``1,234,567.50``.

    Args:
        amount: Any amount.
        currency: A currency with cents gets at least two decimals, so that columns align.
    """
    exponent = amount.as_tuple().exponent
    # NaN, or so large or small that its zeros would fill the page.
    if not isinstance(exponent, int) or abs(amount.adjusted()) > 60:
        return str(amount)
    places = 2 if currency in _WITH_CENTS else 0
    return f"{amount:,f}" if -exponent >= places else f"{amount:,.{places}f}"
