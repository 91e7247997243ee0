"""A ledger in tables, with statements that SQLite and PostgreSQL both execute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self, TypeAlias

import msgspec

from portone_async.reconcile.finding import Finding, Summary, Verdict, VerdictLike
from portone_async.reconcile.merged import merge
from portone_async.reconcile.partition import Partition, Plan
from portone_async.resources.payments._words import validate_member

from ._plans import decode_plan, differences, encode_plan
from .protocol import LedgerEntry, LedgerError, Unconfirmed

__all__ = ("Parameters", "SQLDatabase", "SQLLedger", "Session")

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""The values of ``?``, or those of ``:name``."""

_PAGE = 1_000
_PUBLISH = """
    INSERT INTO partitions (run, name, partition, summary) VALUES (?, ?, ?, ?)
    ON CONFLICT (run, name)
    DO UPDATE SET partition = excluded.partition, summary = excluded.summary"""

_encode = msgspec.json.Encoder().encode
_decode_finding = msgspec.json.Decoder(Finding).decode
_decode_partition = msgspec.json.Decoder(Partition).decode
_decode_summary = msgspec.json.Decoder(Summary).decode


class _Rows(Protocol):
    """The result of a statement."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Session(Protocol):
    """A connection in a transaction."""

    def execute(self, statement: str, parameters: Parameters, /) -> _Rows: ...


class SQLDatabase(Protocol):
    """The database of a ledger, for any thread: one transaction after the other.

    Errors are translated to :class:`LedgerError`.
    """

    def reading(self) -> AbstractContextManager[Session]:
        """Begin a transaction that changes nothing."""
        ...

    def writing(self) -> AbstractContextManager[Session]:
        """Begin a transaction that is rolled back if an error leaves the block."""
        ...

    def insert(self, session: Any, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows, each with a value for every column."""
        ...

    def close(self) -> None:
        """Release the connection. May be called again."""
        ...


class SQLLedger:
    """A ledger in the tables ``runs``, ``partitions`` and ``findings``."""

    def __init__(self, database: SQLDatabase, run: str) -> None:
        self._database = database
        self._run = run

    @property
    def run(self) -> str:
        """The name of the run."""
        return self._run

    def claim(self, plan: Plan) -> None:
        """Store the plan of the run, or check that the run has this plan."""
        with self._database.writing() as session:
            session.execute(
                "INSERT INTO runs (run, plan) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [self._run, encode_plan(plan)],
            )
        changes = differences(self.plan(), plan)
        if changes:
            raise LedgerError(
                f"The run {self._run!r} has another plan: {', '.join(changes)}. Use another name "
                "for this run"
            )

    def plan(self) -> Plan:
        """Return the plan of the run."""
        with self._database.reading() as session:
            rows = session.execute("SELECT plan FROM runs WHERE run = ?", [self._run])
            for (text,) in rows:
                return decode_plan(text)
        raise LedgerError(f"The run {self._run!r} has no plan yet: claim it first")

    def unfinished(self) -> Iterator[Partition]:
        """Iterate over the partitions of the plan that are not published."""
        return (partition for partition in self.plan() if self.summary_of(partition) is None)

    def summary_of(self, partition: Partition) -> Summary | None:
        """Return the totals of a published partition; ``None`` if it is not published."""
        with self._database.reading() as session:
            rows = session.execute(
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
        with self._database.writing() as session:
            # First, so that another publisher of the partition waits here.
            session.execute(
                _PUBLISH, [*key, _encode(partition).decode(), _encode(summary).decode()]
            )
            session.execute("DELETE FROM findings WHERE run = ? AND name = ?", key)
            rows = (
                (*key, position, finding.verdict.value, _encode(finding).decode())
                for position, finding in enumerate(findings)
            )
            self._database.insert(session, "findings", rows)

    def entries(self, verdict: VerdictLike | None = None) -> Iterator[LedgerEntry]:
        """Iterate over all findings, or those of one verdict, with their partitions."""
        valid = None if verdict is None else validate_member("verdict", verdict, Verdict)
        return self._entries(valid)

    def _entries(self, verdict: Verdict | None) -> Iterator[LedgerEntry]:
        name, position = "", -1
        while True:
            with self._database.reading() as session:
                page = self._page(session, name, position, verdict)
            for *_, partition, finding in page:
                yield LedgerEntry(_decode_partition(partition), _decode_finding(finding))
            if len(page) < _PAGE:
                return
            name, position, *_ = page[-1]

    def _page(
        self, session: Session, name: str, position: int, verdict: Verdict | None
    ) -> list[tuple[Any, ...]]:
        return session.execute(
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
        with self._database.reading() as session:
            rows = session.execute("SELECT summary FROM partitions WHERE run = ?", [self._run])
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
        """Release the database. May be called again."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
