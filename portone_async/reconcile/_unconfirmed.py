"""The store's orders that differ, to be confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from msgspec import Struct

from ._database import Database
from ._kinds import KINDS
from ._orders import from_columns
from .finding import Order

__all__ = ("SCHEMA", "UnconfirmedOrder", "UnconfirmedOrders", "delete_confirmed")

SCHEMA = (
    # The money is negative, so that the largest difference comes first and ties are in the
    # sequence of the input.
    "CREATE TABLE unconfirmed (position INTEGER PRIMARY KEY, negative_money REAL NOT NULL)",
    "CREATE INDEX unconfirmed_by_money ON unconfirmed (negative_money, position)",
)

_ADD = "REPLACE INTO unconfirmed SELECT position, ? FROM orders WHERE merchant_uid = ?"
# `+position` as in _orders.py: it keeps the index of findings usable.
_DELETE_CONFIRMED = """
    DELETE FROM unconfirmed AS u WHERE EXISTS
        (SELECT 1 FROM findings WHERE kind = :order AND key = +u.position)"""
_COUNT = "SELECT count(*) FROM unconfirmed"
_LIST = """
    SELECT u.position, negative_money, merchant_uid, amount, currency, status, cancelled_amount
    FROM unconfirmed AS u JOIN orders AS o ON o.position = u.position
    WHERE (negative_money, u.position) > (:money, :position)
    ORDER BY negative_money, u.position LIMIT :limit"""

_PAGE = 1_000
_START = {"money": float("-inf"), "position": 0}


class UnconfirmedOrder(Struct, frozen=True):
    """An order that differs by what was read so far."""

    position: int
    """Its position in the input."""
    money: float
    """The money that its difference is about."""
    order: Order


def delete_confirmed(connection: Connection) -> None:
    """Delete the orders that have a finding, before a run resumes.

    Those that could not be checked are looked up again in batches.
    """
    connection.execute(_DELETE_CONFIRMED, KINDS)


class UnconfirmedOrders:
    """The orders that differ by what was read so far. Methods block, like those of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, differences: Iterable[tuple[str, float]]) -> None:
        """Store orders, so that they are confirmed, and not looked up again before.

        Args:
            differences: Order numbers, each with the money that its difference is about.
        """
        with self._database.writing() as connection:
            connection.executemany(_ADD, [(-money, uid) for uid, money in differences])

    def count(self) -> int:
        """Count the orders; before the first confirmation none of them has a finding."""
        with self._database.reading() as connection:
            ((orders,),) = connection.execute(_COUNT)
        return int(orders)

    def page(self, *, after: UnconfirmedOrder | None = None) -> list[UnconfirmedOrder]:
        """Return the next orders, the largest difference first.

        Args:
            after: The last order of the previous page; ``None`` for the first page.
        """
        start = _START if after is None else {"money": -after.money, "position": after.position}
        with self._database.reading() as connection:
            rows = connection.execute(_LIST, {**start, "limit": _PAGE}).fetchall()
        return [
            UnconfirmedOrder(position, -negative_money, from_columns(*columns))
            for position, negative_money, *columns in rows
        ]
