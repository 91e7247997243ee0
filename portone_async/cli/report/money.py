"""Money of findings: what was asked for, what differs, and how it is written. Never a float."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from portone_async.models._record import EXACT
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Finding, Verdict
from portone_async.reconcile.money import Sums, add_to

__all__ = ("asked", "difference", "is_unreadable", "written")

# Those that PortOne lists, but for the won, the yen and the dong, which have no cents.
_WITH_CENTS = frozenset(
    ("USD", "EUR", "GBP", "CNY", "HKD", "SGD", "AUD", "CAD", "CHF", "THB", "MYR", "TWD")
)


def asked(finding: Finding) -> Sums:
    """What the order asks for; of an orphan, what its payments say: as the summary counts it."""
    sums: Sums = {}
    if finding.order is not None:
        add_to(sums, finding.order.currency, finding.order.amount)
    elif finding.verdict is Verdict.ORPHAN:
        for payment in finding.payments:
            add_to(sums, payment.currency or "", payment.amount)
    return sums


def difference(finding: Finding, found: Mapping[str, Bridge]) -> tuple[str, Decimal] | None:
    """Subtract what the order asks for from what PortOne has of it.

    Args:
        finding: A finding.
        found: The bridges of this finding alone.

    Returns:
        The currency and the difference; ``None`` where it cannot be said: not checked, or money
        in another currency.
    """
    if finding.verdict is Verdict.NOT_CHECKED or len(found) != 1:
        return None
    ((currency, bridge),) = found.items()
    if bridge.unknown or bridge.unassigned:
        return None
    return currency, EXACT.subtract(bridge.charged, bridge.due)


def is_unreadable(finding: Finding) -> bool:
    """Whether not even an amount could be read."""
    return finding.verdict is Verdict.NOT_CHECKED and finding.order is None and not finding.payments


def written(amount: Decimal, currency: str = "") -> str:
    """Write an amount to its last digit, as in ``1,234,567.50``.

    Args:
        amount: Any amount.
        currency: One with cents gets two decimals at least, so that a column lines up.
    """
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or abs(amount.adjusted()) > 60:
        return str(amount)
    places = 2 if currency in _WITH_CENTS else 0
    return f"{amount:,f}" if -exponent >= places else f"{amount:,.{places}f}"
