"""What a source of orders is, told by its name."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from portone_async.cli.escape import escaped

from .errors import OrdersError

__all__ = ("Format", "format_of")


class Format(StrEnum):
    """What a source of orders is."""

    CSV = "csv"
    """Text with a header line, its fields set apart by commas, semicolons, tabs or bars."""
    JSONL = "jsonl"
    XLSX = "xlsx"
    """A workbook of Excel; what it is in truth, of these three, its content tells."""
    XLS = "xls"
    ODS = "ods"
    PARQUET = "parquet"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"

    @property
    def is_database(self) -> bool:
        """Whether a query must say which rows are meant."""
        return self in {Format.SQLITE, Format.POSTGRESQL}

    @property
    def has_header(self) -> bool:
        """Whether the names of the columns stand in a row."""
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
    """Tell the format of a path by its suffix, and that of an address by its scheme.

    Raises:
        OrdersError: Neither tells.
    """
    if re.match("postgres(ql)?://", source):
        return Format.POSTGRESQL
    if "://" in source:
        # Not repeated: a password may be in it.
        raise OrdersError("the only addresses that can be read are postgresql://…")
    if found := _SUFFIXES.get(Path(source).suffix.lower()):
        return found
    raise OrdersError(
        f"{escaped(source)}: its name does not tell its format (it would by "
        f"{' '.join(_SUFFIXES)}): say which of {', '.join(Format)} it is"
    )
