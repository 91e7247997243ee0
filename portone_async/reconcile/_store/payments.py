"""The payments of a period in the store of a run, and the checkpoints of reading them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portone_async.models import UnreadablePayment
from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.reconcile._database import Database
from portone_async.reconcile.finding import AssumedEmpty, PaymentSnapshot

from . import order_rows, payment_rows, reading, state, unreadable_rows

__all__ = ("PaymentStore",)

_PAGE = 1_000


class PaymentStore:
    """The methods of a store about payments."""

    _database: Database

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
            payment_rows.add(connection, payments)
            unreadable_rows.add(connection, unreadable)
            state.add_assumed_empty(connection, assumed_empty)
            if position is None:
                state.mark_done(connection, step)
            else:
                state.set_position(connection, step, position)

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
        with reading.writing(self._database) as connection:
            departed = payment_rows.not_listed(connection, payments)
            payment_rows.add(connection, departed)
            unreadable_rows.add_departed(connection, departed)
            return [
                each for each in departed if order_rows.find(connection, each.merchant_uid) is None
            ]

    def position(self, step: str) -> int | None:
        """Return the second from which a step resumes; ``None`` if it has not started."""
        with self._database.reading() as connection:
            return state.position(connection, step)

    def is_done(self, step: str) -> bool:
        """Whether a step is done."""
        with self._database.reading() as connection:
            return state.is_done(connection, step)

    def delete_steps(self, prefix: str) -> None:
        """Delete the steps whose names begin with a text, so that they begin again."""
        with self._database.writing() as connection:
            state.delete_steps(connection, prefix)

    def assumed_empty(self) -> tuple[AssumedEmpty, ...]:
        """Return the periods that PortOne refused to list and that are assumed to be empty."""
        with self._database.reading() as connection:
            return state.assumed_empty(connection)

    def payments_without_order(
        self, *, after: str = "", limit: int = _PAGE
    ) -> list[PaymentSnapshot]:
        """Return the next payments that belong to no order and have no finding.

        Args:
            after: The ``imp_uid`` of the previous batch's last payment.
            limit: The maximum number; fewer are returned only at the end.
        """
        with reading.reading(self._database) as connection:
            return payment_rows.without_order(connection, after, limit)

    def payments_of(self, merchant_uids: Sequence[str]) -> list[PaymentSnapshot]:
        """Return the payments of at most a thousand order numbers."""
        with reading.reading(self._database) as connection:
            return payment_rows.of_orders(connection, merchant_uids)

    # Payments that cannot be read.

    def unreadable_order_numbers(self) -> frozenset[str]:
        """Return the order numbers of unreadable payments, where they could be read."""
        with self._database.reading() as connection:
            return unreadable_rows.order_numbers(connection)

    def unreadable_without_order(self) -> list[UnreadablePayment]:
        """Return the unreadable payments that belong to no order and have no finding."""
        with self._database.reading() as connection:
            return unreadable_rows.without_order(connection)

    def record_readable(self, payment: PaymentSnapshot) -> None:
        """Store a payment that was unreadable before."""
        with self._database.writing() as connection:
            unreadable_rows.delete(connection, payment.imp_uid)
            payment_rows.add(connection, [payment])
