"""A ledger in one SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import Any, Self

import msgspec

from portone_async.reconcile.finding import Finding, Summary, Verdict, VerdictLike
from portone_async.reconcile.merged import merge
from portone_async.reconcile.partition import Partition, Plan
from portone_async.resources.payments._words import validate_member

from ._plans import decode_plan, differences, encode_plan
from ._sqlite_file import SQLiteFile
from .protocol import LedgerEntry, LedgerError, Unconfirmed

__all__ = ("SQLiteLedger",)

_SCHEMA = (
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
_PAGE = 1_000

_encode = msgspec.json.Encoder().encode
_decode_finding = msgspec.json.Decoder(Finding).decode
_decode_partition = msgspec.json.Decoder(Partition).decode
_decode_summary = msgspec.json.Decoder(Summary).decode


class SQLiteLedger:
    """A ledger in a file on a local disk. Use it as a context manager, or close it.

    Several processes of one machine may have it open. A network file system does not work: its
    locks are not reliable.
    """

    def __init__(self, file: SQLiteFile, run: str) -> None:
        self._file = file
        self._run = run

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, run: str) -> Self:
        """Open a ledger, new or existing.

        Args:
            path: The file; it is created if it does not exist. Its folder must be writable.
            run: The name of the run, such as ``2026-11``. Equal names are one run.

        Raises:
            LedgerError: The file is not writable, not a ledger, or of another version.
        """
        return cls(SQLiteFile(path, _SCHEMA), run)

    @property
    def run(self) -> str:
        """The name of the run."""
        return self._run

    def claim(self, plan: Plan) -> None:
        """Store the plan of the run, or check that the run has this plan."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO runs VALUES (?, ?)", [self._run, encode_plan(plan)]
            )
        changes = differences(self.plan(), plan)
        if changes:
            raise LedgerError(
                f"The run {self._run!r} has another plan: {', '.join(changes)}. Use another name "
                "for this run"
            )

    def plan(self) -> Plan:
        """Return the plan of the run."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT plan FROM runs WHERE run = ?", [self._run])
            for (text,) in rows:
                return decode_plan(text)
        raise LedgerError(f"The run {self._run!r} has no plan yet: claim it first")

    def unfinished(self) -> Iterator[Partition]:
        """Iterate over the partitions of the plan that are not published."""
        return (partition for partition in self.plan() if self.summary_of(partition) is None)

    def summary_of(self, partition: Partition) -> Summary | None:
        """Return the totals of a published partition; ``None`` if it is not published."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT summary FROM partitions WHERE run = ? AND name = ?",
                [self._run, partition.name],
            )
            return next((_decode_summary(text) for (text,) in rows), None)

    def publish(self, partition: Partition, summary: Summary, findings: Iterable[Finding]) -> None:
        """Store the results of a partition, in one transaction that replaces what it had."""
        if partition not in self.plan():
            raise LedgerError(
                f"The partition {partition.name!r} is not one of the plan of run {self._run!r}"
            )
        key = [self._run, partition.name]
        with self._file.writing() as connection:
            connection.execute(
                "REPLACE INTO partitions VALUES (?, ?, ?, ?)",
                [*key, _encode(partition).decode(), _encode(summary).decode()],
            )
            connection.execute("DELETE FROM findings WHERE run = ? AND name = ?", key)
            connection.executemany(
                "INSERT INTO findings VALUES (?, ?, ?, ?, ?)",
                (
                    (*key, position, finding.verdict.value, _encode(finding).decode())
                    for position, finding in enumerate(findings)
                ),
            )

    def entries(self, verdict: VerdictLike | None = None) -> Iterator[LedgerEntry]:
        """Iterate over all findings, or those of one verdict, with their partitions."""
        valid = None if verdict is None else validate_member("verdict", verdict, Verdict)
        return self._entries(valid)

    def _entries(self, verdict: Verdict | None) -> Iterator[LedgerEntry]:
        name, position = "", -1
        while True:
            with self._file.reading() as connection:
                page = self._page(connection, name, position, verdict)
            for *_, partition, finding in page:
                yield LedgerEntry(_decode_partition(partition), _decode_finding(finding))
            if len(page) < _PAGE:
                return
            name, position, *_ = page[-1]

    def _page(
        self, connection: Connection, name: str, position: int, verdict: Verdict | None
    ) -> list[tuple[Any, ...]]:
        return connection.execute(
            """SELECT name, position, partition, finding
            FROM findings JOIN partitions USING (run, name)
            WHERE run = ? AND (name, position) > (?, ?) AND verdict = coalesce(?, verdict)
            ORDER BY name, position LIMIT ?""",
            [self._run, name, position, verdict and verdict.value, _PAGE],
        ).fetchall()

    def findings(self, verdict: VerdictLike | None = None) -> Iterator[Finding]:
        """Iterate over all findings, or those of one verdict."""
        return (entry.finding for entry in self.entries(verdict))

    def summary(self) -> Summary:
        """Return the totals of all published partitions."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT summary FROM partitions WHERE run = ?", [self._run])
            return merge(_decode_summary(text) for (text,) in rows)

    def unconfirmed(self) -> Iterator[Unconfirmed]:
        """Iterate over the orders that must be looked up."""
        raise NotImplementedError

    def record_confirmed(
        self,
        tier: str | None,
        findings: Iterable[Finding],
        *,
        requests: int = 0,
        retries: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Store the findings of orders that were looked up."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file. May be called again."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
