"""Amounts of findings, exact: as text, and as sums by currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from portone_async.models._record import EXACT
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.bridges import Entry
from portone_async.reconcile.finding import Finding, Verdict
from portone_async.reconcile.money import Sums, add_to, total

__all__ = (
    "decimal_places",
    "discrepancy",
    "format_amount",
    "in_question",
    "is_unreadable",
    "summary_amounts",
)

_ZERO = Decimal(0)
_UNKNOWN = frozenset(("not_checked", "other_currency", "unassigned"))
# The amount due is what was ordered, without what is not due.
_CHARGED_LESS_DUE = {"charged": EXACT.add, "ordered": EXACT.subtract, "not_due": EXACT.add}

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


def discrepancy(finding: Finding, money: Iterable[Entry]) -> tuple[str, Decimal] | None:
    """Subtract the amount due from the amount charged.

    Args:
        finding: A finding.
        money: Its entries.

    Returns:
        The currency and the difference; ``None`` if it is unknown: the order was not checked, or
        it was charged in another currency.
    """
    if finding.verdict is Verdict.NOT_CHECKED:
        return None
    currencies: set[str] = set()
    difference = _ZERO
    for currency, line, amount in money:
        if not amount:
            continue
        if line in _UNKNOWN:
            return None
        currencies.add(currency)
        if line in _CHARGED_LESS_DUE:
            difference = _CHARGED_LESS_DUE[line](difference, amount)
    return (currencies.pop(), difference) if len(currencies) == 1 else None


def in_question(bridge: Bridge) -> Decimal:
    """Add up short, over, unknown and unassigned money; they are not netted."""
    return total(bridge.short, bridge.over, bridge.unknown, bridge.unassigned)


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
    places = decimal_places(currency)
    return f"{amount:,f}" if -exponent >= places else f"{amount:,.{places}f}"


def decimal_places(currency: str) -> int:
    """Return the number of decimals that all amounts of a currency have at least."""
    return 2 if currency in _WITH_CENTS else 0
