"""Findings as a file: CSV, JSON Lines, Parquet or a workbook, by the extension of its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from portone_async._worded import Worded
from portone_async.cli.report.atomic import atomic_write
from portone_async.cli.report.messages import Language
from portone_async.cli.report.run_facts import Period
from portone_async.cli.zone import SEOUL
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Finding, Summary

from .csv_writer import write_csv
from .jsonl_writer import write_jsonl
from .options import ExportOptions

__all__ = ("findings_writer", "write_findings")

_PARQUET, _WORKBOOK = ".parquet", ".xlsx"


class Writer(Protocol):
    """Writes findings to a file, in the order of the iterable."""

    def __call__(
        self, path: Path, findings: Iterable[Finding], options: ExportOptions, /
    ) -> None: ...


_WRITERS: dict[str, Writer] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
}


def write_findings(
    path: str | os.PathLike[str],
    findings: Iterable[Finding],
    *,
    timezone: tzinfo = SEOUL,
    has_tiers: bool = False,
    language: Language | None = None,
    summary: Summary | None = None,
    source: str | None = None,
    period: Period | None = None,
) -> None:
    """Write all findings, matched ones included, in their order.

    Iterates over the findings once and holds only a few in memory. Amounts are exact in each
    format: plain digits in CSV, strings in JSON Lines, ``DECIMAL(38, 9)`` in Parquet, numbers of
    at most 15 digits or texts in a workbook.

    Args:
        path: The file, written atomically. Its extension selects the format: ``.csv``,
            ``.jsonl``, ``.parquet`` or ``.xlsx``.
        findings: The findings of the run.
        timezone: The time zone of all times in CSV and JSON Lines, which include the UTC offset,
            and in a workbook, whose headers name it. Parquet stores instants.
        has_tiers: Whether the findings are of several Tiers (:class:`TierFinding`): the files
            then have a column ``tier``, JSON Lines a member.
        language: The language of a workbook; ``None`` for Korean.
        summary: The figures of the run, for the first sheet of a workbook. If the findings do
            not add up to them, the sheet shows a warning.
        source: The name of the file that the orders are from, for the first sheet of a workbook.
            It must not contain secrets.
        period: The period of the run, for the first sheet of a workbook.

    Raises:
        InvalidRequestError: The extension is unknown, or an amount does not fit into Parquet.
        NotWrittenError: The file could not be written; no partial file is left behind.
        ModuleNotFoundError: The extra ``cli`` is not installed; it has duckdb for Parquet and
            XlsxWriter for workbooks.
    """
    write = findings_writer(path)
    options = ExportOptions(
        timezone=timezone,
        has_tiers=has_tiers,
        language=language or "ko",
        summary=summary,
        source=source,
        period=period,
    )
    with atomic_write(path) as temporary:
        write(temporary, findings, options)


def findings_writer(path: str | os.PathLike[str]) -> Writer:
    """Return the function that writes the format of a file name.

    Raises:
        InvalidRequestError: The extension is unknown.
        ModuleNotFoundError: It is ``.parquet`` or ``.xlsx``, and duckdb or XlsxWriter is not
            installed.
    """
    extension = Path(path).suffix.lower()
    if extension == _WORKBOOK:
        from .workbook import write_workbook  # noqa: PLC0415 (optional, slow to load)

        return write_workbook
    if extension == _PARQUET:
        from .parquet_writer import write_parquet  # noqa: PLC0415 (the same)

        return write_parquet
    if extension not in _WRITERS:
        known = ", ".join((*_WRITERS, _PARQUET, _WORKBOOK))
        raise InvalidRequestError(
            Worded(
                "{file}: cannot tell the format; use a name that ends in one of {known}",
                file=path,
                known=known,
            )
        )
    return _WRITERS[extension]
