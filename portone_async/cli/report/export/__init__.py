"""Findings as a file for programs: CSV, JSON Lines or Parquet, by the extension of its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from portone_async.cli.report.atomic import atomic_write
from portone_async.cli.zone import SEOUL
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Finding

from .csv_writer import write_csv
from .jsonl_writer import write_jsonl
from .parquet_writer import write_parquet

__all__ = ("findings_writer", "write_findings")


class Writer(Protocol):
    """Writes findings to a file, in the order of the iterable."""

    def __call__(
        self, path: Path, findings: Iterable[Finding], timezone: tzinfo, /, *, has_tiers: bool
    ) -> None: ...


_WRITERS: dict[str, Writer] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}


def write_findings(
    path: str | os.PathLike[str],
    findings: Iterable[Finding],
    *,
    timezone: tzinfo = SEOUL,
    has_tiers: bool = False,
) -> None:
    """Write all findings, matched ones included, in their order.

    Iterates over the findings once and holds only a few in memory. Amounts are exact in each
    format: plain digits in CSV, strings in JSON Lines, ``DECIMAL(38, 9)`` in Parquet.

    Args:
        path: The file, written atomically. Its extension selects the format.
        findings: The findings of the run.
        timezone: The time zone of all times in CSV and JSON Lines, which include the UTC offset.
            Parquet stores instants.
        has_tiers: Whether the findings are of several Tiers (:class:`TierFinding`): CSV and
            Parquet then have a column ``tier``, JSON Lines a member.

    Raises:
        InvalidRequestError: The extension is unknown, or an amount does not fit into Parquet.
        NotWrittenError: The file could not be written; no partial file is left behind.
        ModuleNotFoundError: Parquet needs duckdb, from the extra ``cli``.
    """
    write = findings_writer(path)
    with atomic_write(path) as temporary:
        write(temporary, findings, timezone, has_tiers=has_tiers)


def findings_writer(path: str | os.PathLike[str]) -> Writer:
    """Return the function that writes the format of a file name.

    Raises:
        InvalidRequestError: The extension is unknown.
    """
    extension = Path(path).suffix.lower()
    if extension not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise InvalidRequestError(
            f"{path}: cannot tell the format; use a name that ends in one of {known}"
        )
    return _WRITERS[extension]
