"""The formats of a source of orders, by which :mod:`.orders` reads it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ("Format",)


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
