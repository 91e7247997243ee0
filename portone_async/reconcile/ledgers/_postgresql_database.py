"""One PostgreSQL database that several processes use at once: schema, transactions, errors."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import RLock
from typing import Any

import psycopg
from psycopg import sql

from portone_async._redact import Secret, SecretDict
from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError
from portone_async.reconcile._postgresql import describe_error, parse_address

from ._sql_ledger import Parameters
from .protocol import LedgerError

__all__ = ("PostgreSQLDatabase", "PostgreSQLSession")

_VERSION = 2
_LOCK_TIMEOUT = 120  # seconds: a partition of a million findings is written in some seconds.
# PostgreSQL then notices within 60 s that a machine has died, and releases its locks before the
# lock timeout of other processes ends.
_SESSION = """
    SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"""
# In each transaction, since a pooler may give each one another session.
_BEGIN = sql.SQL("BEGIN {}; SET LOCAL search_path TO {}; SET LOCAL lock_timeout = {}")
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# A parameter of SQLite, outside of a text: `?` or `:name`, but not the cast `::text`.
_PARAMETER = re.compile(r"'[^']*'|(?<![:\w]):([a-z_]\w*)|(\?)")


class PostgreSQLSession:
    """Executes statements in one transaction. Their parameters are written as for SQLite."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def execute(
        self, statement: str, parameters: Parameters = ()
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Execute a statement, and return its rows."""
        return self._connection.execute(_translated(statement), parameters)

    def copy(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows by ``COPY``, some ten times as fast as ``INSERT``."""
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


