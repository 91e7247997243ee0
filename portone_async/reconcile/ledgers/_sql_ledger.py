"""A ledger in tables, with statements that SQLite and PostgreSQL both execute."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice
from typing import Any, Protocol, TypeAlias

import msgspec

from portone_async._worded import Worded
from portone_async.reconcile.finding import Finding, PaymentSnapshot, Summary, Verdict
from portone_async.reconcile.partition import Partition

from ._joined import JoinedLedger
from ._rows import Number, Place, Row, microseconds, tier_column
from ._storage import PAGE, Usage
from .protocol import LedgerError

__all__ = ("Parameters", "SQLDatabase", "SQLLedger", "Session")

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""The values of ``?``, or those of ``:name``."""

_NUMBERS_AT_ONCE = 100
_CLAIM = "INSERT INTO runs (run, plan) VALUES (?, ?) ON CONFLICT DO NOTHING"
# A row that is not changed is not locked: partitions are published at the same time.
_SET_ACCOUNT = "UPDATE runs SET account = ? WHERE run = ? AND account IS NULL"
_ACCOUNT = "SELECT account FROM runs WHERE run = ?"
_PUBLISH = """
    INSERT INTO partitions (run, tier, since, name, partition, summary, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, name) DO UPDATE SET
        partition = excluded.partition, summary = excluded.summary, digest = excluded.digest"""
_SUMMARIES = """
    SELECT name, summary FROM partitions WHERE run = ? AND name > ? ORDER BY name LIMIT ?"""
_FINDINGS_OF = """
    SELECT position, finding FROM findings
    WHERE run = ? AND tier = ? AND since = ? AND position > ? ORDER BY position LIMIT ?"""
_DELETE_FINDINGS = "DELETE FROM findings WHERE run = ? AND tier = ? AND since = ?"
_IS_SHARED = """
    (f.merchant_uid <> '' AND (
        EXISTS (SELECT 1 FROM findings AS s
            WHERE s.run = f.run AND s.tier = f.tier AND s.merchant_uid = f.merchant_uid
                AND s.since <> f.since)
        OR EXISTS (SELECT 1 FROM confirmed AS c
            WHERE c.run = f.run AND c.tier = f.tier AND c.merchant_uid = f.merchant_uid)))"""
_COLUMNS = f"p.partition, f.position, f.finding, {_IS_SHARED}"
_PARTITION = "JOIN partitions AS p ON p.run = f.run AND p.tier = f.tier AND p.since = f.since"
_PAGE = f"""
    SELECT {_COLUMNS} FROM findings AS f {_PARTITION}
    WHERE f.run = :run AND (f.tier, f.since, f.position) > (:tier, :since, :position)
        AND (:all = 1 OR f.verdict IN (:verdict, :other) OR {_IS_SHARED})
    ORDER BY f.run, f.tier, f.since, f.position LIMIT :limit"""  # noqa: S608 (names of this schema)
_SHARED_NUMBERS = """
    SELECT tier, merchant_uid FROM findings AS f
    WHERE run = ? AND (tier, merchant_uid) > (?, ?) AND merchant_uid <> ''
    GROUP BY run, tier, merchant_uid
    HAVING min(since) <> max(since) OR EXISTS (SELECT 1 FROM confirmed AS c
        WHERE c.run = f.run AND c.tier = f.tier AND c.merchant_uid = f.merchant_uid)
    ORDER BY run, tier, merchant_uid LIMIT ?"""
# SQLite would read the whole run for `IN (VALUES ...)`, and a whole Tier if the index did not have
# all columns of `o`. It does not change the sequence of a CROSS JOIN.
_ROWS_OF = f"""
    SELECT {_COLUMNS} FROM wanted AS w CROSS JOIN findings AS o CROSS JOIN findings AS f {_PARTITION}
    WHERE o.run = ? AND o.tier = w.tier AND o.merchant_uid = w.merchant_uid
        AND f.run = o.run AND f.tier = o.tier AND f.since = o.since AND f.position = o.position"""  # noqa: S608 (names of this schema)
