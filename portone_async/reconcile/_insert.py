"""Insert many rows with few SQL statements.

``sqlite3`` releases the GIL once per statement. With a statement per row, a busy event loop would
hold up every single row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER, Connection
from typing import Any

__all__ = ("insert",)

_ROWS = 100


def insert(
    connection: Connection, table: str, rows: Sequence[tuple[Any, ...]], *, otherwise: str = ""
) -> int:
    """Insert rows into a table.

    Args:
        connection: The connection, in a transaction.
        table: The table, and the columns in parentheses; never a text from outside.
        rows: The rows, all of the same length.
        otherwise: The ``ON CONFLICT`` clause.

    Returns:
        The number of rows that were inserted.
    """
    if not rows:
        return 0
    width = len(rows[0])
    count = min(_ROWS, connection.getlimit(SQLITE_LIMIT_VARIABLE_NUMBER) // width)
    whole = len(rows) - len(rows) % count
    row = f"({', '.join('?' * width)})"
    head = f"INSERT INTO {table} VALUES"
    many = f"{head} {', '.join([row] * count)} {otherwise}"
    inserted = 0
    for start in range(0, whole, count):
        values = tuple(chain.from_iterable(rows[start : start + count]))
        inserted += connection.execute(many, values).rowcount
    if whole < len(rows):
        inserted += connection.executemany(f"{head} {row} {otherwise}", rows[whole:]).rowcount
    return inserted