class PostgreSQLDatabase:
    """The connection of a ledger, for any thread: one transaction after the other.

    A connection that was lost is replaced at the beginning of the next transaction.
    """

    def __init__(self, address: Secret, schema: str, tables: Sequence[str]) -> None:
        """Connect, and create the tables if the database has none.

        Raises:
            InvalidRequestError: The address or the name of the schema is invalid.
            LedgerError: The database cannot be used, or its tables are of another version.
        """
        if not _SCHEMA_NAME.fullmatch(schema):
            raise InvalidRequestError(f"schema must be a lower-case name: {schema!a}")
        self._schema = schema
        self._parameters = _parse(address)
        self._lock = RLock()
        self._is_closed = False
        self._has_snapshot = False
        self._connection = self._connect()
        try:
            self._prepare(tables)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Let all reads of the block see one state; other threads wait."""
        with self._transaction(sql.SQL("ISOLATION LEVEL REPEATABLE READ READ ONLY")):
            self._has_snapshot = True
            try:
                yield
            finally:
                self._has_snapshot = False

    @contextmanager
    def reading(self) -> Generator[PostgreSQLSession]:
        """Hold the connection in one transaction that changes nothing, or in that of a snapshot."""
        with self._lock:
            if self._has_snapshot:  # Of this thread, which has the lock.
                yield PostgreSQLSession(self._connection)
                return
            with self._transaction(sql.SQL("READ ONLY")) as session:
                yield session

    @contextmanager
    def writing(self) -> Generator[PostgreSQLSession]:
        """Hold the connection in one transaction, rolled back if an error leaves the block."""
        with self._transaction(sql.SQL("READ WRITE")) as session:
            yield session

    def insert(self, session: PostgreSQLSession, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows by ``COPY``, some ten times as fast as ``INSERT``."""
        session.copy(table, rows)

    def error(self, reason: str) -> LedgerError:
        """Return an error that names the ledger, without its address."""
        return LedgerError(
            Worded("The ledger in PostgreSQL cannot be used: {reason}", reason=reason)
        )

    def close(self) -> None:
        """Close the connection. May be called again."""
        with self._lock:
            self._is_closed = True
            self._connection.close()

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        problem = ""
        try:
            # Prepared statements do not work with some poolers.
            connection = psycopg.connect(
                **self._parameters, autocommit=True, prepare_threshold=None
            )
            try:
                connection.execute(_SESSION)
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            problem = describe_error(error, self._parameters)
        else:
            return connection
        # Outside of the block: frames of psycopg have the password.
        raise self.error(problem)

    @contextmanager
    def _transaction(self, kind: sql.SQL) -> Generator[PostgreSQLSession]:
        with self._lock, self._translate_errors():
            self._begin(kind)
            try:
                yield PostgreSQLSession(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _begin(self, kind: sql.SQL) -> None:
        if self._is_closed:
            raise self.error(Worded("it was closed"))
        schema, timeout = sql.Identifier(self._schema), sql.Literal(_LOCK_TIMEOUT * 1000)
        begin = _BEGIN.format(kind, schema, timeout)
        try:
            self._connection.execute(begin)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            # It was lost since the last transaction; nothing of this one was sent.
            self._connection = self._connect()
            self._connection.execute(begin)

    @contextmanager
    def _translate_errors(self) -> Generator[None]:
        try:
            yield
        except psycopg.errors.LockNotAvailable:
            problem = f"another process has been writing it for {_LOCK_TIMEOUT} s"
        except psycopg.Error as error:
            problem = describe_error(error, self._parameters)
        except UnicodeEncodeError:
            problem = "a text is not Unicode (it has half a surrogate pair)"
        else:
            return
        raise self.error(problem)

    def _prepare(self, tables: Sequence[str]) -> None:
        """Create the tables, or check the version of those that exist."""
        with self.reading() as session:
            version = self._version(session)
        if version is None:
            with self.writing() as session:
                # One process after the other: the second one finds the tables.
                session.execute("SELECT pg_advisory_xact_lock(hashtext(?))", [self._schema])
                version = self._version(session)
                if version is None:
                    self._create(session, tables)
                    return
        if version != _VERSION:
            raise self.error(
                Worded(
                    "its tables in the schema {schema} have version {version}, this package writes "
                    "{own}. Finish its runs with the version of this package that started them, or "
                    "use another schema or database",
                    schema=self._schema,
                    version=version,
                    own=_VERSION,
                )
            )

    def _version(self, session: PostgreSQLSession) -> int | None:
        """Return the version of the tables; ``None`` if there are none."""
        # Not to_regclass(), which may not notice what another process has just created.
        if "version" not in self._existing_tables(session):
            return None
        row = session.execute("SELECT max(version) FROM version").fetchone()
        return None if row is None else row[0]

    def _existing_tables(self, session: PostgreSQLSession) -> list[str]:
        rows = session.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = ?", [self._schema]
        )
        return [name for (name,) in rows]

    def _create(self, session: PostgreSQLSession, tables: Sequence[str]) -> None:
        # The name was checked. "IF NOT EXISTS" would need the privilege even if it exists.
        if session.execute("SELECT to_regnamespace(?)", [self._schema]).fetchone() == (None,):
            session.execute(f"CREATE SCHEMA {self._schema}")
        if self._existing_tables(session):
            raise self.error(
                Worded("its schema {schema} has tables of another application", schema=self._schema)
            )
        for table in tables:
            session.execute(table)
        session.execute("CREATE TABLE version (version integer NOT NULL)")
        session.execute("INSERT INTO version VALUES (?)", [_VERSION])


def _parse(address: Secret) -> SecretDict:
    """Return the connection parameters of an address.

    Raises:
        InvalidRequestError: It is invalid.
    """
    try:
        return parse_address(address)
    except ValueError as error:
        problem = error.args[0]
    raise InvalidRequestError(problem)


@lru_cache(maxsize=256)
def _translated(statement: str) -> bytes:
    """Write the parameters of a statement as psycopg expects them."""
    translated = _PARAMETER.sub(_parameter, statement.replace("%", "%%"))
    return translated.encode()  # psycopg's annotations accept a computed query only as bytes.


def _parameter(match: re.Match[str]) -> str:
    if match[1] is not None:
        return f"%({match[1]})s"
    return "%s" if match[2] is not None else match[0]
