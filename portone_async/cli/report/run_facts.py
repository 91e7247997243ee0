"""Facts about a run that its files for people name: the source, the period, the times."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TypeAlias

from msgspec import Struct

from portone_async._version import __version__
from portone_async.reconcile.finding import Summary

from .clock import format_time, zone_name
from .safe_text import printable

__all__ = ("Period", "RunFacts")

Period: TypeAlias = tuple[datetime, datetime]
"""Start (included) and end (excluded), both aware."""


class RunFacts(Struct, frozen=True, kw_only=True):
    """Facts about a run and the file that names them, printable."""

    period: tuple[str, str] | None
    source: str | None
    """The name of the file that the orders are from."""
    started: str | None
    ended: str | None
    zone: str
    created: str
    version: str

    @classmethod
    def of(
        cls,
        summary: Summary | None,
        *,
        period: Period | None,
        source: str | None,
        zone: tzinfo,
        created_at: datetime | None = None,
    ) -> RunFacts:
        """Format facts, with all times in a zone.

        Args:
            summary: The figures of the run, if they are known.
            period: The period of the run, if it has one.
            source: The name of the file that the orders are from. It must not contain secrets.
            zone: The time zone.
            created_at: When the file was written, aware; ``None`` for now.
        """
        return cls(
            period=period and (format_time(period[0], zone), format_time(period[1], zone)),
            source=None if source is None else printable(source),
            started=None if summary is None else _format(summary.started_at, zone),
            ended=None if summary is None else _format(summary.ended_at, zone),
            zone=zone_name(zone),
            created=format_time(created_at or datetime.now(zone), zone),
            version=__version__,
        )


def _format(time: datetime | None, zone: tzinfo) -> str | None:
    return None if time is None else format_time(time, zone)
