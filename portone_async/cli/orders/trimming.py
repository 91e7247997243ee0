"""Trim the order numbers of a source, unless that would make one of its orders into another.

Exports put a tab in front of an order number to keep Excel from reading a number, and databases
fill a ``CHAR(20)`` with blanks. PortOne knows the number without them. But a blank may also be
part of a number: then the source has both, with the blank and without.

Which it is can be told at the end of the source. Until then the orders in question wait in a
temporary file; then the source is read once more for the numbers without blanks. So memory does
not grow with the number of orders. A tab cannot be part of a number, and does not wait.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from gettext import gettext as _
from typing import TypeVar

from msgspec.structs import replace

from portone_async.call import check_identifier
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Order, Refund

from .blanks import without_blanks
from .rows import Item, Note

__all__ = ("trimmed",)

Source = Generator[Item, None, None]
T = TypeVar("T", Order, Refund, Order | Refund)


def trimmed(read: Callable[[], Source], name: str) -> Source:
    """Yield what a source has, with its order numbers trimmed, and notes on how many were.

    Args:
        read: Begins to read the source; called again only if an order number has a blank that
            may be part of it.
        name: The source, for the notes.
    """
    trims = kept = 0
    with closing(_Waiting()) as waiting:
        with closing(read()) as items:
            for item in items:
                if not isinstance(item, Order | Refund) or not _has_blanks(item):
                    yield item
                elif _can_be_sent(item):
                    waiting.add(item)
                else:
                    trims += 1
                    yield _trimmed(item)
        if waiting.count:
            with closing(read()) as items:
                waiting.find_numbers(_numbers_without_blanks(items))
        for order, is_another in waiting.orders():
            trims += not is_another
            kept += is_another
            yield order if is_another else _trimmed(order)
    if trims:
        text = _("blanks or tabs around {n} order numbers were removed")
        yield Note(name, text.format(n=f"{trims:,}"))
    if kept:
        text = _("blanks around {n} order numbers were kept: without them they are others")
        yield Note(name, text.format(n=f"{kept:,}"))


def _has_blanks(item: Order | Refund) -> bool:
    return without_blanks(item.merchant_uid) != item.merchant_uid


def _trimmed(item: T) -> T:
    return replace(item, merchant_uid=without_blanks(item.merchant_uid))


def _can_be_sent(item: Order | Refund) -> bool:
    try:
        check_identifier("merchant_uid", item.merchant_uid)
    except InvalidRequestError:
        return False
    return True


def _numbers_without_blanks(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Order) and not _has_blanks(item):
            yield item.merchant_uid


class _Waiting:
    """Orders in a temporary database, and which of their trimmed numbers other orders have."""

    def __init__(self) -> None:
        self.count = 0
        # An empty path is a file that SQLite deletes. A generator may be moved on by one thread
        # after the other; never by two at once.
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
                without_blanks(item.merchant_uid),
                item.merchant_uid,
                isinstance(item, Order),
                pickle.dumps(item),
            ],
        )

    def find_numbers(self, numbers: Iterable[str]) -> None:
        """Note which of ``numbers`` an order that waits would have if it were trimmed."""
        self._database.execute("CREATE INDEX by_number ON waiting (number)")
        self._database.executemany(
            "INSERT OR IGNORE INTO others SELECT number FROM waiting WHERE number = ? LIMIT 1",
            ((number,) for number in numbers),
        )

    def orders(self) -> Iterator[tuple[Order | Refund, bool]]:
        """Yield each order as it came, and whether its trimmed number is another order's.

        A refund goes with the order of its number: it has the blanks if that has them.
        """
        rows = self._database.execute(
            """SELECT item, number IN (SELECT number FROM others)
                AND untrimmed IN (SELECT untrimmed FROM waiting WHERE is_order)
            FROM waiting ORDER BY rowid"""
        )
        for item, is_another in rows:
            yield pickle.loads(item), bool(is_another)  # noqa: S301 (we have written it)

    def close(self) -> None:
        self._database.close()
