"""Write the files of a run, and print their names."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from gettext import gettext as _
from pathlib import Path

from rich.console import Console

from portone_async.cli.advice import hint
from portone_async.cli.escape import escape
from portone_async.cli.language import current_language
from portone_async.cli.orders.formats import format_of
from portone_async.cli.report import Report, write_findings
from portone_async.cli.source_format import Format
from portone_async.reconcile import Finding, Summary, Verdict

from .arguments import Arguments

__all__ = ("has_differences", "print_files", "print_hint", "source_name", "write_results")


def write_results(
    arguments: Arguments,
    period: tuple[datetime, datetime] | None,
    findings: Iterator[Finding],
    summary: Summary,
    *,
    has_tiers: bool = False,
) -> list[str]:
    """Write the files of ``--out`` and ``--report``, and return the names of all files of the run.

    The findings are read once, for both files.

    Raises:
        NotWrittenError: A file could not be written.
    """
    report = Report(period=period, timezone=arguments.tz)
    if arguments.report is not None:
        findings = report.count(findings)
    if arguments.out is not None:
        write_findings(
            arguments.out,
            findings,
            timezone=arguments.tz,
            has_tiers=has_tiers,
            language=arguments.language or current_language(),
            summary=summary,
            source=source_name(arguments),
            period=period,
        )
    if arguments.report is not None or has_tiers:
        deque(findings, maxlen=0)  # Counts the findings that ``write_findings`` has not read.
    if arguments.report is not None:
        report.write(
            arguments.report,
            summary=summary,
            source=source_name(arguments),
            findings_file=None if arguments.out is None else Path(arguments.out).name,
            language=arguments.language,
        )
    ledger = None if arguments.has_ledger_address else arguments.ledger
    names = (arguments.out, arguments.report, arguments.store, ledger)
    return [name for name in names if name is not None]


def source_name(arguments: Arguments) -> str:
    """Return the name of the source: not of a database, whose URL may contain a password."""
    if arguments.has_partitions and arguments.is_function:
        return arguments.source
    if (arguments.format or format_of(arguments.source)) is Format.POSTGRESQL:
        return "PostgreSQL"
    return Path(arguments.source).name


def print_files(console: Console, names: Iterable[str]) -> None:
    """Print the names of files, one unwrapped line each."""
    for name in names:
        console.print(_("written: {file}").format(file=escape(name)), soft_wrap=True)


def has_differences(summary: Summary) -> bool:
    """Return whether there is any finding but matched orders."""
    return any(count for verdict, count in summary.counts.items() if verdict is not Verdict.MATCHED)


def print_hint(console: Console, arguments: Arguments, summary: Summary) -> None:
    """Print which options list the findings, if some are not matched and no file has them."""
    if has_differences(summary) and arguments.out is None and arguments.report is None:
        advice = _("--out FILE or --report FILE lists each order with its payments and the reason.")
        console.print(hint(advice), soft_wrap=True, highlight=False)
