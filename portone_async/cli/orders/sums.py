"""Tell the total rows of a source from its orders, by their words and by their amounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import closing
from decimal import Decimal
from gettext import gettext as _

from portone_async.models._record import EXACT
from portone_async.reconcile.finding import Order, Refund

from .rows import BadRow, Item, Note, RowWithoutNumber, TotalRow

__all__ = ("tell_totals",)

# The amount of a single order equals the sum of all others where there is one other.
_FEWEST_ORDERS = 2


def tell_totals(rows: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Replace total rows by one note at the end, and hand on everything else.

    A row without an order number is a total if its amount is exactly the sum of all orders,
    refunds taken off, and there are at least two. That is known at the end: until then the last
    such row is held back, but no unreadable row overtakes it.
    """
    totals = _Totals()
    with closing(rows):
        for row in rows:
            match row:
                case Order() | Refund():
                    totals.add(row)
                    yield row
                case TotalRow():
                    totals.count(row)
                case BadRow():
                    yield from totals.hold(row)
                case _:
                    yield row
    yield from totals.end()


class _Totals:
    def __init__(self) -> None:
        self._sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._orders = 0
        self._held: RowWithoutNumber | None = None
        self._first: TotalRow | None = None
        self._count = 0

    def add(self, row: Order | Refund) -> None:
        is_order = isinstance(row, Order)
        self._orders += is_order
        amount = row.amount if is_order else -row.amount
        self._sums[row.currency] = EXACT.add(self._sums[row.currency], amount)

    def count(self, row: TotalRow) -> None:
        self._first = self._first or row
        self._count += 1

    def hold(self, row: BadRow) -> Iterator[BadRow]:
        """Hold back a row that may be a total; yield what cannot be one, in its order."""
        yield from self._released()
        if isinstance(row, RowWithoutNumber):
            self._held = row
        else:
            yield row

    def end(self) -> Iterator[BadRow | Note]:
        if self._held is not None and self._is_sum(self._held):
            self.count(
                TotalRow(self._held.where, _("a total row, not an order: the sum of all others"))
            )
            self._held = None
        yield from self._released()
        if self._first is not None:
            more = _(", and {n} more").format(n=f"{self._count - 1:,}") if self._count > 1 else ""
            yield Note(self._first.where, f"{self._first.text}{more}")

    def _is_sum(self, row: RowWithoutNumber) -> bool:
        return self._orders >= _FEWEST_ORDERS and row.amount == self._sums[row.currency]

    def _released(self) -> Iterator[BadRow]:
        if self._held is not None:
            yield BadRow(self._held.where, self._held.reason)
            self._held = None
