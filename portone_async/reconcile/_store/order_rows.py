"""The rows of orders, and their SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from sqlite3 import Connection
from typing import Any, TypeAlias

from msgspec import Struct

from portone_async.reconcile._columns import MoneyColumn, from_money, to_money
from portone_async.reconcile.finding import Order, PaymentSnapshot
from portone_async.reconcile.money import ZERO

from . import payment_rows
from .insert import insert
from .kinds import KINDS

__all__ = (
    "COLUMNS",
    "SCHEMA",
    "Columns",
    "Contradiction",
    "PendingOrder",
    "add",
    "contradiction",
    "count",
    "find",
    "from_columns",
    "from_rows",
    "mark_contradicted",
    "pending",
    "to_columns",
)

SCHEMA = (
    # Columns without a type convert nothing: see `_columns`.
    """CREATE TABLE orders (
        position INTEGER PRIMARY KEY,
        merchant_uid TEXT NOT NULL UNIQUE,
        amount NOT NULL,
        currency TEXT NOT NULL,
        status TEXT NOT NULL,
        cancelled_amount NOT NULL,
        is_contradicted INTEGER NOT NULL DEFAULT 0
    )""",
)

_TABLE = "orders (merchant_uid, amount, currency, status, cancelled_amount)"
_IGNORE = "ON CONFLICT (merchant_uid) DO NOTHING"
_FIND = """
    SELECT position, merchant_uid, amount, currency, status, cancelled_amount
    FROM orders WHERE merchant_uid = ?"""
_MARK_CONTRADICTED = """
    UPDATE orders SET is_contradicted = 1 WHERE position = ? AND NOT is_contradicted"""
COLUMNS = f"""
    o.position, o.merchant_uid, o.amount, o.currency, o.status, o.cancelled_amount,
    {payment_rows.COLUMNS}"""
"""The columns of an order and of one of its payments, as :func:`from_rows` expects them."""
# `+position` is an expression without a type: compared with an INTEGER column, the BLOB `key` would
# be converted, and SQLite would not use its index.
_PENDING = f"""
    SELECT {COLUMNS}
    FROM (
        SELECT * FROM orders WHERE position > :after
            AND NOT EXISTS (SELECT 1 FROM findings WHERE kind = :order AND key = +position)
            AND NOT EXISTS (SELECT 1 FROM matched AS m WHERE m.position = orders.position)
            AND NOT EXISTS (SELECT 1 FROM unconfirmed AS u WHERE u.position = orders.position)
        ORDER BY position LIMIT :limit
    ) AS o LEFT JOIN payments AS p ON p.merchant_uid = o.merchant_uid
    ORDER BY position, imp_uid"""  # noqa: S608 (names of this schema)


Columns: TypeAlias = tuple[str, MoneyColumn, str, str, MoneyColumn]
"""Order number, amount, currency, status and refunded amount of an order in the store."""


class PendingOrder(Struct, frozen=True):
    """An order without a finding, and the payments of its number that were recorded."""

    position: int
    """Its position in the input."""
    order: Order
    payments: tuple[PaymentSnapshot, ...]


class Contradiction(Struct, frozen=True):
    """An order that cannot be checked, since the input contradicts itself."""

    position: int
    merchant_uid: str
    error: str


def add(connection: Connection, orders: Sequence[Columns]) -> tuple[int, list[Contradiction]]:
    """Store orders by their columns.

    Returns:
        The number of new orders, and the first contradiction of each order that now has one.
    """
    new = insert(connection, _TABLE, orders, otherwise=_IGNORE)
    if new == len(orders):
        return new, []
    contradictions = (_contradiction(connection, from_columns(*columns)) for columns in orders)
    return new, [contradiction for contradiction in contradictions if contradiction is not None]


def _contradiction(connection: Connection, order: Order) -> Contradiction | None:
    stored = find(connection, order.merchant_uid)
    if stored is None:
        return None
    position, first = stored
    if first == order or not mark_contradicted(connection, position):
        return None
    return Contradiction(position, order.merchant_uid, contradiction(first, order))


def contradiction(first: Order, other: Order) -> str:
    """Return the error of an order number that two different orders have."""
    return f"the order number appears twice: {_describe(first)}, and {_describe(other)}"


def mark_contradicted(connection: Connection, position: int) -> bool:
    """Mark an order as one that cannot be checked; return false if it is marked already."""
    return connection.execute(_MARK_CONTRADICTED, [position]).rowcount > 0


def _describe(order: Order) -> str:
    refunded = f", {order.cancelled_amount} refunded" if order.cancelled_amount else ""
    return f"{order.amount} {order.currency} {order.status}{refunded}"


def find(connection: Connection, merchant_uid: str) -> tuple[int, Order] | None:
    """Return the position of an order, and the order."""
    row = connection.execute(_FIND, [merchant_uid]).fetchone()
    if row is None:
        return None
    position, *columns = row
    return position, from_columns(*columns)


def to_columns(order: Order) -> Columns:
    """Return the columns of an order."""
    refunded = order.cancelled_amount
    return (
        order.merchant_uid,
        to_money(order.amount),
        order.currency,
        order.status,
        0 if refunded is ZERO else to_money(refunded),
    )


def from_columns(
    merchant_uid: str,
    amount: MoneyColumn,
    currency: str,
    status: str,
    cancelled_amount: MoneyColumn,
) -> Order:
    """Build an order from its columns."""
    return Order(merchant_uid, from_money(amount), currency, status, from_money(cancelled_amount))


def pending(connection: Connection, after: int, limit: int) -> list[PendingOrder]:
    """List orders without a finding, each with its payments."""
    parameters = {**KINDS, "after": after, "limit": limit}
    return from_rows(connection.execute(_PENDING, parameters))


def from_rows(rows: Iterable[Sequence[Any]]) -> list[PendingOrder]:
    """Build orders from rows of an order and a payment each, sorted by order."""
    return [
        PendingOrder(
            position,
            from_columns(*columns),
            tuple(payment_rows.from_columns(*row[6:15]) for row in group if row[6] is not None),
        )
        for (position, *columns), group in groupby(rows, key=itemgetter(0, 1, 2, 3, 4, 5))
    ]


def count(connection: Connection) -> int:
    """Count all orders."""
    ((orders,),) = connection.execute("SELECT count(*) FROM orders")
    return int(orders)
