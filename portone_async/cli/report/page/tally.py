"""The tally: counts and sums of all findings, and table rows of some. Its memory is bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.clock import in_zone_or_none, start_of_hour
from portone_async.cli.report.money import discrepancy, is_unreadable, summary_amounts
from portone_async.cli.report.run_facts import Period
from portone_async.cli.report.safe_text import script_json
from portone_async.cli.zone import in_zone
from portone_async.reconcile.bridges import Entry, entries
from portone_async.reconcile.finding import Finding, Summary, Verdict
from portone_async.reconcile.money import Sums, add_to

from .limited_rows import LimitedRows
from .table_row import table_row
from .time_buckets import Unit

__all__ = ("Tally",)

# Python 3.11 runs a function for each access to a member of an enumeration.
_MATCHED = Verdict.MATCHED


class Tally:
    """Counts and sums up findings, one by one.

    Args:
        zone: The time zone of the report.
        period: The period of the run; payments outside it are summed up apart.
        max_rows: The largest number of table rows.
    """

    def __init__(self, *, zone: tzinfo, period: Period | None, max_rows: int) -> None:
        self._zone = zone
        # In UTC, as the times of the store: datetimes of one zone are compared ten times as fast.
        self._period = period and (in_zone(period[0], UTC), in_zone(period[1], UTC))
        self.table = LimitedRows(max_rows)
        """The table rows as JSON, which takes a tenth of the memory of the objects."""
        self.amounts: dict[Verdict, Sums] = {verdict: {} for verdict in Verdict}
        """As in ``Summary.amounts``, but not of matched findings: ordered; for orphans, paid."""
        self.orders = 0
        """The number of orders that could be read."""
        self.without_order = 0
        """The number of matched findings without an order: payments refunded, never
        paid, or in a test channel."""
        self.unreadable = 0
        """The number of unreadable rows and payments, whose money is in no bridge."""
        self.hours: dict[datetime, Bucket] = {}
        """By the hour in which the payment was made, naive, in the time zone of the report."""
        self._hours: dict[int, Bucket] = {}
        """The same by the number of the hour: it takes a fifth of the time to make such a key."""
        self.outside_period = Bucket()
        """The findings whose payment was made outside the period."""
        self.without_time = Bucket()
        """The findings without a payment time."""

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        bucket = self._bucket(_payment_time(finding))
        self.orders += finding.order is not None
        if finding.verdict is _MATCHED:
            bucket.add(finding)
            self.without_order += finding.order is None
        else:
            # Once for both its sums and its row: dividing the money takes a third of the time.
            money = [*entries(finding)]
            bucket.enter(finding.verdict, money)
            self._add_difference(finding, money)

    def _add_difference(self, finding: Finding, money: Sequence[Entry]) -> None:
        verdict = finding.verdict
        self.unreadable += is_unreadable(finding)
        for currency, amount in summary_amounts(finding).items():
            add_to(self.amounts[verdict], currency, amount)
        if self.table.has_room(verdict):
            difference = discrepancy(finding, money)
            self.table.add(verdict, script_json(table_row(finding, difference, self._zone)))

    def total(self) -> Bucket:
        """Return the bucket of all findings."""
        whole = Bucket()
        for bucket in (*self.hours.values(), self.outside_period, self.without_time):
            whole.merge(bucket)
        return whole

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
        total = self.total()
        own = total.bridges()
        return (
            all(bridge.adds_up for bridge in own.values())
            and (not summary.bridge or summary.bridge == own)
            and all(total.counts[verdict] == summary.counts.get(verdict, 0) for verdict in Verdict)
            and all(self._agrees_on_amounts(verdict, summary) for verdict in Verdict)
        )

    def _agrees_on_amounts(self, verdict: Verdict, summary: Summary) -> bool:
        amounts = _without_zeros(summary.amounts.get(verdict, {}))
        return verdict is Verdict.MATCHED or _without_zeros(self.amounts[verdict]) == amounts

    def _bucket(self, time: datetime | None) -> Bucket:
        local = None if time is None else in_zone_or_none(time, self._zone)
        if time is None or local is None:
            return self.without_time
        if self._period is not None and not self._period[0] <= time < self._period[1]:
            return self.outside_period
        number = 24 * local.toordinal() + local.hour
        bucket = self._hours.get(number)
        if bucket is None:
            bucket = self._hours[number] = self.hours[start_of_hour(local)] = Bucket()
        return bucket


def _payment_time(finding: Finding) -> datetime | None:
    """Return the time of the newest paid payment; without one, of the newest cancellation."""
    for payment in finding.payments:
        if payment.paid_at is not None:
            return payment.paid_at
    for payment in finding.payments:
        if payment.cancelled_at is not None:
            return payment.cancelled_at
    return None


def _without_zeros(sums: Mapping[str, Decimal]) -> Sums:
    return {currency: amount for currency, amount in sums.items() if amount}
