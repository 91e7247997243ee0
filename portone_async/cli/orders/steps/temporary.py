"""A temporary database for what waits for the end of the source, or for the report."""

from __future__ import annotations

import sqlite3
from contextlib import closing

__all__ = ("temporary_database",)


def temporary_database() -> closing[sqlite3.Connection]:
    """Open a SQLite database in a temporary file; the context manager closes and deletes it."""
    # SQLite takes an empty path for a temporary file. Threads may take turns with the generator of
    # a step, but never run it at the same time.
    return closing(sqlite3.connect("", check_same_thread=False))
