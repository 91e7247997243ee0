"""Times on the reader's clock, with the name of its zone."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from portone_async.cli.zone import SEOUL

from .row import zoned

__all__ = ("SEOUL", "clock", "zone_name")


def clock(time: datetime, zone: tzinfo) -> str:
    """The time to the second, on the clock of the zone, with its offset from UTC."""
    return (zoned(time, zone) or time).isoformat(sep=" ", timespec="seconds")


def zone_name(zone: tzinfo) -> str:
    """The zone as people call it, as in ``Asia/Seoul`` or ``UTC``."""
    return zone.key if isinstance(zone, ZoneInfo) and zone.key else str(zone)
