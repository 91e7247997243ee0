"""Time buckets: the hours, days, months or years by which charts and tables sum up findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.bridges import BridgeSums, Entry
from portone_async.reconcile.finding import Finding, Verdict

__all__ = ("Bucket", "Unit", "bucket_starts", "choose_unit")

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Bucket(Struct):
    """The findings of a bucket by verdict: their number and their money."""

    counts: Counter[Verdict] = field(default_factory=Counter[Verdict])
    sums: dict[Verdict, BridgeSums] = field(default_factory=dict[Verdict, BridgeSums])

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.counts[finding.verdict] += 1
        self._sums_of(finding.verdict).add(finding)

    def enter(self, verdict: Verdict, entries: Iterable[Entry]) -> None:
        """Add a finding of which the entries are known."""
        self.counts[verdict] += 1
        self._sums_of(verdict).enter(entries)

    def merge(self, other: Bucket) -> None:
        """Add the findings of another bucket."""
        self.counts.update(other.counts)
        for verdict, sums in other.sums.items():
            self._sums_of(verdict).merge(sums)

    @property
    def findings(self) -> int:
        """The number of findings."""
        return self.counts.total()

    @property
    def differences(self) -> int:
        """The number of findings that are not matched."""
        return self.findings - self.counts[Verdict.MATCHED]

    def bridges(self) -> dict[str, Bridge]:
        """Return the bridges of all findings, by currency."""
        whole = BridgeSums()
        for sums in self.sums.values():
            whole.merge(sums)
        return whole.bridges()

    def _sums_of(self, verdict: Verdict) -> BridgeSums:
        sums = self.sums.get(verdict)
        if sums is None:
            sums = self.sums[verdict] = BridgeSums()
        return sums


class Unit(StrEnum):
    """The length of a bucket. All times are naive, in the time zone of the report."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    def start(self, time: datetime) -> datetime:
        """Return the start of the bucket that contains a time."""
        match self:
            case Unit.HOUR:
                return time.replace(minute=0, second=0, microsecond=0)
            case Unit.DAY:
                return Unit.HOUR.start(time).replace(hour=0)
            case Unit.MONTH:
                return Unit.DAY.start(time).replace(day=1)
            case _:
                return Unit.MONTH.start(time).replace(month=1)

    def next_start(self, start: datetime) -> datetime:
        """Return the start of the next bucket."""
        match self:
            case Unit.HOUR:
                return start + _HOUR
            case Unit.DAY:
                return start + _DAY
            case _:
                # Any day of the next month or year.
                return self.start(start + (31 if self is Unit.MONTH else 366) * _DAY)

    def label(self, start: datetime) -> str:
        """Name a bucket in full, as in ``2026-11-01 09:00``."""
        # Not strftime, which drops the leading zeros of early years.
        text = start.isoformat(sep=" ")
        return text[: {Unit.HOUR: 16, Unit.DAY: 10, Unit.MONTH: 7, Unit.YEAR: 4}[self]]

    def axis_label(self, start: datetime) -> str:
        """Name a bucket below an axis, as in ``09:00``, ``11-01`` or ``2026-11``."""
        label = self.label(start)
        return {Unit.HOUR: label[11:], Unit.DAY: label[5:]}.get(self, label)


def choose_unit(first: datetime, last: datetime) -> Unit:
    """Return the smallest unit with at most about 90 buckets between two times."""
    length = last - first
    if length <= 2 * _DAY:
        return Unit.HOUR
    if length <= 92 * _DAY:
        return Unit.DAY
    return Unit.MONTH if length <= 5 * 366 * _DAY else Unit.YEAR


def bucket_starts(unit: Unit, starts: Collection[datetime]) -> list[datetime]:
    """Return the start of every bucket from the first to the last, empty ones included.

    Empty years are left out: a wrong date far in the future would add thousands of them.
    """
    if not starts or unit is Unit.YEAR:
        return sorted(starts)
    last, start = max(starts), min(starts)
    filled = [start]
    while start < last:
        start = unit.next_start(start)
        filled.append(start)
    return filled
