"""Time, cut into pieces that a chart can show and a table can list."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ("Unit", "fitting_unit", "steps")

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Unit(StrEnum):
    """A piece of time on somebody's clock; its times are naive, and begin at its beginning."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    def begin(self, time: datetime) -> datetime:
        match self:
            case Unit.HOUR:
                return time.replace(minute=0, second=0, microsecond=0)
            case Unit.DAY:
                return Unit.HOUR.begin(time).replace(hour=0)
            case Unit.MONTH:
                return Unit.DAY.begin(time).replace(day=1)
            case _:
                return Unit.MONTH.begin(time).replace(month=1)

    def next(self, begin: datetime) -> datetime:
        match self:
            case Unit.HOUR:
                return begin + _HOUR
            case Unit.DAY:
                return begin + _DAY
            case _:
                return self.begin(begin + (31 if self is Unit.MONTH else 366) * _DAY)

    def named(self, begin: datetime) -> str:
        """The piece in full, as in ``2026-11-01 09:00``."""
        # strftime leaves the zeros of an early year out.
        text = begin.isoformat(sep=" ")
        return text[: {Unit.HOUR: 16, Unit.DAY: 10, Unit.MONTH: 7, Unit.YEAR: 4}[self]]

    def short(self, begin: datetime) -> str:
        """The piece below an axis, as in ``09``, ``11-01``, ``2026-11``."""
        name = self.named(begin)
        return {Unit.HOUR: name[11:], Unit.DAY: name[5:]}.get(self, name)


def fitting_unit(first: datetime, last: datetime) -> Unit:
    """The smallest unit of which the span has not too many to be seen."""
    length = last - first
    if length <= 2 * _DAY:
        return Unit.HOUR
    if length <= 92 * _DAY:
        return Unit.DAY
    return Unit.MONTH if length <= 5 * 366 * _DAY else Unit.YEAR


def steps(unit: Unit, begins: Collection[datetime]) -> list[datetime]:
    """Every piece from the first to the last, those between them included.

    Of years only those given: one that is far off would bring thousands with it.
    """
    if not begins or unit is Unit.YEAR:
        return sorted(begins)
    last, step = max(begins), min(begins)
    found = [step]
    while step < last:
        step = unit.next(step)
        found.append(step)
    return found
