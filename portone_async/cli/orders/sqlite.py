"""Orders in a SQLite file, by the standard library; the file is opened for reading only."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from portone_async.cli.escape import escaped

from .columns import Columns, locate
from .errors import OrdersError
from .rows import Item, read_row

__all__ = ("read_sqlite",)


def read_sqlite(path: Path, name: str, query: str, columns: Columns) -> Generator[Item, None, None]:
    where = f"{name} row "
    path.open("rb").close()  # For an OSError like any file's.
    try:
        with closing(_connected(path)) as connection:
            rows = connection.execute(query)
            if rows.description is None:
                raise OrdersError("the query gives no rows: it must be a SELECT")
            at = locate(columns, [column[0] for column in rows.description])
            for number, cells in enumerate(rows, 1):
                yield read_row(cells, at, where, number)
    except sqlite3.Error as error:
        problem = escaped(str(error))
    else:
        return
    raise OrdersError(problem)


def _connected(path: Path) -> sqlite3.Connection:
    # A generator may be moved on by one thread after the other; never by two at once.
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
    )
    # One text that is no UTF-8 is one bad row, not the end of all.
    connection.text_factory = _text
    return connection


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogateescape")
