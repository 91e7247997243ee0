"""Time zones of the command line: ``--tz``, and times on its clock."""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import datetime, timedelta, timezone, tzinfo
from gettext import gettext as _
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ("SEOUL", "in_zone", "minute", "zone")

# Korea has had no summer time since 1988: no database of zones is needed, which Windows has not.
SEOUL = timezone(timedelta(hours=9), "Asia/Seoul")


def zone(name: str) -> tzinfo:
    """Give the time zone of a name, as the type of an argument."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name == str(SEOUL):
            return SEOUL
        said = _("there is no time zone {name}").format(name=repr(name))
        raise argparse.ArgumentTypeError(said) from None


def in_zone(time: datetime, clock: tzinfo) -> datetime:
    """Give the same instant in a zone; unchanged at the ends of the calendar, where it has none."""
    with suppress(OverflowError):
        return time.astimezone(clock)
    return time


def minute(time: datetime | None, clock: tzinfo) -> str:
    """Write a time to the minute with its offset, as ``2026-11-01 09:00+09:00``."""
    return "" if time is None else in_zone(time, clock).isoformat(sep=" ", timespec="minutes")
