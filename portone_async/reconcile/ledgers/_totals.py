"""Exact totals to which findings are added, and from which they are removed. Pure."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import asdict, replace

from portone_async.models._record import EXACT
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.bridges import entries
from portone_async.reconcile.finding import Finding, Summary, Verdict
from portone_async.reconcile.money import Sums, add_to

__all__ = ("Totals",)

_ZERO = Decimal(0)


class Totals:
    """The totals of partitions, corrected by the findings that joining them changes.

    Joining never changes the number of rows and payments that could not be read.
    """

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._counts = dict(summary.counts)
        self._amounts = {verdict: dict(sums) for verdict, sums in summary.amounts.items()}
        self._lines: dict[str, Sums] = {
            currency: asdict(bridge) for currency, bridge in summary.bridge.items()
        }

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self._count(finding, 1)

    def remove(self, finding: Finding) -> None:
        """Remove a finding that the totals contain."""
        self._count(finding, -1)

    def summary(self) -> Summary:
        """Return the totals, without currencies whose sums are all zero."""
        amounts = {verdict: _non_zero(sums) for verdict, sums in self._amounts.items()}
        bridges = {
            currency: Bridge(**lines)
            for currency, lines in sorted(self._lines.items())
            if any(lines.values())
        }
        return replace(
            self._summary,
            counts=self._counts,
            amounts={verdict: sums for verdict, sums in amounts.items() if sums},
            bridge=bridges,
        )

    def _count(self, finding: Finding, sign: int) -> None:
        """Add a finding (1), or remove it (-1)."""
        self._counts[finding.verdict] = self._counts.get(finding.verdict, 0) + sign
        if finding.order is not None:
            self._add_amount(finding.verdict, finding.order.currency, finding.order.amount, sign)
        for payment in finding.payments if finding.order is None else ():
            self._add_amount(finding.verdict, payment.currency or "", payment.amount, sign)
        for currency, line, amount in entries(finding):
            sums = self._lines.setdefault(currency, asdict(Bridge()))
            add_to(sums, line, EXACT.multiply(amount, sign))

    def _add_amount(self, verdict: Verdict, currency: str, amount: Decimal, sign: int) -> None:
        sums = self._amounts.setdefault(verdict, {})
        add_to(sums, currency, EXACT.multiply(amount, sign))


def _non_zero(sums: Sums) -> Sums:
    return {currency: amount for currency, amount in sums.items() if amount != _ZERO}
