"""The two charts of a currency: money in question by verdict, money charged by time.

Only the proportions are computed here, as floats; ``assets/charts.html`` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Verdict
from portone_async.reconcile.money import total

from .money import written
from .span import Unit, steps
from .tally import Flow

__all__ = ("Bar", "TimeChart", "in_question", "time_chart", "verdict_chart")

_MOST_TICKS = 7
"""As many as fit side by side below a chart on a phone."""


class Bar(Struct, frozen=True):
    """The bar of a verdict."""

    verdict: Verdict
    amount: str
    share: float
    """Its length, as a share of the longest bar: 0 to 1."""


class Column(Struct, frozen=True):
    """The column of a time bucket."""

    number: int
    """Its place, from 0."""
    name: str
    """The bucket, such as ``2026-11-01 09:00``."""
    amount: str
    share: float
    """Its height, as a share of the highest column: 0 to 1."""


class Panel(Struct, frozen=True):
    """Columns of one scale."""

    highest: str
    """The amount of the highest column."""
    columns: list[Column]
    """Only those with an amount above 0."""


class Tick(Struct, frozen=True):
    """A name below the time axis."""

    column: int
    name: str


class TimeChart(Struct, frozen=True):
    """Two panels over one time axis."""

    columns: int
    """The number of time buckets."""
    charged: Panel
    in_question: Panel
    ticks: list[Tick]


def in_question(bridge: Bridge) -> Decimal:
    """Add up short, over, unknown and unassigned money; they are not netted."""
    return total(bridge.short, bridge.over, bridge.unknown, bridge.unassigned)


def verdict_chart(amounts: Mapping[Verdict, Decimal], currency: str) -> list[Bar]:
    """Return a bar for each verdict.

    Args:
        amounts: In one currency, without matched money, which would dwarf the rest.
        currency: The currency of the amounts.
    """
    longest = max(amounts.values())
    return [
        Bar(verdict, written(amount, currency), _share(amount, longest))
        for verdict, amount in amounts.items()
    ]


def time_chart(flows: Mapping[datetime, Flow], currency: str, unit: Unit) -> TimeChart:
    """Return the columns of what was charged and of the money in question.

    Args:
        flows: The findings by time bucket; empty buckets may be left out.
        currency: The currency to show.
        unit: The length of a bucket.
    """
    begins = steps(unit, flows.keys())
    names = [unit.named(begin) for begin in begins]
    empty, nothing = Flow(), Bridge()
    bridges = [flows.get(begin, empty).ledger.bridges().get(currency, nothing) for begin in begins]
    return TimeChart(
        columns=len(begins),
        charged=_panel(names, [bridge.charged for bridge in bridges], currency),
        in_question=_panel(names, [in_question(bridge) for bridge in bridges], currency),
        ticks=_ticks([unit.short(begin) for begin in begins]),
    )


def _panel(names: Sequence[str], amounts: Sequence[Decimal], currency: str) -> Panel:
    highest = max(amounts)
    columns = [
        Column(number, name, written(amount, currency), _share(amount, highest))
        for number, (name, amount) in enumerate(zip(names, amounts, strict=True))
        if amount > 0
    ]
    return Panel(written(highest, currency), columns)


def _ticks(names: Sequence[str]) -> list[Tick]:
    every = -(-len(names) // _MOST_TICKS)
    return [Tick(number, names[number]) for number in range(0, len(names), every)]


def _share(amount: Decimal, whole: Decimal) -> float:
    return max(0.0, float(amount / whole)) if whole > 0 else 0.0
