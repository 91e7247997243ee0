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
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from sqlite3 import Connection
from types import TracebackType
from typing import Self

import msgspec

from portone_async._words import checked_member

from . import _findings, _orders, _refunds
from ._database import Database, StoreError
from ._orders import OrderLeft
from .finding import Finding, Order, Refund, Sighting, Summary, Verdict, VerdictLike

__all__ = ("OrderLeft", "Store", "StoreError")

_BATCH = 10_000
_PAGE = 1_000

_SCHEMA = (
    "CREATE TABLE run (parameters TEXT, requests INTEGER, retries INTEGER, seconds REAL)",
    "INSERT INTO run VALUES (NULL, 0, 0, 0.0)",
    "CREATE TABLE steps (name TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE pages (step TEXT, page INTEGER, PRIMARY KEY (step, page)) WITHOUT ROWID",
    *_orders.SCHEMA,
    *_refunds.SCHEMA,
    *_findings.SCHEMA,
)


class Store:
    """What a run knows. Use it as a context manager, or close it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, parameters: Mapping[str, str] | None = None
    ) -> Self:
        """Open a store, new or begun, for this process alone.

        Args:
            path: The file; it is made when there is none. Its folder must be writable.
            parameters: What makes a run this run, as its period and where its orders come from.
                Kept in the file and shown in errors, so nothing secret. ``None`` asks nothing.

        Raises:
            StoreError: The file is in use, not writable, no store, or of another version, or
                its run was begun with other parameters.
        """
        store = cls(Database(path, _SCHEMA))
        try:
            if parameters is not None:
                store._claim(dict(parameters))
        except BaseException:
            store.close()
            raise
        return store

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

    def _claim(self, parameters: dict[str, str]) -> None:
        with self._database.writing() as connection:
            ((text,),) = connection.execute("SELECT parameters FROM run")
            if text is None:
                text = msgspec.json.encode(parameters).decode()
                connection.execute("UPDATE run SET parameters = ?", [text])
                return
        begun: dict[str, str] = msgspec.json.decode(text)
        names = sorted(begun.keys() | parameters.keys())
        others = [
            f"{name} was {begun.get(name)!r} and is now {parameters.get(name)!r}"
            for name in names
            if begun.get(name) != parameters.get(name)
        ]
        if others:
            raise self._database.refuse(f"it is of another run: {', '.join(others)}")

    def mark_done(self, step: str) -> None:
        """Keep that a step (the input, a window, …) is done, by any name."""
        with self._database.writing() as connection:
            _mark(connection, step)

    def is_done(self, step: str) -> bool:
        with self._database.reading() as connection:
            row = connection.execute("SELECT 1 FROM steps WHERE name = ?", [step]).fetchone()
        return row is not None

    def record_page(
        self, step: str, page: int, sightings: Iterable[Sighting], *, is_last: bool = False
    ) -> None:
        """Keep the payments of one page together with the fact that the page was read.

        Of a payment that is seen again, the later state counts: ``cancelled`` is not undone by
        a page of ``paid`` that was asked for before.

        Args:
            step: What the page is a page of, as a window of one status.
            page: Its number.
            sightings: The payments on it.
            is_last: Mark the step done as well.
        """
        with self._database.writing() as connection:
            _orders.see(connection, sightings)
            connection.execute("INSERT OR IGNORE INTO pages VALUES (?, ?)", [step, page])
            if is_last:
                _mark(connection, step)

    def pages_done(self, step: str) -> frozenset[int]:
        """The numbers of the pages that were recorded."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT page FROM pages WHERE step = ?", [step])
            return frozenset(page for (page,) in rows)

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

    def sightings_without_order(self, *, after: str = "", limit: int = _PAGE) -> list[Sighting]:
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
            ((requests, retries, seconds),) = connection.execute(
                "SELECT requests, retries, seconds FROM run"
            )
        return Summary(
            counts=counts,
            amounts=amounts,
            requests=requests,
            retries=retries,
            seconds=seconds,
            bridge=bridge,
        )


def _mark(connection: Connection, step: str) -> None:
    connection.execute("INSERT OR IGNORE INTO steps VALUES (?)", [step])
