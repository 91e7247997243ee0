"""The store's run: its identity, its progress and its usage."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from sqlite3 import Connection

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from portone_async.reconcile.finding import AssumedEmpty
from portone_async.reconcile.identity import Identity, differences

__all__ = (
    "SCHEMA",
    "Usage",
    "add_assumed_empty",
    "add_usage",
    "assumed_empty",
    "changes",
    "delete_steps",
    "identity",
    "is_done",
    "mark_done",
    "mark_ended",
    "position",
    "restart",
    "set_identity",
    "set_position",
    "usage",
)

_NEW_RUN = "INSERT INTO run VALUES (NULL, NULL, NULL, 0, 0, 0.0)"
SCHEMA = (
    """CREATE TABLE run (
        identity TEXT, started_at REAL, ended_at REAL,
        requests INTEGER NOT NULL, retries INTEGER NOT NULL, seconds REAL NOT NULL
    )""",
    _NEW_RUN,
    "CREATE TABLE steps (name TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE positions (step TEXT PRIMARY KEY, position INTEGER) WITHOUT ROWID",
    "CREATE TABLE assumed_empty (status TEXT, since INTEGER, until INTEGER)",
)

_HAS_RESULTS = """
    SELECT EXISTS (SELECT 1 FROM steps) OR EXISTS (SELECT 1 FROM positions)
        OR EXISTS (SELECT 1 FROM payments) OR EXISTS (SELECT 1 FROM unreadable)
        OR EXISTS (SELECT 1 FROM unconfirmed)
        OR EXISTS (SELECT 1 FROM findings WHERE verdict <> 'not_checked')"""
_ADD_USAGE = """
    UPDATE run SET requests = requests + ?, retries = retries + ?, seconds = seconds + ?"""


class Usage(Struct, frozen=True):
    """The requests and the time of a run."""

    requests: int
    retries: int
    seconds: float
    started_at: datetime | None
    ended_at: datetime | None


def restart(connection: Connection) -> None:
    """Delete everything in the store and start a new run."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    for (table,) in tables.fetchall():
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 (names of this schema)
    connection.execute(_NEW_RUN)
    connection.execute("UPDATE run SET started_at = ?", [time.time()])


def mark_ended(connection: Connection) -> None:
    """Record that the run has ended; only the first time counts."""
    connection.execute("UPDATE run SET ended_at = coalesce(ended_at, ?)", [time.time()])


def identity(connection: Connection) -> Identity | None:
    """Return the run's identity, if it is known."""
    ((text,),) = connection.execute("SELECT identity FROM run")
    return None if text is None else msgspec.json.decode(text, type=Identity)


def set_identity(connection: Connection, identity: Identity) -> None:
    """Store the run's identity."""
    text = msgspec.json.encode(identity).decode()
    connection.execute("UPDATE run SET identity = ?", [text])


def changes(connection: Connection, current: Identity) -> list[str]:
    """Describe the differences between the stored run, if there is one, and the current one."""
    stored = identity(connection)
    if stored is None:
        return []
    ((has_results,),) = connection.execute(_HAS_RESULTS)
    if not has_results:
        # It may have been started with a wrong key, which PortOne rejected.
        stored = replace(stored, shop=current.shop)
        set_identity(connection, stored)
    return differences(stored, current)


def add_usage(connection: Connection, requests: int, retries: int, seconds: float) -> None:
    """Add to the usage of the run."""
    connection.execute(_ADD_USAGE, [requests, retries, seconds])


def usage(connection: Connection) -> Usage:
    """Return the usage of the run."""
    ((requests, retries, seconds, started_at, ended_at),) = connection.execute(
        "SELECT requests, retries, seconds, started_at, ended_at FROM run"
    )
    return Usage(requests, retries, seconds, _utc(started_at), _utc(ended_at))


def mark_done(connection: Connection, step: str) -> None:
    """Record that a step is done."""
    connection.execute("INSERT OR IGNORE INTO steps VALUES (?)", [step])


def is_done(connection: Connection, step: str) -> bool:
    """Whether a step is done."""
    row = connection.execute("SELECT 1 FROM steps WHERE name = ?", [step]).fetchone()
    return row is not None


def set_position(connection: Connection, step: str, position: int) -> None:
    """Record the first second that a step has not read."""
    connection.execute("REPLACE INTO positions VALUES (?, ?)", [step, position])


def position(connection: Connection, step: str) -> int | None:
    """Return the first second that a step has not read; ``None`` if it has not started."""
    rows = connection.execute("SELECT position FROM positions WHERE step = ?", [step])
    return next((position for (position,) in rows), None)


def delete_steps(connection: Connection, prefix: str) -> None:
    """Delete the steps whose names begin with a text, and how far they have come."""
    connection.execute("DELETE FROM steps WHERE instr(name, ?) = 1", [prefix])
    connection.execute("DELETE FROM positions WHERE instr(step, ?) = 1", [prefix])


def add_assumed_empty(connection: Connection, periods: Iterable[AssumedEmpty]) -> None:
    """Store periods that PortOne refused to list."""
    connection.executemany(
        "INSERT INTO assumed_empty VALUES (?, ?, ?)",
        [(p.status, p.since.timestamp(), p.until.timestamp()) for p in periods],
    )


def assumed_empty(connection: Connection) -> tuple[AssumedEmpty, ...]:
    """Return the periods that PortOne refused to list."""
    rows = connection.execute("SELECT * FROM assumed_empty ORDER BY status, since")
    return tuple(
        AssumedEmpty(status, datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC))
        for status, since, until in rows
    )


def _utc(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
