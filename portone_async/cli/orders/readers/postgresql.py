"""Read from PostgreSQL with psycopg: a server-side cursor in a read-only transaction."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from portone_async.cli.escape import escape
from portone_async.cli.orders.columns import Columns, Layout, find_columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import Item
from portone_async.cli.orders.row import parse_row

if TYPE_CHECKING:
    from psycopg import Column

__all__ = ("read_postgresql",)

_BATCH_ROWS = 2_000
_CONNECT_SECONDS = 10
_FLOAT4 = 700  # pg_type.oid
# libpq splits an address at the first / ? # or @, and its error message could then quote the rest
# of a password as, say, a port.
_ADDRESS = re.compile(r"postgres(?:ql)?://(?:[^@/?#\[\]]*@)?[^@]*", re.DOTALL)
_INVALID_ADDRESS = (
    "the address is invalid (not printed here, since it may contain a password): it should be "
    "like postgresql://user@host:5432/database, with all but letters and digits in user and "
    "password percent-encoded"
)


def read_postgresql(address: str, query: str, columns: Columns) -> Generator[Item, None, None]:
    try:
        import psycopg  # noqa: PLC0415 (an extra)
    except ImportError:
        raise OrdersError("PostgreSQL needs psycopg: pip install 'portone-async[cli]'") from None

    parameters = _parse_address(address)
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
                    yield parse_row(cells, layout, "postgresql row ", number)
    except psycopg.Error as error:
        problem = error.diag.message_primary or str(error)
    else:
        return
    password = parameters.get("password")
    if password and password in problem:
        problem = "failed; the message is not printed here, since it contains the password"
    raise OrdersError(escape(problem.strip()))


def _find_layout(description: Sequence[Column], columns: Columns) -> Layout:
    layout = find_columns(columns, [column.name for column in description])
    if description[layout.amount].type_code == _FLOAT4:
        raise OrdersError("amount is a real, which has only 6 exact digits")
    return layout


def _parse_address(address: str) -> dict[str, Any]:
    """Return the connection parameters of an address.

    Raises:
        OrdersError: The address is invalid. The message does not quote it, since it may contain a
            password.
    """
    from psycopg import ProgrammingError  # noqa: PLC0415 (an extra)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 (an extra)

    try:
        parameters = conninfo_to_dict(address) if _ADDRESS.fullmatch(address) else None
    except ProgrammingError:
        parameters = None
    if parameters is None or not re.fullmatch(r"[0-9,]*", str(parameters.get("port", ""))):
        raise OrdersError(_INVALID_ADDRESS)
    return {"connect_timeout": _CONNECT_SECONDS, **parameters, "client_encoding": "utf8"}
