"""Orders in PostgreSQL, by psycopg: through a cursor on the server, in a read-only transaction."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from portone_async.cli.escape import escaped

from .columns import Columns, locate
from .errors import OrdersError
from .rows import Item, read_row

__all__ = ("read_postgresql",)

_ROWS_AT_ONCE = 2_000
_CONNECT_SECONDS = 10
_FLOAT4 = 700  # pg_type.oid
# libpq cuts an address at the first of / ? # @, and would then complain about, say, a port that
# is the rest of a password.
_ADDRESS = re.compile(r"postgres(?:ql)?://(?:[^@/?#\[\]]*@)?[^@]*", re.DOTALL)
_UNREADABLE = (
    "the address cannot be read (it is not shown here, for its password): it should be like "
    "postgresql://user@host:5432/database, and anything but letters and digits in user and "
    "password be percent-encoded"
)


def read_postgresql(address: str, query: str, columns: Columns) -> Generator[Item, None, None]:
    try:
        import psycopg  # noqa: PLC0415 (only for those who read from PostgreSQL)
    except ImportError:
        raise OrdersError("PostgreSQL needs psycopg: pip install 'portone-async[cli]'") from None

    parameters = _parameters(address)
    try:
        with psycopg.connect(**parameters) as connection:
            connection.read_only = True
            with connection.cursor("orders") as rows:
                rows.itersize = _ROWS_AT_ONCE
                rows.execute(query.encode())
                found = rows.description or []
                at = locate(columns, [column.name for column in found])
                if found[at.amount].type_code == _FLOAT4:
                    raise OrdersError("amount is a real, which holds no more than 6 digits")
                for number, cells in enumerate(rows, 1):
                    yield read_row(cells, at, "postgresql row ", number)
    except psycopg.Error as error:
        problem = error.diag.message_primary or str(error)
    else:
        return
    password = parameters.get("password")
    if password and password in problem:
        problem = "failed, with a message that is not shown here, for the password in it"
    raise OrdersError(escaped(problem.strip()))


def _parameters(address: str) -> dict[str, Any]:
    """Take the address apart; no error repeats any of it, since a password may be in it."""
    from psycopg import ProgrammingError  # noqa: PLC0415 (as above)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 (as above)

    try:
        parameters = conninfo_to_dict(address) if _ADDRESS.fullmatch(address) else None
    except ProgrammingError:
        parameters = None
    if parameters is None or not re.fullmatch(r"[0-9,]*", str(parameters.get("port", ""))):
        raise OrdersError(_UNREADABLE)
    return {"connect_timeout": _CONNECT_SECONDS, **parameters, "client_encoding": "utf8"}
