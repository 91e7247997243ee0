"""Replace total rows by a note, and detect a total without a label by its amount."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import closing
from decimal import Decimal
from gettext import gettext as _

from portone_async.cli.orders.items import BadRow, Item, Note, RowWithoutNumber, TotalRow
from portone_async.models._record import EXACT
from portone_async.reconcile.finding import Order, Refund

__all__ = ("replace_total_rows",)

# With one order, any row of the same amount would be a total.
_MIN_ORDERS = 2


def replace_total_rows(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Replace total rows by one note at the end, and pass on everything else.

    A row without an order number is a total if its amount equals the sum of all orders minus
    refunds, and there are at least two orders. That is known only at the end, so the last such
    row is held back. Bad rows keep their order.
    """
    totals = _Totals()
    with closing(items):
        for item in items:
            match item:
                case Order() | Refund():
                    totals.add(item)
                    yield item
                case TotalRow():
                    totals.count(item)
                case BadRow():
                    yield from totals.hold(item)
                case _:
                    yield item
    yield from totals.finish()


class _Totals:
    """The sums of all orders, the total rows so far, and the row that may be another."""

    def __init__(self) -> None:
        self._sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._orders = 0
        self._held: RowWithoutNumber | None = None
        self._first: TotalRow | None = None
        self._count = 0

    def add(self, item: Order | Refund) -> None:
        is_order = isinstance(item, Order)
        self._orders += is_order
        amount = item.amount if is_order else -item.amount
        self._sums[item.currency] = EXACT.add(self._sums[item.currency], amount)

    def count(self, row: TotalRow) -> None:
        self._first = self._first or row
        self._count += 1

    def hold(self, row: BadRow) -> Iterator[BadRow]:
        """Hold back a row that may be a total. Yield all others, and the row held before."""
        yield from self._release()
        if isinstance(row, RowWithoutNumber):
            self._held = row
        else:
            yield row

    def finish(self) -> Iterator[BadRow | Note]:
        if self._held is not None and self._is_sum(self._held):
            self.count(
                TotalRow(self._held.where, _("a total row, not an order: the sum of all others"))
            )
            self._held = None
        yield from self._release()
        if self._first is not None:
            more = _(", and {n} more").format(n=f"{self._count - 1:,}") if self._count > 1 else ""
            yield Note(self._first.where, f"{self._first.text}{more}")

    def _is_sum(self, row: RowWithoutNumber) -> bool:
        return self._orders >= _MIN_ORDERS and row.amount == self._sums[row.currency]

    def _release(self) -> Iterator[BadRow]:
        if self._held is not None:
            yield BadRow(self._held.where, self._held.reason, place=self._held.place)
            self._held = None
