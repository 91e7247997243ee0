"""Findings as a file for programs: CSV, JSON Lines or Parquet, by the name's ending."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Finding

from .as_csv import write_csv
from .as_json import write_json_lines
from .as_parquet import write_parquet
from .aside import in_place_of

__all__ = ("checked_writer", "write_findings")

Writer = Callable[[Path, Iterable[Finding]], None]

_WRITERS: dict[str, Writer] = {
    ".csv": write_csv,
    ".jsonl": write_json_lines,
    ".parquet": write_parquet,
}


def write_findings(path: str | os.PathLike[str], findings: Iterable[Finding]) -> None:
    """Write all findings, those that matched too, in the order given.

    The findings are gone through once, and only a few are in memory. Amounts are exact in each
    format: plain digits in CSV, strings in JSON Lines, ``DECIMAL(38, 9)`` in Parquet.

    Args:
        path: The file, which appears whole or not at all; its ending chooses the format.
        findings: What the run has found.

    Raises:
        InvalidRequestError: Another ending; or, for Parquet, an amount that does not fit.
        NotWrittenError: The file could not be written; nothing of it is left behind.
        ModuleNotFoundError: duckdb is not there, for Parquet: the extra ``cli`` has it.
    """
    write = checked_writer(path)
    with in_place_of(path) as aside:
        write(aside, findings)


def checked_writer(path: str | os.PathLike[str]) -> Writer:
    """What writes a file of the name.

    Raises:
        InvalidRequestError: Nothing does.
    """
    ending = Path(path).suffix.lower()
    if ending not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise InvalidRequestError(f"{path}: cannot tell the format; the name may end in {known}")
    return _WRITERS[ending]
