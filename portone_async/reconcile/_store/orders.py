"""The orders of a run in its store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from portone_async.reconcile._database import Database
from portone_async.reconcile.finding import Finding, Order, Refund

from . import matched, order_rows, reading, refund_rows
from .matched import Range
from .order_rows import PendingOrder

__all__ = ("OrderStore",)

_BATCH = 10_000
_PAGE = 1_000


class OrderStore:
    """The methods of a store about orders, and refunds of them."""

    _database: Database

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
                new += refund_rows.add_with_orders(connection, batch)
        return new

    def add_columns(self, orders: Sequence[order_rows.Columns]) -> None:
        """Store orders by their columns, as :meth:`add_orders` does, in one transaction."""
        with self._database.writing() as connection:
            refund_rows.add_orders(connection, orders)

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
            return refund_rows.apply(connection, limit)

    def pending_orders(self, *, after: int = 0, limit: int = _PAGE) -> list[PendingOrder]:
        """Return the next orders with no finding and not unconfirmed, as they are in the input.

        Args:
            after: The ``position`` of the last order of the previous batch.
            limit: The maximum number; fewer are returned only at the end.
        """
        with reading.reading(self._database) as connection:
            return order_rows.pending(connection, after, limit)

    def match(self, *, after: int = 0, limit: int = _BATCH) -> Range | None:
        """Record the findings of the next orders that plainly match their only payment.

        Call it once all payments are stored, after the previous range, until it returns ``None``.
        The other orders are pending.

        Returns:
            The range of at most ``limit`` orders; :meth:`matched_findings` has its findings.
        """
        with reading.writing(self._database) as connection:
            return matched.add(connection, after, limit)

    def count_matched(self, orders: Range) -> int:
        """Count the findings of :meth:`match` in a range of orders."""
        with self._database.reading() as connection:
            return matched.count_in(connection, orders)
