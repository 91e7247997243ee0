"""Insert many rows with few SQL statements.

``sqlite3`` releases the GIL once per statement. With a statement per row, a busy event loop would
hold up every single row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain, compress, islice
from sqlite3 import Connection
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct

__all__ = ("Table", "insert", "insert_sharing")

R = TypeVar("R")
_Values: TypeAlias = tuple[Any, ...]

# With at most nine values each, below SQLite's least limit of 999 parameters.
_ROWS = 100


class Table(Struct, Generic[R], frozen=True):
    """A table, and the functions that return the values of a row."""

    name: str
    """The table, and the columns in parentheses: a constant, since it becomes a part of the SQL."""
    own: Callable[[R], _Values]
    """Returns the values of the first columns, which differ from row to row."""
    shared: Callable[[R], _Values]
    """Returns the values of the other columns, which most rows share."""


def insert_sharing(
    connection: Connection, table: Table[R], rows: Sequence[R], *, otherwise: str = ""
) -> None:
    """Insert rows: first those that share the most common values, then the others.

    ``sqlite3`` copies every value. In most rows half of the values are the same, such as ``paid``
    and ``KRW``. A statement contains these once, which takes half the time.

    Args:
        connection: The connection, in a transaction.
        table: The table.
        rows: The rows.
        otherwise: The ``ON CONFLICT`` clause.
    """
    if not rows:
        return
    shared = [*map(table.shared, rows)]
    ((common, _),) = Counter(shared).most_common(1)
    # map() and compress() loop in C: a run inserts up to a million rows.
    similar = map(table.own, compress(rows, map(common.__eq__, shared)))
    different = (
        table.own(row) + values
        for row, values in compress(zip(rows, shared, strict=True), map(common.__ne__, shared))
    )
    insert(connection, table.name, similar, common=common, otherwise=otherwise)
    insert(connection, table.name, different, otherwise=otherwise)


def insert(
    connection: Connection,
    table: str,
    rows: Iterable[_Values],
    *,
    common: _Values = (),
    otherwise: str = "",
) -> int:
    """Insert rows.

    Args:
        connection: The connection, in a transaction.
        table: The table, and the columns in parentheses: a constant, since it becomes SQL.
        rows: The rows, all of the same length.
        common: The values that end each row.
        otherwise: The ``ON CONFLICT`` clause.

    Returns:
        The number of rows that were inserted.
    """
    rest = iter(rows)
    inserted = 0
    while batch := [*islice(rest, _ROWS)]:
        statement = _statement(table, len(batch), len(batch[0]), len(common), otherwise)
        values = tuple(chain(common, chain.from_iterable(batch)))
        inserted += connection.execute(statement, values).rowcount
    return inserted


@lru_cache(maxsize=512)
def _statement(table: str, rows: int, width: int, common: int, otherwise: str) -> str:
    """Return a statement whose first parameters are the common values."""
    values = ", ".join([f"({', '.join('?' * width)})"] * rows)
    if not common:
        return f"INSERT INTO {table} VALUES {values} {otherwise}"  # noqa: S608 (names of a schema)
    shared = ", ".join("?" * common)
    # "WHERE true" parts the SELECT from "ON CONFLICT".
    return (
        f"INSERT INTO {table} SELECT own.*, shared.* "  # noqa: S608 (the same)
        f"FROM (SELECT {shared}) AS shared CROSS JOIN (VALUES {values}) AS own WHERE true {otherwise}"
    )
