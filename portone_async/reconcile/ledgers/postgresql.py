"""A ledger in PostgreSQL, for workers on many machines. It needs the extra ``postgresql``."""

from __future__ import annotations

from typing import Self

try:
    import psycopg as _psycopg
except ModuleNotFoundError as error:
    if error.name != "psycopg":
        raise
    raise ModuleNotFoundError(
        "a ledger in PostgreSQL needs psycopg: pip install 'portone-async[postgresql]'",
        name="psycopg",
    ) from None
del _psycopg

from portone_async._redact import Secret  # noqa: E402 (after the message)

from ._postgresql_database import PostgreSQLDatabase  # noqa: E402 (the same)
from ._sql_ledger import SQLLedger  # noqa: E402 (the same)

__all__ = ("PostgreSQLLedger",)

# Names are compared byte by byte, as in SQLite. JSON is text, which is returned as it was stored.
_TABLES = (
    """CREATE TABLE runs (
        run text COLLATE "C" PRIMARY KEY, plan text NOT NULL, account text,
        requests bigint NOT NULL DEFAULT 0, retries bigint NOT NULL DEFAULT 0,
        seconds double precision NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE partitions (
        run text COLLATE "C", name text COLLATE "C", tier text COLLATE "C" NOT NULL,
        since bigint NOT NULL, partition text NOT NULL, summary text NOT NULL, digest text,
        PRIMARY KEY (run, name)
    )""",
    # Not unique: two that publish a partition at once would fail here, before ON CONFLICT.
    "CREATE INDEX partitions_by_tier ON partitions (run, tier, since)",
    """CREATE TABLE findings (
        run text COLLATE "C", tier text COLLATE "C", since bigint, position integer,
        merchant_uid text COLLATE "C" NOT NULL, verdict text COLLATE "C" NOT NULL,
        finding text NOT NULL,
        PRIMARY KEY (run, tier, since, position)
    )""",
    "CREATE INDEX findings_by_order ON findings (run, tier, merchant_uid, since)",
    """CREATE TABLE confirmed (
        run text COLLATE "C", tier text COLLATE "C", merchant_uid text COLLATE "C",
        finding text NOT NULL,
        PRIMARY KEY (run, tier, merchant_uid)
    )""",
)
_DEFAULT_SCHEMA = "portone_async"


class PostgreSQLLedger(SQLLedger):
    """A ledger in a PostgreSQL database. Use it as a context manager, or close it.

    Each object has one connection. A connection that is lost between two steps is replaced.
    """

    @classmethod
    def connect(cls, address: str, *, run: str, schema: str = _DEFAULT_SCHEMA) -> Self:
        """Connect to a ledger, new or existing.

        Args:
            address: Like ``postgresql://user@host:5432/database``. libpq reads missing parts, such
                as the password, from ``PGPASSWORD``, ``~/.pgpass`` and so on.
            run: The name of the run, such as ``2026-11``. Equal names are one run.
            schema: The schema of its tables. If it does not exist it is created, which needs the
                privilege ``CREATE`` on the database; an empty one of the user needs none.

        Raises:
            InvalidRequestError: The address or the name of the schema is invalid.
            LedgerError: The database cannot be used, the schema has other tables, or tables of
                another version.
        """
        address = Secret(address)  # The local variables of a traceback are printed, too.
        return cls(PostgreSQLDatabase(address, schema, _TABLES), run)
