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

    Counts and money are exact. Findings that concern each other across partitions are not joined:
    only a ledger does that (:meth:`Ledger.summary`).

    Returns:
        The totals. ``seconds`` is the sum of all runs: the work, not the time that passed.
        ``started_at`` is the first start; ``ended_at`` the last end, or ``None`` if a run has not
        ended.
    """
    items = list(summaries)
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, Sums] = {}
    bridges: dict[str, Sums] = {}
    for summary in items:
        for verdict, count in summary.counts.items():
            counts[verdict] += count
        for verdict, sums in summary.amounts.items():
            _add(amounts.setdefault(verdict, {}), sums)
        for currency, bridge in summary.bridge.items():
            _add(bridges.setdefault(currency, {}), asdict(bridge))
    return Summary(
        counts=counts,
        amounts=amounts,
        requests=sum(summary.requests for summary in items),
        retries=sum(summary.retries for summary in items),
        seconds=sum(summary.seconds for summary in items),
        started_at=min(
            (summary.started_at for summary in items if summary.started_at), default=None
        ),
        ended_at=_last_end(items),
        assumed_empty=_each_once(summary.assumed_empty for summary in items),
        bridge={currency: Bridge(**lines) for currency, lines in sorted(bridges.items())},
        unreadable=sum(summary.unreadable for summary in items),
    )


def _add(sums: Sums, amounts: Mapping[str, Decimal]) -> None:
    for key, amount in amounts.items():
        add_to(sums, key, amount)


def _last_end(summaries: Iterable[Summary]) -> datetime | None:
    ends = [summary.ended_at for summary in summaries]
    return max((end for end in ends if end), default=None) if all(ends) else None


def _each_once(groups: Iterable[Iterable[AssumedEmpty]]) -> tuple[AssumedEmpty, ...]:
    """Return the periods, each once: several Tiers may have the same one."""
    periods = {(p.status, p.since, p.until): p for group in groups for p in group}
    return tuple(periods[key] for key in sorted(periods))
