"""What a report remembers of the findings: figures of all, rows of some. Bounded in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal

from msgspec import Struct, field

from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Finding, Summary, Verdict
from portone_async.reconcile.ledger import Ledger, bridges, entries
from portone_async.reconcile.money import Sums, add_to

from .money import asked, difference, is_unreadable
from .row import embedded, local, row_of
from .span import Unit

__all__ = ("Flow", "Period", "Tally")

Period = tuple[datetime, datetime]
"""From the first, which is in it, until the second, which is not. Both aware."""


class Flow(Struct):
    """The findings of one piece of time."""

    findings: int = 0
    differences: int = 0
    ledger: Ledger = field(default_factory=Ledger)

    def merge(self, other: Flow) -> None:
        self.findings += other.findings
        self.differences += other.differences
        self.ledger.merge(other.ledger)


class Tally:
    """Findings, gone through once."""

    def __init__(self, *, zone: tzinfo, period: Period | None, most_rows: int) -> None:
        self._zone = zone
        self._period = period
        self._most_rows = most_rows
        self.counts: Counter[Verdict] = Counter()
        self.amounts: dict[Verdict, Sums] = {verdict: {} for verdict in Verdict}
        """As the summary counts them: of orders, and of payments that belong to none."""
        self.ledgers = {verdict: Ledger() for verdict in Verdict}
        self.rows: list[str] = []
        """JSON of what the table shows: a tenth of the memory that the objects would take."""
        self.orders = 0
        """Orders that were read. A row that could not be read is counted as unreadable."""
        self.without_order = 0
        """Of the matched: payments that belong to no order, and came to no money."""
        self.unreadable = 0
        """Rows and payments that could not be read: their money is in no bridge."""
        self.by_hour: dict[datetime, Flow] = {}
        """By the hour in which the payment was made, on the clock of the zone."""
        self.outside = Flow()
        """Findings whose payment lies outside the period."""
        self.without_time = Flow()

    def add(self, finding: Finding) -> None:
        verdict = finding.verdict
        is_different = verdict is not Verdict.MATCHED
        self.counts[verdict] += 1
        flow = self._flow(_paid_at(finding))
        flow.findings += 1
        flow.differences += is_different
        # A payment without an order may match, too: when no money came with it.
        self.without_order += finding.order is None and verdict is Verdict.MATCHED
        self.orders += finding.order is not None
        self.unreadable += is_unreadable(finding)
        for currency, amount in asked(finding).items():
            add_to(self.amounts[verdict], currency, amount)
        found = list(entries(finding))
        self.ledgers[verdict].enter(found)
        flow.ledger.enter(found)
        if is_different and len(self.rows) < self._most_rows:
            off = difference(finding, bridges([finding]))
            self.rows.append(embedded(row_of(finding, off, self._zone)))

    @property
    def differences(self) -> int:
        return self.counts.total() - self.counts[Verdict.MATCHED]

    def bridges(self) -> dict[str, Bridge]:
        """The bridges of all findings, by currency."""
        whole = Ledger()
        for ledger in self.ledgers.values():
            whole.merge(ledger)
        return whole.bridges()

    def adds_up_to(self, summary: Summary) -> bool:
        """Whether this tally agrees with the figures of the run: all findings, money in doubt.

        A summary without a bridge, as one made by hand may be, is not compared by it.
        """
        found = self.bridges()
        is_sound = all(bridge.adds_up for bridge in found.values())
        is_same = not summary.bridge or summary.bridge == found
        return (
            is_sound
            and is_same
            and all(
                self.counts[verdict] == summary.counts.get(verdict, 0)
                and (
                    verdict is Verdict.MATCHED
                    or _without_zeros(self.amounts[verdict])
                    == _without_zeros(summary.amounts.get(verdict, {}))
                )
                for verdict in Verdict
            )
        )

    def by(self, unit: Unit) -> dict[datetime, Flow]:
        """The flows of all pieces of time that have any."""
        flows: dict[datetime, Flow] = {}
        for hour, flow in self.by_hour.items():
            flows.setdefault(unit.begin(hour), Flow()).merge(flow)
        return flows

    def _flow(self, time: datetime | None) -> Flow:
        clock = None if time is None else local(time, self._zone)
        if time is None or clock is None:
            return self.without_time
        if self._period is not None and not self._period[0] <= time < self._period[1]:
            return self.outside
        return self.by_hour.setdefault(Unit.HOUR.begin(clock), Flow())


def _paid_at(finding: Finding) -> datetime | None:
    """When the newest payment was made that was made at all; else when one was cancelled."""
    paid = (payment.paid_at for payment in finding.payments)
    cancelled = (payment.cancelled_at for payment in finding.payments)
    return next((time for times in (paid, cancelled) for time in times if time is not None), None)


def _without_zeros(sums: Mapping[str, Decimal]) -> Sums:
    return {currency: amount for currency, amount in sums.items() if amount}
