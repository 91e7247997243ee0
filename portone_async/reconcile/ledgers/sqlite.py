"""A ledger in one SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
from typing import Self

from ._sql_ledger import SQLLedger
from ._sqlite_file import SQLiteFile

__all__ = ("SQLiteLedger",)

_TABLES = (
    "CREATE TABLE runs (run TEXT PRIMARY KEY, plan TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE partitions (
        run TEXT, name TEXT, partition TEXT NOT NULL, summary TEXT NOT NULL,
        PRIMARY KEY (run, name)
    ) WITHOUT ROWID""",
    """CREATE TABLE findings (
        run TEXT, name TEXT, position INTEGER, verdict TEXT NOT NULL, finding TEXT NOT NULL,
        PRIMARY KEY (run, name, position)
    ) WITHOUT ROWID""",
)


class SQLiteLedger(SQLLedger):
    """A ledger in a file on a local disk. Use it as a context manager, or close it.

    Several processes of one machine may have it open. A network file system does not work: its
    locks are not reliable.
    """

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, run: str) -> Self:
        """Open a ledger, new or existing.

        Args:
            path: The file; it is created if it does not exist. Its folder must be writable.
            run: The name of the run, such as ``2026-11``. Equal names are one run.

        Raises:
            LedgerError: The file is not writable, not a ledger, or of another version.
        """
        return cls(SQLiteFile(path, _TABLES), run)
