"""Read the rows of a source lazily.

The library for each format, and why:

- CSV: the standard library. DuckDB is faster, but does not report the line numbers of rows, which
  messages about bad rows need, and must download an extension to read CP949.
- JSON Lines: the standard library, which yields numbers as they are written.
- Workbooks: python-calamine, which reads all three kinds, and fast. It loads a whole sheet.
- Parquet: DuckDB.
- SQLite: the standard library; PostgreSQL: psycopg. DuckDB downloads an extension for either at
  run time, which fails on a server without access to the internet.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.cli.orders.columns import Columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import Item
from portone_async.cli.source_format import Format

from .delimited import read_delimited
from .json_lines import read_json_lines
from .parquet import read_parquet
from .postgresql import read_postgresql
from .sqlite import read_sqlite

__all__ = ("ReadOptions", "check_options", "read_rows")


class ReadOptions(Struct, frozen=True, kw_only=True):
    """How to read a source; each option as in :func:`portone_async.cli.orders.read_orders`."""

    query: str | None
    columns: Columns
    delimiter: str | None
    sheet: str | None
    header_row: int | None


def check_options(source_format: Format, options: ReadOptions) -> None:
    """Check that the options fit the format.

    Raises:
        OrdersError: One does not, or a database has no query.
    """
    if source_format.is_database and not options.query:
        raise OrdersError(
            Worded(
                "a database needs a query, for example: "
                "SELECT order_no AS merchant_uid, total AS amount FROM orders"
            )
        )
    if options.query and not source_format.is_database:
        raise OrdersError(
            Worded("a query is for databases, not for {format}", format=str(source_format))
        )
    if options.delimiter and (
        source_format is not Format.CSV
        or len(options.delimiter) > 1
        or options.delimiter in '"\r\n'
    ):
        raise OrdersError(Worded("a delimiter is one character, and only for CSV"))
    header_row = options.header_row
    if header_row is not None and (not source_format.has_header or header_row < 1):
        raise OrdersError(Worded("a header row is a number from 1, and only for CSV and workbooks"))
    if options.sheet is not None and not source_format.is_workbook:
        raise OrdersError(
            Worded("a sheet is for workbooks, not for {format}", format=str(source_format))
        )


def read_rows(
    source: str, name: str, source_format: Format, options: ReadOptions
) -> Generator[Item, None, None]:
    """Start to read a source.

    Args:
        source: A path or an address.
        name: The source, for :attr:`BadRow.where`.
        source_format: Its format.
        options: Checked by :func:`check_options`.

    Raises:
        OrdersError: A library is missing.
    """
    path, columns = Path(source), options.columns
    match source_format:
        case Format.CSV:
            rows = read_delimited(path, name, columns, options.delimiter, options.header_row)
        case Format.XLSX | Format.XLS | Format.ODS:
            rows = _read_workbook(path, name, options)
        case Format.JSONL:
            rows = read_json_lines(path, name, columns)
        case Format.PARQUET:
            rows = read_parquet(path, name, columns)
        case Format.SQLITE:
            rows = read_sqlite(path, name, options.query or "", columns)
        case _:
            rows = read_postgresql(source, options.query or "", columns)
    return rows


def _read_workbook(path: Path, name: str, options: ReadOptions) -> Generator[Item, None, None]:
    try:
        from .workbook import read_workbook  # noqa: PLC0415 (python-calamine is an extra)
    except ImportError:
        raise OrdersError(
            Worded("workbooks need python-calamine: pip install 'portone-async[cli]'")
        ) from None
    return read_workbook(path, name, options.columns, options.sheet, options.header_row)
