"""Times in the time zone of the report."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from portone_async.cli.zone import in_zone

__all__ = ("format_time", "in_zone_or_none", "start_of_hour", "zone_name")


def format_time(time: datetime, zone: tzinfo) -> str:
    """Format a time to the second, with its UTC offset, as in ``2026-11-01 09:00:00+09:00``."""
    return in_zone(time, zone).isoformat(sep=" ", timespec="seconds")


def in_zone_or_none(time: datetime, zone: tzinfo) -> datetime | None:
    """Convert a time to the zone; ``None`` if the year would be before 1 or after 9999."""
    try:
        return time.astimezone(zone)
    except OverflowError:
        return None


def start_of_hour(time: datetime) -> datetime:
    """Return the start of a time's hour in its zone, naive."""
    return time.replace(minute=0, second=0, microsecond=0, tzinfo=None)


def zone_name(zone: tzinfo) -> str:
    """Name a zone, as in ``Asia/Seoul`` or ``UTC``."""
    return zone.key if isinstance(zone, ZoneInfo) and zone.key else str(zone)
