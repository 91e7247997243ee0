"""Findings as an Excel workbook: a summary, then a sheet for each verdict.

The modules, in the order in which a finding passes through them:

1. ``rows`` makes the rows of a finding, one for each payment;
2. ``sheets`` writes them to the sheets of its verdict,
3. and ``cells`` writes each value so that Excel neither calculates nor rounds it.
4. ``summary_sheet`` writes the figures of the run, once all findings are counted.

``book`` is the workbook of XlsxWriter.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.export.options import ExportOptions
from portone_async.cli.report.messages import messages
from portone_async.cli.report.money import discrepancy, is_unreadable
from portone_async.reconcile.bridges import entries
from portone_async.reconcile.finding import Finding, Verdict

from .book import open_book
from .cells import Formats
from .rows import Rows
from .sheets import FindingSheets
from .summary_sheet import SummarySheet

__all__ = ("write_workbook",)


def write_workbook(path: Path, findings: Iterable[Finding], options: ExportOptions) -> None:
    """Write the findings, row by row through temporary files beside the workbook.

    A finding has a row for each of its payments; the amounts of its order are in the first of
    them, so that no column counts an amount twice.
    """
    with open_book(path) as book:
        formats = Formats(book)
        summary = SummarySheet(book, formats, options)
        sheets = FindingSheets(book, formats, options)
        totals, unreadable = _write_rows(findings, sheets, options)
        sheets.finish(totals)
        summary.write(totals, unreadable=unreadable)


def _write_rows(
    findings: Iterable[Finding], sheets: FindingSheets, options: ExportOptions
) -> tuple[Bucket, int]:
    """Write all findings; return their sums, and the number of those in no sum."""
    totals, rows = Bucket(), Rows(messages(options.language), options)
    unreadable = 0
    for finding in findings:
        if finding.verdict is Verdict.MATCHED:
            totals.add(finding)
            difference = None
        else:
            money = [*entries(finding)]
            totals.enter(finding.verdict, money)
            difference = discrepancy(finding, money)
            unreadable += is_unreadable(finding)
        sheets.add(finding.verdict, rows.of(finding, difference))
    return totals, unreadable
