"""A shop's orders, read one by one from a file or a database: lazily, exactly, each bad row named.

Each kind of source is read by what can be trusted with it:

- CSV by the standard library. DuckDB is faster, but tells no line numbers of rows that it can
  read (and an amount that is none sits in such a row), and needs a download to read CP949.
- JSON Lines by the standard library, which hands out numbers as they were written.
- Workbooks by python-calamine, which reads all three kinds, and fast. They are in memory.
- Parquet by DuckDB.
- SQLite by the standard library and PostgreSQL by psycopg. DuckDB downloads an extension for
  either at run time, which a server without a way out to the internet cannot.

What a cell may look like is said in :mod:`.cells` and :mod:`.rounded` (order numbers),
:mod:`.money` (amounts, refunds, currencies) and :mod:`.statuses`; what a row means in :mod:`.rows`;
which rows are totals in :mod:`.totals` and :mod:`.sums`; which sales need a refund row in
:mod:`.partial`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from gettext import gettext as _
from pathlib import Path

from portone_async.cli.escape import escaped

from .columns import Columns
from .delimited import read_delimited
from .errors import OrdersError
from .formats import Format, format_of
from .json_lines import read_json_lines
from .parquet import read_parquet
from .partial import with_refund_rows
from .postgresql import read_postgresql
from .precision import note_lost_digits
from .rows import BadRow, Item, Note, OrphanRow
from .sqlite import read_sqlite
from .sums import tell_totals
from .trimming import trimmed

__all__ = ("BadRow", "Columns", "Format", "Item", "Note", "OrdersError", "read_orders")

_GUESSED = Columns()


def read_orders(
    source: str,
    *,
    query: str | None = None,
    columns: Columns = _GUESSED,
    source_format: Format | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
) -> Generator[Item, None, None]:
    """Read orders one by one; memory does not grow with their number.

    Nothing is opened before the first order is asked for. Whoever stops early closes the
    generator. Threads may take turns with it.

    Args:
        source: The path of a file, or a ``postgresql://`` address. What the address leaves out,
            the password above all, is taken from where libpq finds it: ``PGPASSWORD``,
            ``~/.pgpass``.
        query: The SELECT that gives the orders of a database; only for databases.
        columns: Which column is which.
        source_format: ``None`` to tell by the source's name.
        delimiter: The character between the fields of a CSV; ``None`` to tell by its header.
        sheet: The name of a workbook's sheet, or its number from 1; ``None`` for the only one
            that has a header of orders.
        header_row: The row of the header, from 1; in a CSV the line on which it begins. ``None``
            for the first of the first thirty rows that has the known names.

    Raises:
        OrdersError: At once, when this cannot be a source; while it is read, when it cannot be
            read from there on. A row that is no order is a :class:`BadRow` instead. A
            :class:`Note` may stand anywhere among them.
    """
    source_format = source_format or format_of(source)
    _check_query(source_format, query)
    _check_table(source_format, delimiter, sheet, header_row)
    # Nothing of an address is repeated anywhere: a password may be in it.
    name = "postgresql" if source_format is Format.POSTGRESQL else escaped(source)
    path = Path(source)

    def read() -> Generator[Item, None, None]:
        match source_format:
            case Format.CSV:
                rows = read_delimited(path, name, columns, delimiter, header_row)
            case Format.XLSX | Format.XLS | Format.ODS:
                rows = _read_workbook(path, name, columns, sheet, header_row)
            case Format.JSONL:
                rows = read_json_lines(path, name, columns)
            case Format.PARQUET:
                rows = read_parquet(path, name, columns)
            case Format.SQLITE:
                rows = read_sqlite(path, name, query or "", columns)
            case _:
                rows = read_postgresql(source, query or "", columns)
        return rows

    rows = note_lost_digits(tell_totals(with_refund_rows(trimmed(read, name))), name)
    rows = _not_empty(rows, name, may_be=source_format.is_database)
    return _named(name, rows)


def _check_query(source_format: Format, query: str | None) -> None:
    if source_format.is_database and not query:
        raise OrdersError(
            "a database needs a query, as in: "
            "SELECT order_no AS merchant_uid, total AS amount FROM orders"
        )
    if query and not source_format.is_database:
        raise OrdersError(f"a query is for databases, not for {source_format}")


def _check_table(
    source_format: Format, delimiter: str | None, sheet: str | None, header_row: int | None
) -> None:
    if delimiter and (source_format != Format.CSV or len(delimiter) > 1 or delimiter in '"\r\n'):
        raise OrdersError("a delimiter is one character, and only for CSV")
    if header_row is not None and (not source_format.has_header or header_row < 1):
        raise OrdersError("a header row is a number from 1, and only for CSV and workbooks")
    if sheet is not None and not source_format.is_workbook:
        raise OrdersError(f"a sheet is for workbooks, not for {source_format}")


def _read_workbook(
    path: Path, name: str, columns: Columns, sheet: str | None, header_row: int | None
) -> Generator[Item, None, None]:
    try:
        from .workbook import read_workbook  # noqa: PLC0415 (python-calamine is an extra)
    except ImportError:
        raise OrdersError(
            "workbooks need python-calamine: pip install 'portone-async[cli]'"
        ) from None
    return read_workbook(path, name, columns, sheet, header_row)


def _not_empty(
    rows: Generator[Item, None, None], name: str, *, may_be: bool
) -> Generator[Item, None, None]:
    """Refuse a file without orders; a query may truly find none. Count payments without an order."""
    is_empty, orphans = True, 0
    with closing(rows):
        for item in rows:
            if isinstance(item, OrphanRow):
                orphans += 1
                continue
            is_empty = is_empty and isinstance(item, Note)
            yield item
    if orphans:
        text = _("{n} payments without an order are not orders, and left out")
        yield Note(name, text.format(n=f"{orphans:,}"))
    if is_empty and not may_be:
        raise OrdersError("has no orders, not one row below its header")
    if is_empty:
        yield Note(name, _("the query gives no rows"))


def _named(name: str, rows: Iterator[Item]) -> Generator[Item, None, None]:
    try:
        yield from rows
    except OrdersError as error:
        reason = str(error)
    except sqlite3.Error as error:
        # Of a temporary file for rows that wait: the disk may be full.
        reason = f"a temporary file failed: {escaped(str(error))}"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        # All of it could be decoded a moment ago.
        reason = "was changed while it was read"
    else:
        return
    raise OrdersError(f"{name}: {reason}")
