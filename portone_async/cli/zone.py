"""Time zones of the command line: parse ``--tz``, and format times in it."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone, tzinfo
from gettext import gettext as _
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ("SEOUL", "format_minute", "in_zone", "parse_zone")

# Without summer time since 1988. Windows has no database of time zones, which ZoneInfo needs.
SEOUL = timezone(timedelta(hours=9), "Asia/Seoul")


def parse_zone(name: str) -> tzinfo:
    """Return the time zone of a name; the type of an argument."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name == str(SEOUL):
            return SEOUL
        text = _("there is no time zone {name}").format(name=repr(name))
        raise argparse.ArgumentTypeError(text) from None


def in_zone(time: datetime, zone: tzinfo) -> datetime:
    """Convert a time to a zone; return it unchanged where the result would leave the calendar."""
    try:
        return time.astimezone(zone)
    except OverflowError:
        return time


def format_minute(time: datetime | None, zone: tzinfo) -> str:
    """Format a time to the minute with its offset: ``2026-11-01 09:00+09:00``."""
    return "" if time is None else in_zone(time, zone).isoformat(sep=" ", timespec="minutes")
