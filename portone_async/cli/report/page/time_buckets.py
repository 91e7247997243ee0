"""Time buckets: the hours, days, months or years by which charts and tables sum up findings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ("Unit", "bucket_starts", "choose_unit")

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


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
