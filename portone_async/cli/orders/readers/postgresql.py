"""Read from PostgreSQL with psycopg: a server-side cursor in a read-only transaction."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from portone_async._redact import Secret
from portone_async._worded import Worded
from portone_async.cli.orders.columns import Columns, Layout, find_columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import Item
from portone_async.cli.orders.row import parse_row
from portone_async.cli.orders.where import row_of
from portone_async.reconcile._postgresql import describe_error, parse_address

if TYPE_CHECKING:
    from psycopg import Column

__all__ = ("read_postgresql",)

_BATCH_ROWS = 2_000
_FLOAT4 = 700  # pg_type.oid


def read_postgresql(address: str, query: str, columns: Columns) -> Generator[Item, None, None]:
    try:
        import psycopg  # noqa: PLC0415 (an extra)
    except ImportError:
        raise OrdersError(
            Worded("PostgreSQL needs psycopg: pip install 'portone-async[cli]'")
        ) from None

    try:
        parameters = parse_address(Secret(address))
    except ValueError as error:
        raise OrdersError(error.args[0]) from None
    try:
        with psycopg.connect(**parameters) as connection:
            connection.read_only = True
            # A name makes it a server-side cursor.
            with connection.cursor("orders") as cursor:
                cursor.itersize = _BATCH_ROWS
                # psycopg's annotations accept a computed query only as bytes.
                cursor.execute(query.encode())
                layout = _find_layout(cursor.description or [], columns)
                for number, cells in enumerate(cursor, 1):
                    yield parse_row(cells, layout, partial(row_of, "postgresql", number))
    except psycopg.Error as error:
        problem = describe_error(error, parameters)
    else:
        return
    raise OrdersError(Worded("{database_error}", database_error=problem))


def _find_layout(description: Sequence[Column], columns: Columns) -> Layout:
    layout = find_columns(columns, [column.name for column in description])
    if description[layout.amount].type_code == _FLOAT4:
        raise OrdersError(Worded("amount is a real, which has only 6 exact digits"))
    return layout
