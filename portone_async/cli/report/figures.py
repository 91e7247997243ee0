"""The figures of the page, in the order in which it shows them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Summary, Verdict

from .charts import Bar, TimeChart, in_question, time_chart, verdict_chart
from .money import written
from .row import shown
from .span import Unit, fitting_unit
from .statement import in_order, statement
from .tally import Flow, Tally

__all__ = ("Charts", "Figures")

_MOST_CURRENCIES = 4
"""Charts of more would be a wall of them; the tables have all."""

Lines = list[tuple[str, str]]
"""Amounts and their currencies, one line each."""


class Money(Struct, frozen=True):
    """Sums of some findings. Amounts ordered and amounts charged are never added together."""

    due: Lines
    short: Lines
    unknown: Lines
    over: Lines
    charged: Lines


class MoneyRow(Struct, frozen=True):
    verdict: Verdict
    count: int
    money: Money


class TimeRow(Struct, frozen=True):
    name: str
    """The piece of time, or the key of a text where :attr:`is_text`."""
    findings: int
    differences: int
    money: Money
    is_text: bool = False


class Charts(Struct, frozen=True):
    currency: str
    by_verdict: list[Bar]
    """Empty where no money is in question."""
    by_time: TimeChart | None
    """``None`` where no payment has a time."""


class Figures:
    """What a summary says and a tally has counted, fit for a template."""

    def __init__(self, summary: Summary, tally: Tally) -> None:
        counts = {verdict: summary.counts.get(verdict, 0) for verdict in Verdict}
        self._summary = summary
        self._tally = tally
        self.adds_up = tally.adds_up_to(summary)
        self.all = sum(counts.values())
        self.without_order = tally.without_order
        self.orders = tally.orders
        self.matched = counts[Verdict.MATCHED] - self.without_order
        """Orders only: see :attr:`without_order`."""
        self.unchecked = counts[Verdict.NOT_CHECKED]
        self.different = self.all - counts[Verdict.MATCHED] - self.unchecked
        """Those not checked are not among them: nothing is known to differ."""
        self.unreadable = tally.unreadable
        self.in_table = tally.differences
        self.requests = summary.requests
        self.retries = summary.retries
        self.bridges = tally.bridges()
        self.currencies = in_order(self.bridges)
        self.columns = [shown(currency) for currency in self.currencies]
        """Of the statement."""
        self.statement = statement(self.bridges)
        self.money = [
            MoneyRow(verdict, count, _money(tally.ledgers[verdict].bridges()))
            for verdict, count in counts.items()
        ]
        self.total = MoneyRow(Verdict.MATCHED, self.all, _money(self.bridges))
        hours = sorted(tally.by_hour)
        self.unit = fitting_unit(hours[0], hours[-1]) if hours else Unit.DAY
        """Of the columns in the charts."""
        self.row_unit = Unit.DAY if self.unit is Unit.HOUR else self.unit
        """Of the rows in the table."""
        self.times = self._times()

    @property
    def share(self) -> str:
        """The part of the orders that matched, in percent; 100.00 for all of them only."""
        hundredths = self.matched * 10_000 // self.orders if self.orders else 0
        return f"{hundredths // 100}.{hundredths % 100:02}"

    @property
    def duration(self) -> tuple[str, dict[str, str]]:
        """The key of a text, and what to fill in."""
        seconds = self._summary.seconds
        if seconds < 60:
            return "seconds", {"n": f"{seconds:.1f}"}
        minutes, seconds = divmod(round(seconds), 60)
        if minutes < 60:
            return "minutes", {"minutes": f"{minutes}", "seconds": f"{seconds}"}
        return "hours", {"hours": f"{minutes // 60:,}", "minutes": f"{minutes % 60}"}

    def charts(self) -> list[Charts]:
        """Return the charts of the first currencies."""
        flows = self._tally.by(self.unit)
        return [
            Charts(
                shown(currency),
                verdict_chart(amounts, currency)
                if (amounts := self._in_question(currency))
                else [],
                time_chart(flows, currency, self.unit) if flows else None,
            )
            for currency in self.currencies[:_MOST_CURRENCIES]
        ]

    @property
    def left_out(self) -> int:
        """How many charts' currencies are shown, where not all are; else 0."""
        return _MOST_CURRENCIES if len(self.currencies) > _MOST_CURRENCIES else 0

    @property
    def in_doubt(self) -> list[tuple[str, Lines]]:
        """The sums of the headline: short, over and unknown, never netted."""
        total = self.total.money
        parts = (("short", total.short), ("over", total.over), ("unknown", total.unknown))
        return [(name, sums) for name, sums in parts if sums]

    def _in_question(self, currency: str) -> dict[Verdict, Decimal]:
        found = {
            verdict: in_question(bridge)
            for verdict, ledger in self._tally.ledgers.items()
            if (bridge := ledger.bridges().get(currency)) is not None
        }
        return {verdict: amount for verdict, amount in found.items() if amount}

    def _times(self) -> list[TimeRow]:
        named = [
            _time_row(self.row_unit.named(begin), flow)
            for begin, flow in sorted(self._tally.by(self.row_unit).items())
        ]
        rest = (("outside", self._tally.outside), ("unknown", self._tally.without_time))
        return named + [
            _time_row(f"time.{name}", flow, is_text=True) for name, flow in rest if flow.findings
        ]


def _money(bridges: Mapping[str, Bridge]) -> Money:
    return Money(*(_lines(bridges, name) for name in Money.__struct_fields__))


def _lines(bridges: Mapping[str, Bridge], name: str) -> Lines:
    return [
        (written(amount, currency), shown(currency))
        for currency in in_order(bridges)
        if (amount := getattr(bridges[currency], name))
    ]


def _time_row(name: str, flow: Flow, *, is_text: bool = False) -> TimeRow:
    money = _money(flow.ledger.bridges())
    return TimeRow(name, flow.findings, flow.differences, money, is_text)
