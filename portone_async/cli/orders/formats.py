"""Detect the format of a source of orders by its name."""

from __future__ import annotations

import re
from pathlib import Path

from portone_async._worded import Worded
from portone_async.cli.escape import escape
from portone_async.cli.source_format import Format

from .errors import OrdersError

__all__ = ("format_of",)


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
        raise OrdersError(Worded("only postgresql:// addresses are supported"))
    if known := _SUFFIXES.get(Path(source).suffix.lower()):
        return known
    raise OrdersError(
        Worded(
            "{name}: the name does not tell the format (known suffixes: {suffixes}): choose one of "
            "{formats}",
            name=escape(source),
            suffixes=" ".join(_SUFFIXES),
            formats=", ".join(Format),
        )
    )
