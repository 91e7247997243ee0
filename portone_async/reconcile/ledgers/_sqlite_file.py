"""One SQLite file that several processes use at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from portone_async._worded import Worded
from portone_async.reconcile._database import Database

from .protocol import LedgerError

__all__ = ("SQLiteFile",)


class SQLiteFile(Database):
    """A ledger's connection, for any thread: one transaction after the other."""

    _APPLICATION_ID: ClassVar = 0x504F414C  # "POAL"
    _VERSION: ClassVar = 2
    # Seconds: a partition of a million findings is written in some seconds.
    _BUSY_TIMEOUT: ClassVar = 60.0
    _BUSY: ClassVar = Worded("another process has been writing it for a minute")
    _NOUN: ClassVar = Worded("ledger")
    _ERROR: ClassVar = LedgerError

    def _set_up(self, schema: Sequence[str]) -> None:
        # One process after the other: the second one finds the tables.
        with self._transaction("BEGIN EXCLUSIVE") as connection:
            self._prepare(connection, schema)
        # Readers and a writer do not wait for each other.
        self._set("journal_mode = WAL")
        # Published partitions survive a power cut.
        self._set("synchronous = FULL")

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Let all reads of the block see one state; other threads wait."""
        with self._transaction("BEGIN"):
            yield

    def insert(
        self, session: sqlite3.Connection, table: str, rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert many rows, each with a value for every column."""
        columns = session.execute(f"SELECT * FROM {table} LIMIT 0").description  # noqa: S608 (a table of the schema)
        places = ", ".join("?" * len(columns))
        session.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 (the same)

    def close(self) -> None:
        """Close the file; the last process merges the write-ahead log into it."""
        with self._lock, suppress(self._ERROR), self._translate_errors():
            self._connection.close()
