"""One SQLite file: lock, transactions, error messages."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from typing import ClassVar

from portone_async._worded import Worded
from portone_async.errors import PortOneError

__all__ = ("Database", "StoreError")

_CACHE_KIB = 32_768

_REASONS = {
    sqlite3.SQLITE_CANTOPEN: Worded("it cannot be opened or created there"),
    sqlite3.SQLITE_CORRUPT: Worded("it is damaged"),
    sqlite3.SQLITE_FULL: Worded("the disk is full"),
    sqlite3.SQLITE_IOERR: Worded("the disk cannot be read or written"),
    sqlite3.SQLITE_NOTADB: Worded("it is not an SQLite file"),
    sqlite3.SQLITE_PERM: Worded("there is no permission to open it"),
    sqlite3.SQLITE_READONLY: Worded("there is no permission to write it"),
}


class StoreError(PortOneError):
    """The store cannot be opened, read or written. The step that failed changed nothing in it."""

    advice = "Earlier results are stored: remove the cause and start again to resume."


class Database:
    """A store's connection, for any thread: one transaction after the other.

    One process uses the file at a time.
    """

    # A database of another application or another version is never written to.
    _APPLICATION_ID: ClassVar = 0x504F4152  # "POAR"
    _VERSION: ClassVar = 4
    # Seconds: enough to wait for a reader of a finished store, not for another run.
    _BUSY_TIMEOUT: ClassVar = 0.2
    _BUSY: ClassVar = Worded("it is in use by another run, or by a reader")
    _NOUN: ClassVar = Worded("store")
    _ERROR: ClassVar[type[PortOneError]] = StoreError

    def __init__(self, path: str | os.PathLike[str], schema: Sequence[str]) -> None:
        """Open and lock the file; a new or empty one gets the tables of ``schema``.

        Raises:
            StoreError: The file is in use, not writable, damaged, or a database of another
                application or version.
        """
        self._path = os.fspath(path)
        self._lock = RLock()
        with self._translate_errors():
            self._connection = sqlite3.connect(
                self._path,
                timeout=self._BUSY_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            self._set_up(schema)
        except BaseException:
            self._connection.close()
            raise

    def _set_up(self, schema: Sequence[str]) -> None:
        # Set before the first access, the lock stays from one transaction to the next, and WAL
        # needs no shared memory. The operating system drops it with the process.
        self._set("locking_mode = EXCLUSIVE")
        with self._transaction("BEGIN EXCLUSIVE") as connection:
            self._prepare(connection, schema)
        self._set("journal_mode = WAL")
        # A kill loses nothing, a power cut at most the last steps; neither harms the file.
        self._set("synchronous = NORMAL")
        self._set(f"cache_size = -{_CACHE_KIB}")

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Hold the connection exclusively."""
        with self._lock, self._translate_errors():
            yield self._connection

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Hold the connection in one transaction, rolled back if an error leaves the block."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def error(self, reason: str) -> PortOneError:
        """Return an error that names this file."""
        return self._ERROR(
            Worded(
                "The {noun} {path} cannot be used: {reason}",
                noun=self._NOUN,
                path=repr(self._path),
                reason=reason,
            )
        )

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it. May be called again."""
        with self._lock:
            # If this fails, as on a full disk, the log stays beside the file; nothing is lost.
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.close()

    def _set(self, pragma: str) -> None:
        with self.reading() as connection:
            connection.execute(f"PRAGMA {pragma}")

    def _prepare(self, connection: sqlite3.Connection, schema: Sequence[str]) -> None:
        ((application_id,),) = connection.execute("PRAGMA application_id")
        ((version,),) = connection.execute("PRAGMA user_version")
        if application_id == self._APPLICATION_ID:
            if version != self._VERSION:
                raise self.error(
                    Worded(
                        "it has version {version}, this package writes {own}. Finish its run with the "
                        "version of this package that started it, or use another file",
                        version=version,
                        own=self._VERSION,
                    )
                )
            return
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        if tables or application_id:
            raise self.error(Worded("it is an SQLite file of another application"))
        for statement in schema:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {self._APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {self._VERSION}")

    @contextmanager
    def _transaction(self, begin: str) -> Generator[sqlite3.Connection]:
        with self.reading() as connection:
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back by itself, as it does on a full disk.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translate_errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # Python's own errors, as for a closed connection, have no code.
            code: int = getattr(error, "sqlite_errorcode", 0)
            # The low byte is the primary code, the rest the extended one.
            reasons = {**_REASONS, sqlite3.SQLITE_BUSY: self._BUSY}
            raise self.error(reasons.get(code & 0xFF, str(error))) from error
        except UnicodeEncodeError as error:
            raise self.error(
                Worded("a text is not Unicode (it has half a surrogate pair)")
            ) from error
