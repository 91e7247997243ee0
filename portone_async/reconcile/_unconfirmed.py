"""The store's orders that differ, until they are confirmed."""

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

_ADD = """
    REPLACE INTO unconfirmed SELECT position, ? FROM orders WHERE merchant_uid = ?"""
# `+position` as in _orders.py: it keeps the index of findings usable.
_HAS_FINDING = "EXISTS (SELECT 1 FROM findings WHERE kind = :order AND key = +u.position)"
_COUNT = f"SELECT count(*) FROM unconfirmed AS u WHERE NOT {_HAS_FINDING}"  # noqa: S608 (a constant)
_DELETE_CONFIRMED = f"DELETE FROM unconfirmed AS u WHERE {_HAS_FINDING}"  # noqa: S608 (a constant)
_LIST = f"""
    SELECT u.position, negative_money, merchant_uid, amount, currency, status, cancelled_amount
    FROM unconfirmed AS u JOIN orders AS o ON o.position = u.position
    WHERE (negative_money, u.position) > (:money, :position) AND NOT {_HAS_FINDING}
    ORDER BY negative_money, u.position LIMIT :limit"""  # noqa: S608 (a constant)

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
    """Delete the orders that have a finding, also ``not_checked``: they are looked up anew."""
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
        """Count the orders that have no finding."""
        with self._database.reading() as connection:
            ((orders,),) = connection.execute(_COUNT, KINDS)
        return int(orders)

    def page(self, *, after: UnconfirmedOrder | None = None) -> list[UnconfirmedOrder]:
        """Return the next orders that have no finding, the largest difference first.

        Args:
            after: The last order of the previous page.
        """
        start = _START if after is None else {"money": -after.money, "position": after.position}
        with self._database.reading() as connection:
            rows = connection.execute(_LIST, {**KINDS, **start, "limit": _PAGE}).fetchall()
        return [
            UnconfirmedOrder(position, -negative_money, from_columns(*columns))
            for position, negative_money, *columns in rows
        ]
