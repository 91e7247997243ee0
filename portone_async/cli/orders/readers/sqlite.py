"""Read a SQLite file with the standard library; it is opened read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path

from portone_async._worded import Worded
from portone_async.cli.escape import escape
from portone_async.cli.orders.columns import Columns, find_columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import Item
from portone_async.cli.orders.row import parse_row
from portone_async.cli.orders.where import row_of

__all__ = ("read_sqlite",)


def read_sqlite(path: Path, name: str, query: str, columns: Columns) -> Generator[Item, None, None]:
    path.open("rb").close()  # Raise the same OSError as for other files.
    try:
        with closing(_connect(path)) as connection:
            cursor = connection.execute(query)
            if cursor.description is None:
                raise OrdersError(Worded("the query returns no rows: it must be a SELECT"))
            layout = find_columns(columns, [column[0] for column in cursor.description])
            for number, cells in enumerate(cursor, 1):
                yield parse_row(cells, layout, partial(row_of, name, number))
    except sqlite3.Error as error:
        problem = escape(str(error))
    else:
        return
    raise OrdersError(Worded("{database_error}", database_error=problem))


def _connect(path: Path) -> sqlite3.Connection:
    # Threads may take turns with a generator, but never run it at the same time.
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
    )
    # By default a text that is not UTF-8 ends the whole query. This makes it one bad row.
    connection.text_factory = _decode
    return connection


def _decode(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogateescape")
