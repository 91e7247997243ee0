"""The formats of order sources, detected by the name of the source."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from portone_async.cli.escape import escape

from .errors import OrdersError

__all__ = ("Format", "format_of")


class Format(StrEnum):
    """The format of a source of orders."""

    CSV = "csv"
    """Text with a header line; fields separated by commas, semicolons, tabs or bars."""
    JSONL = "jsonl"
    XLSX = "xlsx"
    """A workbook; its content decides which of the three workbook formats it has."""
    XLS = "xls"
    ODS = "ods"
    PARQUET = "parquet"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"

    @property
    def is_database(self) -> bool:
        """Whether a query must select the orders."""
        return self in {Format.SQLITE, Format.POSTGRESQL}

    @property
    def has_header(self) -> bool:
        """Whether a row contains the names of the columns."""
        return self is Format.CSV or self.is_workbook

    @property
    def is_workbook(self) -> bool:
        """Whether it has sheets."""
        return self in {Format.XLSX, Format.XLS, Format.ODS}


_SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".txt": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".xlsx": Format.XLSX,
    ".xlsm": Format.XLSX,
    ".xlsb": Format.XLSX,
    ".xls": Format.XLS,
    ".ods": Format.ODS,
    ".parquet": Format.PARQUET,
    ".db": Format.SQLITE,
    ".sqlite": Format.SQLITE,
    ".sqlite3": Format.SQLITE,
}


def format_of(source: str) -> Format:
    """Return the format of a path by its suffix, or of an address by its scheme.

    Raises:
        OrdersError: The suffix or scheme is unknown.
    """
    if re.match("postgres(ql)?://", source):
        return Format.POSTGRESQL
    if "://" in source:
        # Not quoted: it may contain a password.
        raise OrdersError("only postgresql:// addresses are supported")
    if known := _SUFFIXES.get(Path(source).suffix.lower()):
        return known
    raise OrdersError(
        f"{escape(source)}: the name does not tell the format (known suffixes: "
        f"{' '.join(_SUFFIXES)}): choose one of {', '.join(Format)}"
    )
