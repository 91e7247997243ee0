"""The figures of the page, ready for the template, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.money import format_amount, in_question
from portone_async.cli.report.safe_text import printable
from portone_async.cli.report.statement import sort_currencies, statement
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Summary, Verdict

from .charts import Bar, TimeChart, time_chart, verdict_chart
from .tally import Tally
from .time_buckets import Unit, choose_unit

__all__ = ("Charts", "Figures")

_MAX_CHARTED = 4
"""Currencies with charts; the tables have all currencies."""

Amounts = list[tuple[str, str]]
"""Formatted amounts, each with its currency."""


class Money(Struct, frozen=True):
    """The money of some findings, by the lines of the bridge."""

    due: Amounts
    short: Amounts
    unknown: Amounts
    over: Amounts
    charged: Amounts


class MoneyRow(Struct, frozen=True):
    """A row of the table by verdict."""

    verdict: Verdict
    count: int
    money: Money


class TimeRow(Struct, frozen=True):
    """A row of the table by time."""

    label: str
    """The time bucket, or the key of a message if :attr:`is_message`."""
    findings: int
    differences: int
    money: Money
    is_message: bool = False


class Charts(Struct, frozen=True):
    """The charts of a currency."""

    currency: str
    by_verdict: list[Bar]
    """Empty if no money is in question."""
    by_time: TimeChart | None
    """``None`` if no payment has a time."""


class Figures:
    """The figures of a summary and a tally."""

    def __init__(self, summary: Summary, tally: Tally) -> None:
        self._tally = tally
        self._total = tally.total()
        self._seconds = summary.seconds
        counts = {verdict: summary.counts.get(verdict, 0) for verdict in Verdict}

        # The headline and the cards.
        self.agrees = tally.agrees_with(summary)
        self.findings = sum(counts.values())
        self.orders = tally.orders
        self.without_order = tally.without_order
        """The number of matched payments without an order."""
        self.matched = counts[Verdict.MATCHED] - self.without_order
        """The number of matched orders."""
        self.unchecked = counts[Verdict.NOT_CHECKED]
        self.different = self.findings - counts[Verdict.MATCHED] - self.unchecked
        self.unreadable = tally.unreadable
        self.requests = summary.requests
        self.retries = summary.retries

        # The statement.
        self.bridges = self._total.bridges()
        self.currencies = sort_currencies(self.bridges)
        self.columns = [printable(currency) for currency in self.currencies]
        self.statement = statement(self.bridges)

        # The table by verdict.
        self.by_verdict = [
            MoneyRow(verdict, count, _money(self._total.bridges_of(verdict)))
            for verdict, count in counts.items()
        ]
        self.total = _money(self.bridges)

        # The charts and the table by time.
        hours = sorted(tally.hours)
        self.chart_unit = choose_unit(hours[0], hours[-1]) if hours else Unit.DAY
        self.row_unit = Unit.DAY if self.chart_unit is Unit.HOUR else self.chart_unit
        self.by_time = self._time_rows()

        # The table of differences.
        self.differences = self._total.differences
        self.shown = len(tally.table)
        self.left_out = [
            (verdict, left_out)
            for verdict in Verdict
            if verdict is not Verdict.MATCHED
            and (left_out := self._total.counts[verdict] - tally.table.count(verdict))
        ]
        """The number of differences that the table leaves out, by verdict."""

    @property
    def matched_percent(self) -> str:
        """The share of the orders that matched, rounded down: 100.00 only if all did."""
        hundredths = self.matched * 10_000 // self.orders if self.orders else 0
        return f"{hundredths // 100}.{hundredths % 100:02}"

    @property
    def duration(self) -> tuple[str, dict[str, str]]:
        """The key of a message, and its values."""
        if self._seconds < 60:
            return "seconds", {"n": f"{self._seconds:.1f}"}
        minutes, seconds = divmod(round(self._seconds), 60)
        if minutes < 60:
            return "minutes", {"minutes": f"{minutes}", "seconds": f"{seconds}"}
        return "hours", {"hours": f"{minutes // 60:,}", "minutes": f"{minutes % 60}"}

    @property
    def headline_sums(self) -> list[tuple[str, Amounts]]:
        """The sums that are not zero among short, over and unknown; they are not netted."""
        total = self.total
        parts = (("short", total.short), ("over", total.over), ("unknown", total.unknown))
        return [(name, amounts) for name, amounts in parts if amounts]

    @property
    def charts(self) -> list[Charts]:
        """The charts of the first currencies."""
        buckets = self._tally.buckets(self.chart_unit)
        return [
            Charts(
                printable(currency),
                verdict_chart(self._in_question(currency), currency),
                time_chart(buckets, currency, self.chart_unit) if buckets else None,
            )
            for currency in self.currencies[:_MAX_CHARTED]
        ]

    @property
    def charts_limit(self) -> int:
        """The number of currencies with charts if others have none; else 0."""
        return _MAX_CHARTED if len(self.currencies) > _MAX_CHARTED else 0

    def _in_question(self, currency: str) -> dict[Verdict, Decimal]:
        amounts = {
            verdict: in_question(bridge)
            for verdict in Verdict
            if (bridge := self._total.bridges_of(verdict).get(currency)) is not None
        }
        return {verdict: amount for verdict, amount in amounts.items() if amount}

    def _time_rows(self) -> list[TimeRow]:
        rows = [
            _time_row(self.row_unit.label(start), bucket)
            for start, bucket in sorted(self._tally.buckets(self.row_unit).items())
        ]
        rest = (("outside", self._tally.outside_period), ("unknown", self._tally.without_time))
        return rows + [
            _time_row(f"time.{name}", bucket, is_message=True)
            for name, bucket in rest
            if bucket.findings
        ]


def _money(bridges: Mapping[str, Bridge]) -> Money:
    return Money(*(_amounts(bridges, line) for line in Money.__struct_fields__))


def _amounts(bridges: Mapping[str, Bridge], line: str) -> Amounts:
    return [
        (format_amount(amount, currency), printable(currency))
        for currency in sort_currencies(bridges)
        if (amount := getattr(bridges[currency], line))
    ]


def _time_row(label: str, bucket: Bucket, *, is_message: bool = False) -> TimeRow:
    money = _money(bucket.bridges())
    return TimeRow(label, bucket.findings, bucket.differences, money, is_message)
