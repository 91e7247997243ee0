"""The report of a run: findings gone through, a page written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, tzinfo

from portone_async._version import __version__
from portone_async.reconcile.finding import AssumedEmpty, Finding, Summary

from .aside import in_place_of
from .row import shown
from .tally import Period, Tally
from .words import Language
from .zone import SEOUL, clock, zone_name

__all__ = ("write_report",)

_MOST_ROWS = 50_000


def write_report(
    path: str | os.PathLike[str],
    *,
    summary: Summary,
    findings: Iterable[Finding],
    title: str | None = None,
    period: Period | None = None,
    source: str | None = None,
    timezone: tzinfo = SEOUL,
    language: Language | None = None,
    created_at: datetime | None = None,
    most_rows: int = _MOST_ROWS,
) -> None:
    """Write the report of a run as one HTML file, in Korean and English.

    The findings are gone through once. What matched is only counted; of the rest the first
    ``most_rows`` are in the page's table, some 300 bytes each, and the page says so where there
    are more. The page has order numbers, ``imp_uid``, amounts, statuses, times and the errors of
    what could not be checked: nothing about a buyer.

    Args:
        path: The file, which appears whole or not at all.
        summary: The figures of the run.
        findings: What the run has found, all of it. Where it does not add up to the summary,
            the page warns of itself.
        title: The page's heading, in place of its own.
        period: The time that was looked at: from, and until (not in it), both aware. Payments
            of another time are shown in one sum.
        source: Where the orders came from, as the name of a file. Nothing secret.
        timezone: The zone of all times on the page.
        language: ``None`` for the browser's own. The reader can switch.
        created_at: When the page was written, aware; ``None`` for now.
        most_rows: The most differences in the table.

    Raises:
        NotWrittenError: The file could not be written; nothing of it is left behind.
        ModuleNotFoundError: jinja2 is not installed: the extra ``cli`` has it.
    """
    from .html import About, page  # noqa: PLC0415 (jinja2 is optional, and slow to load)

    tally = Tally(zone=timezone, period=period, most_rows=most_rows)
    for finding in findings:
        tally.add(finding)
    about = About(
        title=None if title is None else shown(title),
        period=None if period is None else (clock(period[0], timezone), clock(period[1], timezone)),
        source=None if source is None else shown(source),
        began=None if summary.started_at is None else clock(summary.started_at, timezone),
        ended=None if summary.ended_at is None else clock(summary.ended_at, timezone),
        zone=zone_name(timezone),
        created=clock(created_at or datetime.now(timezone), timezone),
        version=__version__,
        assumed_empty=[_period(each, timezone) for each in summary.assumed_empty],
    )
    pieces = page(summary, tally, about, language)
    with in_place_of(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(pieces)


def _period(each: AssumedEmpty, zone: tzinfo) -> str:
    return f"{shown(each.status)} {clock(each.since, zone)} \N{EN DASH} {clock(each.until, zone)}"
