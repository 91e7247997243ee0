"""The store's orders that differ, to be confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from msgspec import Struct

from portone_async.reconcile._database import Database

from .kinds import KINDS
from .order_rows import COLUMNS, PendingOrder, from_rows

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
_LIST = f"""
    SELECT {COLUMNS}, u.negative_money
    FROM (
        SELECT * FROM unconfirmed WHERE (negative_money, position) > (:money, :position)
        ORDER BY negative_money, position LIMIT :limit
    ) AS u JOIN orders AS o ON o.position = u.position
    LEFT JOIN payments AS p ON p.merchant_uid = o.merchant_uid
    ORDER BY negative_money, o.position, imp_uid"""  # noqa: S608 (names of this schema)

_PAGE = 1_000
_START = {"money": float("-inf"), "position": 0}


class UnconfirmedOrder(Struct, frozen=True):
    """An order that differs by what was read so far."""

    pending: PendingOrder
    money: float
    """The money that its difference is about."""


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
        start = _START if after is None else _key(after)
        with self._database.reading() as connection:
            rows = connection.execute(_LIST, {**start, "limit": _PAGE}).fetchall()
        money = {row[0]: -row[-1] for row in rows}
        return [UnconfirmedOrder(order, money[order.position]) for order in from_rows(rows)]


def _key(order: UnconfirmedOrder) -> dict[str, float]:
    return {"money": -order.money, "position": order.pending.position}
