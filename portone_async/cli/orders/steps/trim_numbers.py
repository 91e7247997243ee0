"""Remove blanks around order numbers, unless that would turn one order into another.

Exports put a tab before an order number to keep Excel from parsing a number, and databases pad a
``CHAR(20)`` with blanks. PortOne knows the number without them. But a blank may also be part of
a number: then the source has both, with the blank and without.

Which case it is, is known at the end of the source. Until then the orders in question wait in a
temporary file, so memory does not grow with their number; then the source is read once more for
the numbers without blanks. A tab cannot be part of a number, and does not wait.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from gettext import gettext as _
from typing import TypeVar

from msgspec.structs import replace

from portone_async.call import validate_identifier
from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.items import Item, Note
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Order, Refund

__all__ = ("trim_order_numbers",)

Items = Generator[Item, None, None]
T = TypeVar("T", Order, Refund, Order | Refund)


def trim_order_numbers(read: Callable[[], Items], name: str) -> Items:
    """Read a source and yield its items with trimmed order numbers, then notes on how many.

    Args:
        read: Start to read the source. It is called a second time only if an order number has a
            blank that may be part of it.
        name: The source, for the notes.
    """
    trimmed = kept = 0
    with closing(_WaitingOrders()) as waiting:
        with closing(read()) as items:
            for item in items:
                if not isinstance(item, Order | Refund) or not _has_blanks(item):
                    yield item
                elif _is_valid(item):
                    waiting.add(item)
                else:
                    trimmed += 1
                    yield _trim(item)
        if waiting.count:
            with closing(read()) as items:
                waiting.find_others(_numbers_without_blanks(items))
        for order, is_other in waiting.orders():
            trimmed += not is_other
            kept += is_other
            yield order if is_other else _trim(order)
    if trimmed:
        text = _("blanks or tabs around {n} order numbers were removed")
        yield Note(name, text.format(n=f"{trimmed:,}"))
    if kept:
        text = _("blanks around {n} order numbers were kept: without them they are other orders")
        yield Note(name, text.format(n=f"{kept:,}"))


def _has_blanks(item: Order | Refund) -> bool:
    return strip_blanks(item.merchant_uid) != item.merchant_uid


def _trim(item: T) -> T:
    return replace(item, merchant_uid=strip_blanks(item.merchant_uid))


def _is_valid(item: Order | Refund) -> bool:
    """Return whether PortOne accepts the order number with its blanks."""
    try:
        validate_identifier("merchant_uid", item.merchant_uid)
    except InvalidRequestError:
        return False
    return True


def _numbers_without_blanks(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Order) and not _has_blanks(item):
            yield item.merchant_uid


class _WaitingOrders:
    """Orders in a temporary database, and those of their trimmed numbers that other orders have."""

    def __init__(self) -> None:
        self.count = 0
        # An empty path is a temporary file, which SQLite deletes. Threads may take turns with a
        # generator, but never run it at the same time.
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.execute(
            "CREATE TABLE waiting (number TEXT, untrimmed TEXT, is_order INTEGER, item BLOB)"
        )
        self._database.execute("CREATE TABLE others (number TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, item: Order | Refund) -> None:
        self.count += 1
        self._database.execute(
            "INSERT INTO waiting VALUES (?, ?, ?, ?)",
            [
                strip_blanks(item.merchant_uid),
                item.merchant_uid,
                isinstance(item, Order),
                pickle.dumps(item),
            ],
        )

    def find_others(self, numbers: Iterable[str]) -> None:
        """Store the ``numbers`` that a waiting order would have if it were trimmed."""
        self._database.execute("CREATE INDEX by_number ON waiting (number)")
        self._database.executemany(
            "INSERT OR IGNORE INTO others SELECT number FROM waiting WHERE number = ? LIMIT 1",
            ((number,) for number in numbers),
        )

    def orders(self) -> Iterator[tuple[Order | Refund, bool]]:
        """Yield all items as they were added, and whether their trimmed number is another order's.

        A refund follows the order of its number: it keeps its blanks if that order has them.
        """
        rows = self._database.execute(
            """SELECT item, number IN (SELECT number FROM others)
                AND untrimmed IN (SELECT untrimmed FROM waiting WHERE is_order)
            FROM waiting ORDER BY rowid"""
        )
        for item, is_other in rows:
            yield pickle.loads(item), bool(is_other)  # noqa: S301 (written above)

    def close(self) -> None:
        self._database.close()
