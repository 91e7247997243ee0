"""The state of a run in one file: orders, payments, findings and checkpoints.

A process that is killed at any moment leaves a file from which the same run resumes to the same
result. Each step is a transaction and idempotent: an order added again is still one order, a
finding recorded again is still one finding, and a slice of payments is stored in the transaction
that marks how far its step has come.

An open store is locked against all other processes, readers too. The operating system holds that
lock, so it ends with the process, however that ends. A closed store is one plain SQLite file that
any reader opens.

Methods block, and may be called from any thread: ``await asyncio.to_thread(store.record, ...)``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Self

from msgspec.structs import asdict

from portone_async.models import UnreadablePayment
from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.resources.payments._words import validate_member

from . import (
    _findings,
    _matched,
    _orders,
    _reading,
    _refunds,
    _snapshots,
    _state,
    _unconfirmed,
    _unreadable,
)
from ._database import Database, StoreError
from ._matched import Range
from ._orders import PendingOrder
from ._schema import SCHEMA
from ._unconfirmed import UnconfirmedOrders
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
from .identity import Identity

__all__ = ("PendingOrder", "Store", "StoreError")

_BATCH = 10_000
_PAGE = 1_000


class Store:
    """The state of a run. Use it as a context manager, or close it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.unconfirmed = UnconfirmedOrders(database)
        """The orders that differ, until they are confirmed."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a store, new or existing, for this process alone.

        Args:
            path: The file; it is created if it does not exist. Its folder must be writable.

        Raises:
            StoreError: The file is in use, not writable, not a store, or of another version.
        """
        return cls(Database(path, SCHEMA))

    def close(self) -> None:
        """Release the file. Every step is stored already."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The run.

    def clear(self) -> None:
        """Delete everything, for a new run."""
        with self._database.writing() as connection:
            _snapshots.delete_indexes(connection)
            _state.restart(connection)

    @property
    def identity(self) -> Identity | None:
        """The identity of the run; ``None`` until all of its orders are stored."""
        with self._database.reading() as connection:
            return _state.identity(connection)

    def set_identity(self, identity: Identity) -> None:
        """Store the identity of the run, once all of its orders are stored."""
        with self._database.writing() as connection:
            _state.set_identity(connection, identity)

    def check_identity(self, identity: Identity) -> None:
        """Refuse to resume if this store holds another run.

        Raises:
            StoreError: The orders, the period, the statuses or the shop differ; the message names
                them.
        """
        with self._database.writing() as connection:
            changes = _state.changes(connection, identity)
        if changes:
            raise self._database.error(
                f"it is of another run: {', '.join(changes)}. Use another store, or start afresh "
                "in this one (reconcile(fresh=True); --fresh on the command line)"
            )

    def mark_ended(self) -> None:
        """Record that the run has ended; only the first time counts."""
        with self._database.writing() as connection:
            _state.mark_ended(connection)

    @property
    def ended_at(self) -> datetime | None:
        """When the run first ended."""
        with self._database.reading() as connection:
            return _state.usage(connection).ended_at

    def add_usage(self, *, requests: int = 0, retries: int = 0, seconds: float = 0.0) -> None:
        """Add requests and time to the usage of the run, over all its parts."""
        with self._database.writing() as connection:
            _state.add_usage(connection, requests, retries, seconds)

    # Orders.

    def add_orders(self, orders: Iterable[Order | Refund]) -> int:
        """Store orders and refunds, in batches of one transaction each.

        An order that is stored already, with equal fields, is stored once: the input may be added
        again from its start. An order number that comes with another amount, currency or status is
        a contradiction: the first order stays, with a finding ``not_checked`` that is final and
        has the reason. Refunds wait for :meth:`apply_refunds`.

        Returns:
            The number of new orders.
        """
        rest, new = iter(orders), 0
        while batch := list(islice(rest, _BATCH)):
            with self._database.writing() as connection:
                new += _refunds.add_with_orders(connection, batch)
        return new

    def add_columns(self, orders: Sequence[_orders.Columns]) -> None:
        """Store orders by their columns, as :meth:`add_orders` does, in one transaction."""
        with self._database.writing() as connection:
            _refunds.add_orders(connection, orders)

    def apply_refunds(self, *, limit: int = _PAGE) -> list[Finding] | None:
        """Add the refunds of the next orders to the cancelled amounts of these orders.

        Call it once all orders are stored, until it returns ``None``. A refund without an order
        gets a finding ``not_checked``; so does an order that contradicts its refunds, and that
        finding is final.

        Args:
            limit: The maximum number of orders.

        Returns:
            The findings that were recorded, or ``None`` when no refund is left.
        """
        with self._database.writing() as connection:
            return _refunds.apply(connection, limit)

    def pending_orders(self, *, after: int = 0, limit: int = _PAGE) -> list[PendingOrder]:
        """Return the next orders with no finding and not unconfirmed, as they are in the input.

        Args:
            after: The ``position`` of the last order of the previous batch.
            limit: The maximum number; fewer are returned only at the end.
        """
        with _reading.reading(self._database) as connection:
            return _orders.pending(connection, after, limit)

    def match(self, *, after: int = 0, limit: int = _BATCH) -> Range | None:
        """Record the findings of the next orders that plainly match their only payment.

        Call it once all payments are stored, after the previous range, until it returns ``None``.
        The other orders are pending.

        Returns:
            The range of at most ``limit`` orders; :meth:`matched_findings` has its findings.
        """
        with _reading.writing(self._database) as connection:
            return _matched.add(connection, after, limit)

    def count_matched(self, orders: Range) -> int:
        """Count the findings of :meth:`match` in a range of orders."""
        with self._database.reading() as connection:
            return _matched.count_in(connection, orders)

    # The payments of the period.

    def record_slice(
        self,
        step: str,
        payments: Sequence[PaymentSnapshot | ListedPayment | PlainPayment],
        *,
        position: int | None,
        unreadable: Iterable[UnreadablePayment] = (),
        assumed_empty: Iterable[AssumedEmpty] = (),
    ) -> None:
        """Store the payments of a slice together with how far its step has come.

        If a payment is stored already, the later state wins: ``cancelled`` is not undone by a
        slice of ``paid`` that was requested earlier.

        Args:
            step: The step that the slice is a part of, by any name.
            payments: The payments in it.
            position: The first second that was not read; ``None`` marks the step done.
            unreadable: The payments in it that cannot be read.
            assumed_empty: Periods that PortOne refused to list meanwhile.
        """
        with self._database.writing() as connection:
            _snapshots.add(connection, payments)
            _unreadable.add(connection, unreadable)
            _state.add_assumed_empty(connection, assumed_empty)
            if position is None:
                _state.mark_done(connection, step)
            else:
                _state.set_position(connection, step, position)

    def record_known(self, payments: Iterable[PaymentSnapshot]) -> list[PaymentSnapshot]:
        """Store those of these payments that the lists of the period do not have any more.

        Call it once all payments of the period are stored. The state of such a payment may have
        changed, so it is unreadable until it is requested: its order is not matched without a
        look-up.

        Args:
            payments: Payments that were found before.

        Returns:
            Those without an order, of which no look-up of an order has the state.
        """
        with _reading.writing(self._database) as connection:
            departed = _snapshots.not_listed(connection, payments)
            _snapshots.add(connection, departed)
            _unreadable.add_departed(connection, departed)
            return [
                each for each in departed if _orders.find(connection, each.merchant_uid) is None
            ]

    def position(self, step: str) -> int | None:
        """Return the second from which a step resumes; ``None`` if it has not started."""
        with self._database.reading() as connection:
            return _state.position(connection, step)

    def is_done(self, step: str) -> bool:
        """Whether a step is done."""
        with self._database.reading() as connection:
            return _state.is_done(connection, step)

    def assumed_empty(self) -> tuple[AssumedEmpty, ...]:
        """Return the periods that PortOne refused to list and that are assumed to be empty."""
        with self._database.reading() as connection:
            return _state.assumed_empty(connection)

    def payments_without_order(
        self, *, after: str = "", limit: int = _PAGE
    ) -> list[PaymentSnapshot]:
        """Return the next payments that belong to no order and have no finding.

        Args:
            after: The ``imp_uid`` of the previous batch's last payment.
            limit: The maximum number; fewer are returned only at the end.
        """
        with _reading.reading(self._database) as connection:
            return _snapshots.without_order(connection, after, limit)

    def payments_of(self, merchant_uids: Sequence[str]) -> list[PaymentSnapshot]:
        """Return the payments of at most a thousand order numbers."""
        with _reading.reading(self._database) as connection:
            return _snapshots.of_orders(connection, merchant_uids)

    # Payments that cannot be read.

    def unreadable_order_numbers(self) -> frozenset[str]:
        """Return the order numbers of unreadable payments, where they could be read."""
        with self._database.reading() as connection:
            return _unreadable.order_numbers(connection)

    def unreadable_without_order(self) -> list[UnreadablePayment]:
        """Return the unreadable payments that belong to no order and have no finding."""
        with self._database.reading() as connection:
            return _unreadable.without_order(connection)

    def record_readable(self, payment: PaymentSnapshot) -> None:
        """Store a payment that was unreadable before."""
        with self._database.writing() as connection:
            _unreadable.delete(connection, payment.imp_uid)
            _snapshots.add(connection, [payment])

    def record_unreadable(self, payment: UnreadablePayment, error: str) -> Finding:
        """Store and return the finding ``not_checked`` of an unreadable payment.

        Without a readable ``imp_uid`` it is final: the payment cannot be requested again.
        """
        with self._database.writing() as connection:
            _unreadable.delete_nameless(connection, payment)
            return _findings.record_unreadable(connection, payment, error)

    # Findings.

    def record(self, findings: Iterable[Finding]) -> None:
        """Store findings, all or none of them; one recorded again replaces itself.

        A finding is identified by its order, or else by its first payment, or else, for a row that
        could not be read, by its ``error``, which must therefore name the row. The finding of a
        contradicted order stays (:meth:`add_orders`).

        Raises:
            StoreError: An order is not in the store, or the file cannot be written.
        """
        with self._database.writing() as connection:
            unknown = _findings.record(connection, findings)
            if unknown is not None:
                raise self._database.error(f"it has no order {unknown!r}")

    def delete_not_checked(self) -> int:
        """Delete the findings ``not_checked``, so that their orders are checked again.

        Those of unreadable rows and of contradicted orders stay.

        Returns:
            The number of deleted findings.
        """
        with self._database.writing() as connection:
            _unconfirmed.delete_confirmed(connection)
            return _findings.delete_not_checked(connection)

    def findings(self, verdict: VerdictLike | None = None) -> Iterator[Finding]:
        """Iterate over all findings, or those of one verdict, reading them in pages.

        Orders come first, in the sequence of the input; then payments without an order, by
        ``imp_uid``; then rows that could not be read, by their error.

        Raises:
            InvalidRequestError: The verdict does not exist.
        """
        # Validated here: a generator would raise only when it is read.
        valid = None if verdict is None else validate_member("verdict", verdict, Verdict)
        return _reading.findings(self._database, valid)

    def matched_findings(self, orders: Range) -> Iterator[Finding]:
        """Iterate over the findings ``matched`` of a range of orders."""
        return _reading.matched_findings(self._database, orders)

    def progress(self) -> tuple[int, int]:
        """Return the number of orders with a final finding, and the number of all orders.

        An order that could not be checked is not done: it is checked again on resume.
        """
        with self._database.reading() as connection:
            return _findings.count_final(connection), _orders.count(connection)

    def summary(self) -> Summary:
        """Return the totals, exact. A payment without a currency counts under ``""``."""
        with self._database.reading() as connection:
            counts, amounts, bridge = _findings.totals(connection)
            return Summary(
                counts=counts,
                amounts=amounts,
                bridge=bridge,
                unreadable=_findings.count_unreadable(connection),
                assumed_empty=_state.assumed_empty(connection),
                **asdict(_state.usage(connection)),
            )
