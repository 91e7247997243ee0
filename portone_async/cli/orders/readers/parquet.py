"""Read Parquet with DuckDB, and only the columns that are needed."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from portone_async._worded import Worded
from portone_async.cli.escape import escape
from portone_async.cli.orders.columns import Columns, Layout, find_columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.exported_findings import strip_trailing_zeros
from portone_async.cli.orders.items import Item
from portone_async.cli.orders.row import parse_row
from portone_async.cli.orders.where import row_of

if TYPE_CHECKING:
    import duckdb

__all__ = ("read_parquet",)

_BATCH_ROWS = 2_000
# Download nothing. One thread reads faster than the rows can be parsed.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
}


def read_parquet(path: Path, name: str, columns: Columns) -> Generator[Item, None, None]:
    try:
        import duckdb  # noqa: PLC0415 (an extra)
    except ImportError:
        raise OrdersError(
            Worded("Parquet needs duckdb: pip install 'portone-async[cli]'")
        ) from None

    path.open("rb").close()  # Raise the same OSError as for other files.
    # Escaped, or DuckDB takes the path for a glob pattern.
    file = [re.sub(r"([*?\[])", r"[\1]", str(path))]
    try:
        with closing(duckdb.connect(config=_CONFIG)) as connection:
            layout = _query(connection, file, columns)
            for number, cells in enumerate(_fetch(connection), 1):
                exact = cells if layout.error is None else strip_trailing_zeros(cells)
                yield parse_row(exact, layout, partial(row_of, name, number))
    except duckdb.Error as error:
        problem = escape(str(error).partition("\n")[0])
    else:
        return
    raise OrdersError(Worded("{database_error}", database_error=problem))


def _query(connection: duckdb.DuckDBPyConnection, file: list[str], columns: Columns) -> Layout:
    """Select the needed columns; return their layout in the result."""
    connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", file)
    description = connection.description or []
    names = [str(column[0]) for column in description]
    layout = find_columns(columns, names)
    if str(description[layout.amount][1]) == "FLOAT":
        raise OrdersError(Worded("amount is a 32-bit float, which has only 7 exact digits"))
    connection.execute(f"SELECT {_select(layout, names)} FROM read_parquet(?)", file)  # noqa: S608 (the names are quoted)
    return _selected_layout(layout)


def _fetch(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while rows := connection.fetchmany(_BATCH_ROWS):
        yield from rows


def _select(layout: Layout, names: list[str]) -> str:
    """Return the columns of a SELECT, in the order of :func:`_selected_layout`."""
    indexes = (layout.merchant_uid, layout.amount, *layout.optional, *layout.order_status)
    return ", ".join("NULL" if index is None else _quote_name(names[index]) for index in indexes)


def _selected_layout(layout: Layout) -> Layout:
    """Return the layout of the selected rows."""
    optional = [None if old is None else index for index, old in enumerate(layout.optional, 2)]
    currency, status, cancelled_amount, error, tier, ordered_at = optional
    first = 2 + len(optional)
    order_status = tuple(range(first, first + len(layout.order_status)))
    return Layout(
        *(0, 1, currency, status, cancelled_amount, error),
        order_status,
        tier,
        ordered_at,
        layout.is_plain_status,
    )


def _quote_name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
