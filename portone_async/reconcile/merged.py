"""Merge the totals of several runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from msgspec.structs import asdict

from .bridge import Bridge
from .finding import AssumedEmpty, Summary, Verdict
from .money import Sums, add_to

__all__ = ("merge",)


def merge(summaries: Iterable[Summary]) -> Summary:
    """Add the totals of several runs, such as those of the partitions of a plan.

    Counts and money are exact. Orders are not joined with payments in other partitions: only a
    ledger does that (:meth:`Ledger.summary`).

    Returns:
        The totals. ``seconds`` is the sum over all runs, which is more than the duration if several
        ran at once. ``started_at`` is the first start; ``ended_at`` the last end, or ``None`` if a
        run has not ended.
    """
    merged = _Merged()
    for summary in summaries:
        merged.add(summary)
    return merged.summary()


class _Merged:
    """The sums of summaries. One summary is in memory at a time."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(Verdict, 0)
        self._amounts: dict[Verdict, Sums] = {}
        self._bridges: dict[str, Sums] = {}
        self._requests = 0
        self._retries = 0
        self._seconds = 0.0
        self._unreadable = 0
        self._starts: set[datetime] = set()
        self._ends: set[datetime | None] = set()
        # Several Tiers may have the same period.
        self._assumed: dict[tuple[str, datetime, datetime], AssumedEmpty] = {}

    def add(self, summary: Summary) -> None:
        """Add a summary."""
        for verdict, count in summary.counts.items():
            self._counts[verdict] += count
        for verdict, sums in summary.amounts.items():
            _add(self._amounts.setdefault(verdict, {}), sums)
        for currency, bridge in summary.bridge.items():
            _add(self._bridges.setdefault(currency, {}), asdict(bridge))
        self._requests += summary.requests
        self._retries += summary.retries
        self._seconds += summary.seconds
        self._unreadable += summary.unreadable
        self._add_times(summary)
        self._assumed |= {(p.status, p.since, p.until): p for p in summary.assumed_empty}

    def _add_times(self, summary: Summary) -> None:
        if summary.started_at is not None:
            self._starts = {min(self._starts | {summary.started_at})}
        known = self._ends | {summary.ended_at}
        ends = [end for end in known if end is not None]
        self._ends = {None} if None in known else {max(ends)}

    def summary(self) -> Summary:
        """Return the totals."""
        return Summary(
            counts=self._counts,
            amounts=self._amounts,
            requests=self._requests,
            retries=self._retries,
            seconds=self._seconds,
            started_at=min(self._starts, default=None),
            ended_at=next(iter(self._ends), None),
            assumed_empty=tuple(self._assumed[key] for key in sorted(self._assumed)),
            bridge={currency: Bridge(**sums) for currency, sums in sorted(self._bridges.items())},
            unreadable=self._unreadable,
        )


def _add(sums: Sums, amounts: Mapping[str, Decimal]) -> None:
    for key, amount in amounts.items():
        add_to(sums, key, amount)
