"""A ledger in one SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
from typing import Self

from ._sql_ledger import SQLLedger
from ._sqlite_file import SQLiteFile

__all__ = ("SQLiteLedger",)

_TABLES = (
    """CREATE TABLE runs (
        run TEXT PRIMARY KEY, plan TEXT NOT NULL, account TEXT,
        requests INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    """CREATE TABLE partitions (
        run TEXT, name TEXT, tier TEXT NOT NULL, since INTEGER NOT NULL,
        partition TEXT NOT NULL, summary TEXT NOT NULL, digest TEXT,
        PRIMARY KEY (run, name)
    ) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX partitions_by_tier ON partitions (run, tier, since)",
    """CREATE TABLE findings (
        run TEXT, tier TEXT, since INTEGER, position INTEGER,
        merchant_uid TEXT NOT NULL, verdict TEXT NOT NULL, finding TEXT NOT NULL,
        PRIMARY KEY (run, tier, since, position)
    ) WITHOUT ROWID""",
    "CREATE INDEX findings_by_order ON findings (run, tier, merchant_uid, since)",
    """CREATE TABLE confirmed (
        run TEXT, tier TEXT, merchant_uid TEXT, finding TEXT NOT NULL,
        PRIMARY KEY (run, tier, merchant_uid)
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
