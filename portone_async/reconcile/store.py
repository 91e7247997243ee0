"""A run's memory: orders in, payments seen, findings out, and checkpoints between, in one file.

A process that is killed at any moment leaves a file from which the same run goes on to the same
end. Each step is a transaction, and each may be repeated: an order fed again is still one order,
a finding recorded again is still one finding, and a page is marked in the transaction that
keeps its payments.

While a store is open its file is locked for everyone else, readers too. The operating system
holds that lock, so it ends with the process, however that ends. A closed store is one plain
SQLite file that any reader opens.

Methods block, and may be called from any thread: ``await asyncio.to_thread(store.record, ...)``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from sqlite3 import Connection
from types import TracebackType
from typing import Self

import msgspec

from portone_async.models import UnreadablePayment
from portone_async.resources.payments._words import checked_member

from . import _findings, _orders, _refunds, _unreadable
from ._database import Database, StoreError
from ._orders import OrderLeft
from .finding import (
    AssumedEmpty,
    Finding,
    Order,
    PaymentSnapshot,
    Refund,
    Summary,
    Verdict,
    VerdictLike,
)
from .identity import Identity, differences

__all__ = ("OrderLeft", "Store", "StoreError")

_BATCH = 10_000
_PAGE = 1_000

_NEW_RUN = "INSERT INTO run VALUES (NULL, NULL, NULL, 0, 0, 0.0)"
_SCHEMA = (
    """CREATE TABLE run (
        identity TEXT, started_at REAL, ended_at REAL,
        requests INTEGER NOT NULL, retries INTEGER NOT NULL, seconds REAL NOT NULL
    )""",
    _NEW_RUN,
    "CREATE TABLE steps (name TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE positions (step TEXT PRIMARY KEY, position INTEGER) WITHOUT ROWID",
    "CREATE TABLE assumed_empty (status TEXT, since INTEGER, until INTEGER)",
    *_orders.SCHEMA,
    *_refunds.SCHEMA,
    *_unreadable.SCHEMA,
    *_findings.SCHEMA,
)


class Store:
    """What a run knows. Use it as a context manager, or close it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a store, new or begun, for this process alone.

        Args:
            path: The file; it is made when there is none. Its folder must be writable.

        Raises:
            StoreError: The file is in use, not writable, no store, or of another version.
        """
        return cls(Database(path, _SCHEMA))

    def close(self) -> None:
        """Let go of the file. Nothing needs to be saved: every step was."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def clear(self) -> None:
        """Forget everything, for a new run."""
        with self._database.writing() as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 (our own names)
            connection.execute(_NEW_RUN)
            connection.execute("UPDATE run SET started_at = ?", [time.time()])

    @property
    def identity(self) -> Identity | None:
        """What run this is; ``None`` until all of its orders were kept."""
        with self._database.reading() as connection:
            ((text,),) = connection.execute("SELECT identity FROM run")
        return None if text is None else msgspec.json.decode(text, type=Identity)

    def identify(self, identity: Identity) -> None:
        """Note what run this is, once all of its orders are kept."""
        with self._database.writing() as connection:
            text = msgspec.json.encode(identity).decode()
            connection.execute("UPDATE run SET identity = ?", [text])

    def refuse_another(self, given: Identity) -> None:
        """Refuse to go on with a run other than the one that is kept here.

        Raises:
            StoreError: The orders, the period or the statuses differ; it says which.
        """
        begun = self.identity
        others = [] if begun is None else differences(begun, given)
        if others:
            raise self._database.refuse(
                f"it is of another run: {', '.join(others)}. Use another store, or start afresh "
                "in this one (reconcile(fresh=True); --fresh on the command line)"
            )

    def end(self) -> None:
        """Note that the run has come to its end; the first time counts."""
        with self._database.writing() as connection:
            connection.execute("UPDATE run SET ended_at = coalesce(ended_at, ?)", [time.time()])

    @property
    def ended_at(self) -> datetime | None:
        """When the run first came to its end."""
        with self._database.reading() as connection:
            ((ended_at,),) = connection.execute("SELECT ended_at FROM run")
        return _utc(ended_at)

    def mark_done(self, step: str) -> None:
        """Keep that a step (the input, a window, …) is done, by any name."""
        with self._database.writing() as connection:
            _mark(connection, step)

    def is_done(self, step: str) -> bool:
        with self._database.reading() as connection:
            row = connection.execute("SELECT 1 FROM steps WHERE name = ?", [step]).fetchone()
        return row is not None

    def record_slice(
        self,
        step: str,
        sightings: Iterable[PaymentSnapshot],
        *,
        position: int | None,
        unreadable: Iterable[UnreadablePayment] = (),
        assumed_empty: Iterable[AssumedEmpty] = (),
    ) -> None:
        """Keep the payments of a slice together with how far the step has come.

        Of a payment that is seen again, the later state counts: ``cancelled`` is not undone by
        a slice of ``paid`` that was asked for before.

        Args:
            step: What the slice is a part of, as a window of one status.
            sightings: The payments in it.
            position: The first second that was not read; ``None`` marks the step done.
            unreadable: The payments in it that cannot be read.
            assumed_empty: Periods that PortOne refused to list meanwhile.
        """
        with self._database.writing() as connection:
            _orders.see(connection, sightings)
            _unreadable.add(connection, unreadable)
            connection.executemany(
                "INSERT INTO assumed_empty VALUES (?, ?, ?)",
                [(e.status, e.since.timestamp(), e.until.timestamp()) for e in assumed_empty],
            )
            if position is None:
                _mark(connection, step)
            else:
                connection.execute("REPLACE INTO positions VALUES (?, ?)", [step, position])

    def position(self, step: str) -> int | None:
        """Tell from which second on a step goes on; ``None`` if it was not begun."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT position FROM positions WHERE step = ?", [step])
            return next((position for (position,) in rows), None)

    def unreadable_orders(self) -> frozenset[str]:
        """The order numbers of payments that could not be read."""
        with self._database.reading() as connection:
            return _unreadable.orders(connection)

    def unreadable_without_order(self) -> list[UnreadablePayment]:
        """The payments that could not be read, that no order has and that have no finding."""
        with self._database.reading() as connection:
            return _unreadable.without_order(connection)

    def record_readable(self, sighting: PaymentSnapshot) -> None:
        """Keep a payment that could not be read before."""
        with self._database.writing() as connection:
            _unreadable.drop(connection, sighting.imp_uid)
            _orders.see(connection, [sighting])

    def record_unreadable(self, payment: UnreadablePayment, error: str) -> Finding:
        """Keep the finding ``not_checked`` of a payment that cannot be read.

        Without a readable ``imp_uid`` that is for good: it cannot be asked for again.
        """
        finding = Finding(
            merchant_uid=payment.merchant_uid or "", verdict=Verdict.NOT_CHECKED, error=error
        )
        with self._database.writing() as connection:
            _findings.keep_unreadable(connection, payment.imp_uid, finding)
            _unreadable.drop_nameless(connection, payment)
        return finding

    def assumed_empty(self) -> tuple[AssumedEmpty, ...]:
        """The periods that PortOne refused to list and that were taken to be empty."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM assumed_empty ORDER BY status, since")
            return tuple(
                AssumedEmpty(
                    status, datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)
                )
                for status, since, until in rows
            )

    def add_orders(self, orders: Iterable[Order | Refund]) -> int:
        """Keep orders and refunds, in batches of their own transactions.

        An order that is there already, word for word, is kept once: the input may be fed again
        from its start. An order number that comes with another amount, currency or status is a
        contradiction: the order keeps its first words and gets the finding ``not_checked`` with
        the reason, for good. Refunds wait for :meth:`settle_refunds`.

        Returns:
            How many orders were new.
        """
        rest = iter(orders)
        new = 0
        while batch := list(islice(rest, _BATCH)):
            refunds = [each for each in batch if isinstance(each, Refund)]
            with self._database.writing() as connection:
                _refunds.add(connection, refunds)
                added, contradictions = _orders.add(
                    connection, [each for each in batch if not isinstance(each, Refund)]
                )
                for position, merchant_uid, error in contradictions:
                    _findings.contradict(connection, position, merchant_uid, error)
            new += added
        return new

    def settle_refunds(self, *, limit: int = _PAGE) -> list[Finding] | None:
        """Add the refunds of the next orders to what their orders say was refunded.

        Call it when all orders are there, until it returns ``None``. Refunds without an order
        get a finding ``not_checked``; an order that cannot be right together with its refunds
        keeps one for good.

        Args:
            limit: Of how many orders at most.

        Returns:
            The findings that were kept, or ``None`` when no refund is left.
        """
        with self._database.writing() as connection:
            return _refunds.settle(connection, limit)

    def orders_left(self, *, after: int = 0, limit: int = _PAGE) -> list[OrderLeft]:
        """The next orders without a finding, in the order of the input, with what was seen.

        Args:
            after: The ``position`` of the last one of the batch before.
            limit: How many at most; fewer only at the end.
        """
        with self._database.reading() as connection:
            return _orders.left(connection, after, limit)

    def sightings_without_order(
        self, *, after: str = "", limit: int = _PAGE
    ) -> list[PaymentSnapshot]:
        """The next payments whose order number no order has, and that have no finding.

        Args:
            after: The ``imp_uid`` of the last one of the batch before.
            limit: How many at most; fewer only at the end.
        """
        with self._database.reading() as connection:
            return _orders.without_order(connection, after, limit)

    def record(self, findings: Iterable[Finding]) -> None:
        """Keep findings, all or none of them, each once: one recorded again replaces itself.

        A finding with an order is known by the order, one without by its first payment, and one
        without either, of a row that could not be read, by its ``error``, which therefore has
        to name the row. That of a contradicted order stays (:meth:`add_orders`).

        Raises:
            StoreError: An order is not in the store, or the file cannot be written.
        """
        with self._database.writing() as connection:
            unknown = _findings.keep(connection, findings)
            if unknown is not None:
                raise self._database.refuse(f"it has no order {unknown!r}")

    def forget_not_checked(self) -> int:
        """Drop the findings of what could not be checked, so that it is walked once more.

        Rows that could not be read and contradicted orders keep theirs.

        Returns:
            How many were dropped.
        """
        with self._database.writing() as connection:
            return _findings.forget(connection)

    def findings(self, verdict: VerdictLike | None = None) -> Iterator[Finding]:
        """All findings, or those of one verdict, read as they are asked for.

        Orders come first, as they came in; then payments without an order, by ``imp_uid``; then
        rows that could not be read, by their error.

        Raises:
            InvalidRequestError: There is no such verdict.
        """
        # Not in the generator, which would raise only when it is read.
        return self._read(None if verdict is None else checked_member("verdict", verdict, Verdict))

    def _read(self, verdict: Verdict | None) -> Iterator[Finding]:
        place = _findings.START
        while True:
            with self._database.reading() as connection:
                page = _findings.page(connection, place, verdict, _PAGE)
            for _, finding in page:
                yield finding
            if len(page) < _PAGE:
                return
            place, _ = page[-1]

    def progress(self) -> tuple[int, int]:
        """Count the orders that have a finding for good, and all orders.

        What could not be checked is not done: it is checked again when the run goes on.
        """
        with self._database.reading() as connection:
            done = _findings.settled(connection)
            ((orders,),) = connection.execute("SELECT count(*) FROM orders")
        return done, orders

    def add_effort(self, *, requests: int = 0, retries: int = 0, seconds: float = 0.0) -> None:
        """Add to what the run has cost so far, its earlier parts included."""
        with self._database.writing() as connection:
            connection.execute(
                """UPDATE run SET requests = requests + ?, retries = retries + ?,
                    seconds = seconds + ?""",
                [requests, retries, seconds],
            )

    def summary(self) -> Summary:
        """Everything in figures; exact. A payment without a currency counts under ``""``."""
        with self._database.reading() as connection:
            counts, amounts, bridge = _findings.figures(connection)
            unreadable = _findings.unreadable(connection)
            ((requests, retries, seconds, started_at, ended_at),) = connection.execute(
                "SELECT requests, retries, seconds, started_at, ended_at FROM run"
            )
        return Summary(
            counts=counts,
            amounts=amounts,
            bridge=bridge,
            unreadable=unreadable,
            requests=requests,
            retries=retries,
            seconds=seconds,
            started_at=_utc(started_at),
            ended_at=_utc(ended_at),
            assumed_empty=self.assumed_empty(),
        )


def _utc(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)


def _mark(connection: Connection, step: str) -> None:
    connection.execute("INSERT OR IGNORE INTO steps VALUES (?)", [step])
