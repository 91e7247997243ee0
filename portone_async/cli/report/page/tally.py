"""The tally: counts and sums of all findings, and table rows of some. Its memory is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal

from portone_async.cli.report.money import discrepancy, is_unreadable, summary_amounts
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Finding, Summary, Verdict
from portone_async.reconcile.ledger import Ledger, bridges, entries
from portone_async.reconcile.money import Sums, add_to

from .clock import local_time
from .safe_text import script_json
from .table_row import table_row
from .time_buckets import Bucket, Unit

__all__ = ("Period", "Tally")

Period = tuple[datetime, datetime]
"""Start (included) and end (excluded), both aware."""


class Tally:
    """Counts and sums up findings, one by one.

    Args:
        zone: The time zone of the report.
        period: The period of the run; payments outside it are summed up apart.
        max_rows: The largest number of table rows.
    """

    def __init__(self, *, zone: tzinfo, period: Period | None, max_rows: int) -> None:
        self._zone = zone
        self._period = period
        self._max_rows = max_rows
        self.counts: Counter[Verdict] = Counter()
        self.amounts: dict[Verdict, Sums] = {verdict: {} for verdict in Verdict}
        """As in ``Summary.amounts``: ordered; for orphans, paid."""
        self.ledgers = {verdict: Ledger() for verdict in Verdict}
        self.rows: list[str] = []
        """The table rows as JSON, which takes a tenth of the memory of the objects."""
        self.orders = 0
        """The number of orders that could be read."""
        self.without_order = 0
        """The number of matched findings without an order: payments refunded, never
        paid, or in a test channel."""
        self.unreadable = 0
        """The number of unreadable rows and payments, whose money is in no bridge."""
        self.hours: dict[datetime, Bucket] = {}
        """By the hour in which the payment was made, naive, in the time zone of the report."""
        self.outside_period = Bucket()
        """The findings whose payment was made outside the period."""
        self.without_time = Bucket()
        """The findings without a payment time."""

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        verdict = finding.verdict
        is_different = verdict is not Verdict.MATCHED
        self.counts[verdict] += 1
        self.orders += finding.order is not None
        self.without_order += finding.order is None and not is_different
        self.unreadable += is_unreadable(finding)
        for currency, amount in summary_amounts(finding).items():
            add_to(self.amounts[verdict], currency, amount)
        self._enter(finding, self._bucket(_payment_time(finding)))
        if is_different and len(self.rows) < self._max_rows:
            difference = discrepancy(finding, bridges([finding]))
            self.rows.append(script_json(table_row(finding, difference, self._zone)))

    @property
    def differences(self) -> int:
        """The number of findings that are not matched."""
        return self.counts.total() - self.counts[Verdict.MATCHED]

    def bridges(self) -> dict[str, Bridge]:
        """Return the bridges of all findings, by currency."""
        whole = Ledger()
        for ledger in self.ledgers.values():
            whole.merge(ledger)
        return whole.bridges()

    def buckets(self, unit: Unit) -> dict[datetime, Bucket]:
        """Return the buckets that have findings, by start."""
        buckets: dict[datetime, Bucket] = {}
        for hour, bucket in self.hours.items():
            buckets.setdefault(unit.start(hour), Bucket()).merge(bucket)
        return buckets

    def agrees_with(self, summary: Summary) -> bool:
        """Return whether the counts, the amounts and the bridge equal those of the run.

        Does not compare the amounts of matched findings, or the bridge if the summary has none.
        """
        own = self.bridges()
        return (
            all(bridge.adds_up for bridge in own.values())
            and (not summary.bridge or summary.bridge == own)
            and all(self._agrees_on(verdict, summary) for verdict in Verdict)
        )

    def _agrees_on(self, verdict: Verdict, summary: Summary) -> bool:
        if self.counts[verdict] != summary.counts.get(verdict, 0):
            return False
        amounts = _without_zeros(summary.amounts.get(verdict, {}))
        return verdict is Verdict.MATCHED or _without_zeros(self.amounts[verdict]) == amounts

    def _enter(self, finding: Finding, bucket: Bucket) -> None:
        bucket.findings += 1
        bucket.differences += finding.verdict is not Verdict.MATCHED
        lines = list(entries(finding))
        bucket.ledger.enter(lines)
        self.ledgers[finding.verdict].enter(lines)

    def _bucket(self, time: datetime | None) -> Bucket:
        local = None if time is None else local_time(time, self._zone)
        if time is None or local is None:
            return self.without_time
        if self._period is not None and not self._period[0] <= time < self._period[1]:
            return self.outside_period
        return self.hours.setdefault(Unit.HOUR.start(local), Bucket())


def _payment_time(finding: Finding) -> datetime | None:
    """Return the time of the newest paid payment; without one, of the newest cancellation."""
    paid = (payment.paid_at for payment in finding.payments)
    cancelled = (payment.cancelled_at for payment in finding.payments)
    return next((time for times in (paid, cancelled) for time in times if time is not None), None)


def _without_zeros(sums: Mapping[str, Decimal]) -> Sums:
    return {currency: amount for currency, amount in sums.items() if amount}
