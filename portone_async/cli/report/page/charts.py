"""The two charts of a currency: money in question by verdict, money charged by time.

Only the proportions are computed here, as floats; ``assets/charts.html`` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import ceil

from msgspec import Struct

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.money import format_amount, in_question
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.finding import Verdict

from .time_buckets import Unit, bucket_starts

__all__ = ("Bar", "TimeChart", "time_chart", "verdict_chart")

_ZERO = Decimal(0)
_MAX_TICKS = 7
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
    """Its position, from 0."""
    label: str
    """Names the bucket, as in ``2026-11-01 09:00``."""
    amount: str
    share: float
    """Its height, as a share of the highest column: 0 to 1."""


class Panel(Struct, frozen=True):
    """Columns with a common scale."""

    highest: str
    """The amount of the highest column."""
    columns: list[Column]
    """Only those with an amount above 0."""


class Tick(Struct, frozen=True):
    """A label below the time axis."""

    column: int
    label: str


class TimeChart(Struct, frozen=True):
    """Two panels over one time axis."""

    columns: int
    """The number of time buckets."""
    charged: Panel
    in_question: Panel
    ticks: list[Tick]


def verdict_chart(amounts: Mapping[Verdict, Decimal], currency: str) -> list[Bar]:
    """Return a bar for each verdict that has an amount.

    Args:
        amounts: In one currency, without matched money, which would dwarf the rest.
        currency: The currency of the amounts.
    """
    longest = max(amounts.values(), default=_ZERO)
    return [
        Bar(verdict, format_amount(amount, currency), _share(amount, longest))
        for verdict, amount in amounts.items()
    ]


def time_chart(buckets: Mapping[datetime, Bucket], currency: str, unit: Unit) -> TimeChart:
    """Return the columns of the money charged and of the money in question.

    Args:
        buckets: By start; empty buckets may be left out.
        currency: The currency to show.
        unit: The length of a bucket.
    """
    starts = bucket_starts(unit, buckets.keys())
    labels = [unit.label(start) for start in starts]
    bridges = [_bridge(buckets.get(start), currency) for start in starts]
    return TimeChart(
        columns=len(starts),
        charged=_panel(labels, [bridge.charged for bridge in bridges], currency),
        in_question=_panel(labels, [in_question(bridge) for bridge in bridges], currency),
        ticks=_ticks([unit.axis_label(start) for start in starts]),
    )


def _bridge(bucket: Bucket | None, currency: str) -> Bridge:
    bridges = {} if bucket is None else bucket.bridges()
    return bridges.get(currency, Bridge())


def _panel(labels: Sequence[str], amounts: Sequence[Decimal], currency: str) -> Panel:
    highest = max(amounts)
    columns = [
        Column(number, label, format_amount(amount, currency), _share(amount, highest))
        for number, (label, amount) in enumerate(zip(labels, amounts, strict=True))
        if amount > 0
    ]
    return Panel(format_amount(highest, currency), columns)


def _ticks(labels: Sequence[str]) -> list[Tick]:
    step = ceil(len(labels) / _MAX_TICKS)
    return [Tick(number, labels[number]) for number in range(0, len(labels), step)]


def _share(amount: Decimal, whole: Decimal) -> float:
    return max(0.0, float(amount / whole)) if whole > 0 else 0.0
