"""The report of a run: one HTML page for a browser, in Korean and English.

The modules, in the order in which a finding passes through them:

1. ``tally`` counts and sums up all findings,
2. by hour in ``time_buckets``, on the clock of ``clock``;
3. ``table_row`` makes a row of each difference, ``reasons`` explains its error,
   ``safe_text`` escapes its texts.
4. ``figures`` turns the summary and the tally into the figures of the page,
5. with the bars and columns of ``charts``.
6. ``render`` fills the template in ``assets``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, tzinfo

from portone_async._version import __version__
from portone_async.cli.report.atomic import atomic_write
from portone_async.cli.report.messages import Language
from portone_async.cli.zone import SEOUL
from portone_async.reconcile.finding import AssumedEmpty, Finding, Summary

from .clock import format_time, zone_name
from .safe_text import printable
from .tally import Period, Tally

__all__ = ("write_report",)

_MAX_ROWS = 50_000


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
    max_rows: int = _MAX_ROWS,
) -> None:
    """Write the report of a run as one HTML file, in Korean and English.

    Iterates over the findings once. Matched findings are only counted. The first ``max_rows``
    others are rows of the page's table, about 300 bytes each; if there are more, the page says
    so. The page contains order numbers, ``imp_uid``, amounts, statuses, times, and the errors of
    unchecked orders, but no data about buyers.

    Args:
        path: The file, written atomically.
        summary: The figures of the run.
        findings: All findings of the run. If they do not add up to the summary, the page shows
            a warning.
        title: A heading in place of the usual one.
        period: The period of the run: start (included) and end (excluded), both aware. Payments
            outside it are summed up apart.
        source: The name of the file that the orders are from. It must not contain secrets.
        timezone: The time zone of all times on the page.
        language: The language in which the page opens; ``None`` for the browser's. The reader
            can switch.
        created_at: When the page was written, aware; ``None`` for now.
        max_rows: The largest number of rows in the table.

    Raises:
        NotWrittenError: The file could not be written; no partial file is left behind.
        ModuleNotFoundError: jinja2 is not installed; the extra ``cli`` has it.
    """
    from .render import PageInfo, render_page  # noqa: PLC0415 (jinja2 is optional, slow to load)

    tally = Tally(zone=timezone, period=period, max_rows=max_rows)
    for finding in findings:
        tally.add(finding)
    info = PageInfo(
        title=None if title is None else printable(title),
        period=None if period is None else _format_times(*period, zone=timezone),
        source=None if source is None else printable(source),
        started=_format_optional(summary.started_at, timezone),
        ended=_format_optional(summary.ended_at, timezone),
        zone=zone_name(timezone),
        created=format_time(created_at or datetime.now(timezone), timezone),
        version=__version__,
        assumed_empty=[_format_assumed(assumed, timezone) for assumed in summary.assumed_empty],
    )
    pieces = render_page(summary, tally, info, language)
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.writelines(pieces)


def _format_optional(time: datetime | None, zone: tzinfo) -> str | None:
    return None if time is None else format_time(time, zone)


def _format_times(since: datetime, until: datetime, *, zone: tzinfo) -> tuple[str, str]:
    return format_time(since, zone), format_time(until, zone)


def _format_assumed(assumed: AssumedEmpty, zone: tzinfo) -> str:
    since, until = _format_times(assumed.since, assumed.until, zone=zone)
    return f"{printable(assumed.status)} {since} \N{EN DASH} {until}"