_CONFIRMED = """
    SELECT f.tier, f.merchant_uid, f.finding FROM wanted AS w CROSS JOIN confirmed AS f
    WHERE f.run = ? AND f.tier = w.tier AND f.merchant_uid = w.merchant_uid"""
_CONFIRM = """
    INSERT INTO confirmed (run, tier, merchant_uid, finding) VALUES (?, ?, ?, ?)
    ON CONFLICT (run, tier, merchant_uid) DO UPDATE SET finding = excluded.finding"""
_ADD_USAGE = """
    UPDATE runs SET requests = requests + ?, retries = retries + ?, seconds = seconds + ?
    WHERE run = ?"""

_encode = msgspec.json.Encoder().encode
_decode_finding = msgspec.json.Decoder(Finding).decode
_decode_partition = msgspec.json.Decoder(Partition).decode
_decode_summary = msgspec.json.Decoder(Summary).decode
_decode_text = msgspec.json.Decoder(str).decode


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

    def snapshot(self) -> AbstractContextManager[None]:
        """Begin a transaction that all reads of this thread join, and that changes nothing."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """Begin a transaction that changes nothing, unless a snapshot has begun one."""
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


class SQLLedger(JoinedLedger):
    """A ledger in the tables ``runs``, ``partitions``, ``findings`` and ``confirmed``."""

    def __init__(self, database: SQLDatabase, run: str) -> None:
        super().__init__(run)
        self._database = database

    def close(self) -> None:
        """Release the database. May be called again."""
        self._database.close()

    def _snapshot(self) -> AbstractContextManager[None]:
        return self._database.snapshot()

    def _claim(self, plan: str) -> None:
        with self._database.writing() as session:
            session.execute(_CLAIM, [self._run, plan])

    def _stored_plan(self) -> str | None:
        rows = self._read("SELECT plan FROM runs WHERE run = ?")
        return next((plan for (plan,) in rows), None)

    def _published(self) -> Mapping[str, int]:
        rows = self._read("SELECT tier, count(*) FROM partitions WHERE run = ? GROUP BY tier")
        return dict(rows)

    def _names(self, tier: str) -> Collection[str]:
        rows = self._read("SELECT name FROM partitions WHERE run = ? AND tier = ?", tier)
        return {name for (name,) in rows}

    def _summaries(self) -> Iterator[Summary]:
        name = ""
        while page := self._read(_SUMMARIES, name, PAGE):
            for name, summary in page:  # noqa: B007 (the last name is that of the page)
                yield _decode_summary(summary)

    def check_account(self, account: str) -> None:
        """Check that payments of the run are those of this API key, if any are published.

        Raises:
            LedgerError: They are those of another API key.
        """
        self._check_account(self._read(_ACCOUNT), account)

    def _check_account(self, rows: Iterable[tuple[Any, ...]], account: str) -> None:
        for (stored,) in rows:
            if stored not in {None, account}:
                raise LedgerError(
                    Worded(
                        "The run {run} has payments of another API key (imp_key). Use the key that "
                        "started it, or another name for this run",
                        run=repr(self._run),
                    )
                )

    def summary_of(self, partition: Partition) -> Summary | None:
        """Return the totals of a published partition; ``None`` if it is not published."""
        select = "SELECT summary FROM partitions WHERE run = ? AND name = ?"
        return next((_decode_summary(text) for (text,) in self._read(select, partition.name)), None)

    def payments_of(self, partition: Partition) -> Iterator[PaymentSnapshot]:
        """Iterate over the payments of a partition's findings, as published."""
        tier, since, position = tier_column(partition.tier), microseconds(partition.since), -1
        while page := self._read(_FINDINGS_OF, tier, since, position, PAGE):
            for position, finding in page:  # noqa: B007 (the last position is that of the page)
                yield from _decode_finding(finding).payments

    def digests(self) -> Mapping[str, str]:
        """Return the digests of the orders of published partitions, by the partitions' names."""
        select = "SELECT name, digest FROM partitions WHERE run = ? AND digest IS NOT NULL"
        return dict(self._read(select))

    def digest_of(self, partition: Partition) -> str | None:
        """Return the digest of the orders of a published partition; ``None`` if it has none."""
        select = "SELECT digest FROM partitions WHERE run = ? AND name = ?"
        return next((digest for (digest,) in self._read(select, partition.name)), None)

    def _replace(
        self,
        partition: Partition,
        summary: Summary,
        findings: Iterable[Finding],
        digest: str | None,
        account: str | None,
    ) -> None:
        key = (self._run, tier_column(partition.tier), microseconds(partition.since))
        rows = (
            (*key, position, _column(finding.merchant_uid), finding.verdict.value, _text(finding))
            for position, finding in enumerate(findings)
        )
        with self._database.writing() as session:
            if account is not None:
                session.execute(_SET_ACCOUNT, [account, self._run])
                self._check_account(session.execute(_ACCOUNT, [self._run]), account)
            # Another process that publishes the same partition waits here.
            texts = (partition.name, _text(partition), _text(summary), digest)
            session.execute(_PUBLISH, (*key, *texts))
            session.execute(_DELETE_FINDINGS, key)
            self._database.insert(session, "findings", rows)

    def _page(self, after: Place, verdicts: Collection[Verdict] | None) -> Sequence[Row]:
        tier, since, position = after
        wanted = [verdict.value for verdict in verdicts or ()]
        parameters = {
            "run": self._run,
            "tier": tier,
            "since": since,
            "position": position,
            "all": int(verdicts is None),
            "verdict": wanted[0] if wanted else "",
            "other": wanted[-1] if wanted else "",
            "limit": PAGE,
        }
        with self._database.reading() as session:
            return [_row(*columns) for columns in session.execute(_PAGE, parameters).fetchall()]

    def _rows_of(self, numbers: Collection[Number]) -> Iterable[Row]:
        return [_row(*columns) for columns in self._read_numbers(_ROWS_OF, numbers)]

    def _shared_numbers(self, after: Number) -> Sequence[Number]:
        tier, merchant_uid = after
        rows = self._read(_SHARED_NUMBERS, tier, _column(merchant_uid), PAGE)
        return [(tier, _from_column(column)) for tier, column in rows]

    def _confirmed(self, numbers: Collection[Number]) -> Mapping[Number, Finding]:
        return {
            (tier, _from_column(column)): _decode_finding(finding)
            for tier, column, finding in self._read_numbers(_CONFIRMED, numbers)
        }

    def _record_confirmed(self, tier: str, findings: Iterable[Finding], usage: Usage) -> None:
        with self._database.writing() as session:
            for finding in findings:
                key = (self._run, tier, _column(finding.merchant_uid))
                session.execute(_CONFIRM, (*key, _text(finding)))
            session.execute(_ADD_USAGE, [usage.requests, usage.retries, usage.seconds, self._run])

    def _usage(self) -> Usage:
        rows = self._read("SELECT requests, retries, seconds FROM runs WHERE run = ?")
        return next((Usage(*columns) for columns in rows), Usage())

    def _read(self, select: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first parameter is the run."""
        with self._database.reading() as session:
            return session.execute(select, (self._run, *parameters)).fetchall()

    def _read_numbers(self, select: str, numbers: Iterable[Number]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query that have one of these Tiers and order numbers."""
        rest = iter(numbers)
        while batch := list(islice(rest, _NUMBERS_AT_ONCE)):
            columns = chain.from_iterable((tier, _column(number)) for tier, number in batch)
            places = ", ".join(["(?, ?)"] * len(batch))
            wanted = f"WITH wanted (tier, merchant_uid) AS (VALUES {places})"
            with self._database.reading() as session:
                rows = session.execute(f"{wanted} {select}", (*columns, self._run)).fetchall()
            yield from rows


def _text(value: Partition | Summary | Finding) -> str:
    return _encode(value).decode()


def _column(merchant_uid: str) -> str:
    """Return the column of an order number: PostgreSQL stores no zero byte, so it is escaped."""
    return _encode(merchant_uid).decode()[1:-1]


def _from_column(column: str) -> str:
    return _decode_text(f'"{column}"')


def _row(partition: str, position: int, finding: str, is_shared: int) -> Row:
    return Row(_decode_partition(partition), position, _decode_finding(finding), bool(is_shared))
