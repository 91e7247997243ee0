"""The report of a run: one HTML page for a browser, in Korean and English.

The modules, in the order in which a finding passes through them:

1. ``tally`` counts and sums up all findings,
2. by hour in ``time_buckets``;
3. ``table_row`` makes a row of each difference, and ``limited_rows`` holds the first rows of each
   verdict.
4. ``figures`` turns the summary and the tally into the figures of the page,
5. with the bars and columns of ``charts``.
6. ``render`` fills the template in ``assets``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from portone_async.cli.report.atomic import atomic_write
from portone_async.cli.report.clock import format_time
from portone_async.cli.report.messages import Language
from portone_async.cli.report.run_facts import Period, RunFacts
from portone_async.cli.report.safe_text import printable
from portone_async.cli.zone import SEOUL
from portone_async.reconcile.finding import AssumedEmpty, Finding, Summary

from .tally import Tally

__all__ = ("Report", "write_report")

_MAX_ROWS = 50_000


class Report:
    """A page in the making: it counts the findings of a run as they pass.

    So one reading of the store serves the page and the file of findings. Its memory is bounded:
    matched findings are only counted, and the table of the others is limited.

    Args:
        period: The period of the run: start (included) and end (excluded), both aware. Payments
            outside it are summed up apart.
        timezone: The time zone of all times on the page.
        max_rows: The largest number of rows in the table, about 300 bytes each. Every verdict has
            an equal share of them; the page says what it leaves out.
    """

    def __init__(
        self,
        *,
        period: Period | None = None,
        timezone: tzinfo = SEOUL,
        max_rows: int = _MAX_ROWS,
    ) -> None:
        self._period = period
        self._zone = timezone
        self._tally = Tally(zone=timezone, period=period, max_rows=max_rows)

    def count(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Count findings, and yield each of them unchanged."""
        for finding in findings:
            self._tally.add(finding)
            yield finding

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        summary: Summary,
        title: str | None = None,
        source: str | None = None,
        findings_file: str | None = None,
        language: Language | None = None,
        created_at: datetime | None = None,
    ) -> None:
        """Write the page, once all findings are counted.

        Args:
            path: The file, written atomically.
            summary: The figures of the run. If the findings do not add up to them, the page shows
                a warning.
            title: A heading in place of the usual one.
            source: The name of the file that the orders are from. It must not contain secrets.
            findings_file: The name of the file that lists all findings, if there is one: the page
                refers to it for the rows that it leaves out.
            language: The language in which the page opens; ``None`` for the browser's. The reader
                can switch.
            created_at: When the page was written, aware; ``None`` for now.

        Raises:
            NotWrittenError: The file could not be written; no partial file is left behind.
            ModuleNotFoundError: jinja2 is not installed; the extra ``cli`` has it.
        """
        from .render import PageInfo, render_page  # noqa: PLC0415 (jinja2 is optional, slow to load)

        zone = self._zone
        info = PageInfo(
            facts=RunFacts.of(
                summary, period=self._period, source=source, zone=zone, created_at=created_at
            ),
            title=_printable_optional(title),
            findings_file=_printable_optional(findings_file),
            assumed_empty=[_format_assumed(assumed, zone) for assumed in summary.assumed_empty],
        )
        pieces = render_page(summary, self._tally, info, language)
        with (
            atomic_write(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="\n") as file,
        ):
            file.writelines(pieces)


def write_report(
    path: str | os.PathLike[str],
    *,
    summary: Summary,
    findings: Iterable[Finding],
    title: str | None = None,
    period: Period | None = None,
    source: str | None = None,
    findings_file: str | None = None,
    timezone: tzinfo = SEOUL,
    language: Language | None = None,
    created_at: datetime | None = None,
    max_rows: int = _MAX_ROWS,
) -> None:
    """Write the report of a run as one HTML file, in Korean and English.

    Iterates over the findings once: see :class:`Report`. The page contains order numbers,
    ``imp_uid``, amounts, statuses, times, and the errors of unchecked orders, but no data about
    buyers.

    Args:
        path: The file, written atomically.
        summary: The figures of the run.
        findings: All findings of the run.
        title: As for :meth:`Report.write`.
        period: As for :class:`Report`.
        source: As for :meth:`Report.write`.
        findings_file: As for :meth:`Report.write`.
        timezone: As for :class:`Report`.
        language: As for :meth:`Report.write`.
        created_at: As for :meth:`Report.write`.
        max_rows: As for :class:`Report`.

    Raises:
        NotWrittenError: The file could not be written; no partial file is left behind.
        ModuleNotFoundError: jinja2 is not installed; the extra ``cli`` has it.
    """
    report = Report(period=period, timezone=timezone, max_rows=max_rows)
    for _ in report.count(findings):
        pass
    report.write(
        path,
        summary=summary,
        title=title,
        source=source,
        findings_file=findings_file,
        language=language,
        created_at=created_at,
    )


def _printable_optional(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _format_assumed(assumed: AssumedEmpty, zone: tzinfo) -> str:
    since, until = format_time(assumed.since, zone), format_time(assumed.until, zone)
    return f"{printable(assumed.status)} {since} \N{EN DASH} {until}"
