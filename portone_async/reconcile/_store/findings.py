"""The findings of a run in its store, and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import asdict

from portone_async.models import UnreadablePayment
from portone_async.reconcile._database import Database
from portone_async.reconcile.finding import Finding, Summary, Verdict, VerdictLike
from portone_async.resources.payments._words import validate_member

from . import finding_rows, order_rows, reading, state, unconfirmed, unreadable_rows
from .matched import Range

__all__ = ("FindingStore",)


class FindingStore:
    """The methods of a store about findings."""

    _database: Database

    def record_unreadable(self, payment: UnreadablePayment, error: str) -> Finding:
        """Store and return the finding ``not_checked`` of an unreadable payment.

        Without a readable ``imp_uid`` it is final: the payment cannot be requested again.
        """
        with self._database.writing() as connection:
            unreadable_rows.delete_nameless(connection, payment)
            return finding_rows.record_unreadable(connection, payment, error)

    def record(self, findings: Iterable[Finding]) -> None:
        """Store findings, all or none of them; one recorded again replaces itself.

        A finding is identified by its order, or else by its first payment, or else, for a row that
        could not be read, by its ``error``, which must therefore name the row. The finding of a
        contradicted order stays (:meth:`add_orders`).

        Raises:
            StoreError: An order is not in the store, or the file cannot be written.
        """
        with self._database.writing() as connection:
            unknown = finding_rows.record(connection, findings)
            if unknown is not None:
                raise self._database.error(f"it has no order {unknown!r}")

    def delete_not_checked(self) -> int:
        """Delete the findings ``not_checked``, so that their orders are checked again.

        Those of unreadable rows and of contradicted orders stay.

        Returns:
            The number of deleted findings.
        """
        with self._database.writing() as connection:
            unconfirmed.delete_confirmed(connection)
            return finding_rows.delete_not_checked(connection)

    def findings(self, verdict: VerdictLike | None = None) -> Iterator[Finding]:
        """Iterate over all findings, or those of one verdict, reading them in pages.

        Orders come first, in the sequence of the input; then payments without an order, by
        ``imp_uid``; then rows that could not be read, by their error.

        Raises:
            InvalidRequestError: The verdict does not exist.
        """
        # Validated here: a generator would raise only when it is read.
        valid = None if verdict is None else validate_member("verdict", verdict, Verdict)
        return reading.findings(self._database, valid)

    def unread_numbers(self) -> frozenset[str]:
        """Return the order numbers of rows and payments that could not be read, if they have them."""
        with self._database.reading() as connection:
            return finding_rows.unread_numbers(connection)

    def matched_findings(self, orders: Range) -> Iterator[Finding]:
        """Iterate over the findings ``matched`` of a range of orders."""
        return reading.matched_findings(self._database, orders)

    def progress(self) -> tuple[int, int]:
        """Return the number of orders with a final finding, and the number of all orders.

        An order that could not be checked is not done: it is checked again on resume.
        """
        with self._database.reading() as connection:
            return finding_rows.count_final(connection), order_rows.count(connection)

    def summary(self) -> Summary:
        """Return the totals, exact. A payment without a currency counts under ``""``."""
        with self._database.reading() as connection:
            counts, amounts, bridge = finding_rows.totals(connection)
            return Summary(
                counts=counts,
                amounts=amounts,
                bridge=bridge,
                unreadable=finding_rows.count_unreadable(connection),
                assumed_empty=state.assumed_empty(connection),
                **asdict(state.usage(connection)),
            )
