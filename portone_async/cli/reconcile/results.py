"""Write the files of a run, and print their names."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from gettext import gettext as _
from pathlib import Path

from rich.console import Console

from portone_async.cli.escape import escape
from portone_async.cli.orders.formats import format_of
from portone_async.cli.report import Report, write_findings
from portone_async.cli.source_format import Format
from portone_async.reconcile import Store, Summary

from .arguments import Arguments

__all__ = ("print_files", "source_name", "write_results")


def write_results(
    arguments: Arguments,
    period: tuple[datetime, datetime] | None,
    store: Store,
    summary: Summary,
) -> list[str]:
    """Write the files of ``--out`` and ``--report``, and return the names of all files of the run.

    The findings are read from the store once, for both files.

    Raises:
        NotWrittenError: A file could not be written.
    """
    report = Report(period=period, timezone=arguments.tz)
    findings = store.findings()
    if arguments.report is not None:
        findings = report.count(findings)
    if arguments.out is not None:
        write_findings(arguments.out, findings, timezone=arguments.tz)
    if arguments.report is not None:
        deque(findings, maxlen=0)  # Counts what no file of findings has read.
        report.write(
            arguments.report,
            summary=summary,
            source=source_name(arguments),
            findings_file=None if arguments.out is None else Path(arguments.out).name,
            language=arguments.language,
        )
    return [name for name in (arguments.out, arguments.report, arguments.store) if name is not None]


def source_name(arguments: Arguments) -> str:
    """Return the name of the source: not of a database, whose URL may contain a password."""
    if (arguments.format or format_of(arguments.source)) is Format.POSTGRESQL:
        return "PostgreSQL"
    return Path(arguments.source).name


def print_files(console: Console, names: Iterable[str]) -> None:
    """Print the names of files, one unwrapped line each."""
    for name in names:
        console.print(_("written: {file}").format(file=escape(name)), soft_wrap=True)
