"""Remove blanks around order numbers, unless that would turn one order into another.

Exports put a tab before an order number to keep Excel from parsing a number, and databases pad a
``CHAR(20)`` with blanks. PortOne knows the number without them. But a blank may also be part of
a number: then the source has both, with the blank and without.

Only the end of the source decides between the two. Until then such orders wait in a temporary
file, so memory does not grow with their number; then the source is read once more for the numbers
without blanks. A tab cannot be part of a number, so an order with a tab does not wait.
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
from portone_async.cli.orders.place import tier_of
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Order, Refund

from .temporary import temporary_database

__all__ = ("trim_order_numbers",)

Items = Generator[Item, None, None]
T = TypeVar("T", Order, Refund, Order | Refund)
# A tuple, since `Order | Refund` would be made anew for each item.
_ORDERS = (Order, Refund)


def trim_order_numbers(read: Callable[[], Items], name: str) -> Items:
    """Read a source and yield its items with trimmed order numbers, then notes on how many.

    Args:
        read: Start to read the source. It is called a second time only if an order number has a
            blank that may be part of it.
        name: The source, for the notes.
    """
    trimmed = kept = 0
    with temporary_database() as database:
        waiting = _WaitingOrders(database)
        with closing(read()) as items:
            for item in items:
                if not isinstance(item, _ORDERS) or not _has_blanks(item):
                    yield item
                elif _is_valid(item):
                    waiting.add(item)
                else:
                    trimmed += 1
                    yield _trim(item)
        if waiting.count:
            with closing(read()) as items:
                waiting.add_taken(_orders_without_blanks(items))
        for item, keeps_blanks in waiting.items():
            trimmed += not keeps_blanks
            kept += keeps_blanks
            yield item if keeps_blanks else _trim(item)
    yield from _notes(trimmed, kept, name)


def _notes(trimmed: int, kept: int, name: str) -> Iterator[Note]:
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


def _orders_without_blanks(items: Iterable[Item]) -> Iterator[Order]:
    for item in items:
        if isinstance(item, Order) and not _has_blanks(item):
            yield item


class _WaitingOrders:
    """Orders and refunds whose numbers have blanks, and the trimmed numbers that are taken.

    A trimmed number is taken if another order of the same Tier has it.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self.count = 0
        self._database = database
        self._database.execute(
            """CREATE TABLE waiting
                (tier TEXT, trimmed TEXT, untrimmed TEXT, is_order INTEGER, item BLOB)"""
        )
        self._database.execute(
            """CREATE TABLE taken
                (tier TEXT, number TEXT, PRIMARY KEY (tier, number)) WITHOUT ROWID"""
        )

    def add(self, item: Order | Refund) -> None:
        self.count += 1
        self._database.execute(
            "INSERT INTO waiting VALUES (?, ?, ?, ?, ?)",
            [
                tier_of(item),
                strip_blanks(item.merchant_uid),
                item.merchant_uid,
                isinstance(item, Order),
                pickle.dumps(item),
            ],
        )

    def add_taken(self, orders: Iterable[Order]) -> None:
        """Store those numbers of other orders that equal the trimmed number of a waiting item."""
        self._database.execute("CREATE INDEX by_trimmed ON waiting (trimmed, tier)")
        self._database.executemany(
            """INSERT OR IGNORE INTO taken
                SELECT tier, trimmed FROM waiting WHERE tier = ? AND trimmed = ? LIMIT 1""",
            ((tier_of(order), order.merchant_uid) for order in orders),
        )

    def items(self) -> Iterator[tuple[Order | Refund, bool]]:
        """Yield all items as they were added, and whether their numbers keep the blanks.

        An order keeps them if its trimmed number is taken, and a refund if its order keeps them.
        """
        rows = self._database.execute(
            """SELECT item, (tier, trimmed) IN (SELECT tier, number FROM taken)
                AND (tier, untrimmed) IN (SELECT tier, untrimmed FROM waiting WHERE is_order)
            FROM waiting ORDER BY rowid"""
        )
        for item, keeps_blanks in rows:
            yield pickle.loads(item), bool(keeps_blanks)  # noqa: S301 (written above)
