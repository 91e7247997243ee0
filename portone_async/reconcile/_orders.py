"""The store's orders, and the payments seen of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from sqlite3 import Connection
from typing import TypeAlias

import msgspec
from msgspec import Struct

from .compare import stage
from .finding import Order, PaymentSnapshot

__all__ = (
    "SCHEMA",
    "Contradiction",
    "OrderLeft",
    "add",
    "contradict",
    "find",
    "left",
    "of_columns",
    "see",
    "without_order",
)

SCHEMA = (
    # Money is text: SQLite's own numbers are not exact.
    """CREATE TABLE orders (
        position INTEGER PRIMARY KEY,
        merchant_uid TEXT NOT NULL UNIQUE,
        amount TEXT NOT NULL,
        currency TEXT NOT NULL,
        status TEXT NOT NULL,
        cancelled_amount TEXT NOT NULL,
        is_contradicted INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE sightings (
        imp_uid TEXT PRIMARY KEY,
        merchant_uid TEXT NOT NULL,
        stage INTEGER NOT NULL,
        sighting TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX sightings_by_order ON sightings (merchant_uid)",
)

_ADD = """
    INSERT INTO orders (merchant_uid, amount, currency, status, cancelled_amount)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (merchant_uid) DO NOTHING"""
_FIND = """
    SELECT position, merchant_uid, amount, currency, status, cancelled_amount
    FROM orders WHERE merchant_uid = ?"""
_CONTRADICT = "UPDATE orders SET is_contradicted = 1 WHERE position = ? AND NOT is_contradicted"
# Refunds only grow: of two states with one status, the later is the one with more of them.
_SEE = """
    INSERT INTO sightings VALUES (?, ?, ?, ?)
    ON CONFLICT (imp_uid) DO UPDATE SET
        merchant_uid = excluded.merchant_uid,
        stage = excluded.stage,
        sighting = excluded.sighting
    WHERE (excluded.stage, CAST(json_extract(excluded.sighting, '$.cancel_amount') AS REAL))
        >= (stage, CAST(json_extract(sightings.sighting, '$.cancel_amount') AS REAL))"""
# The plus takes the column's type away, without which the key's index is not used.
_LEFT = """
    SELECT position, o.merchant_uid, amount, currency, status, cancelled_amount, sighting
    FROM (
        SELECT * FROM orders WHERE position > ? AND NOT EXISTS
            (SELECT 1 FROM findings WHERE kind = 0 AND key = +position)
        ORDER BY position LIMIT ?
    ) AS o LEFT JOIN sightings AS s ON s.merchant_uid = o.merchant_uid
    ORDER BY position, imp_uid"""
_WITHOUT_ORDER = """
    SELECT sighting FROM sightings AS s WHERE imp_uid > ?
    AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_uid = s.merchant_uid)
    AND NOT EXISTS (SELECT 1 FROM findings WHERE kind = 1 AND key = imp_uid)
    ORDER BY imp_uid LIMIT ?"""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PaymentSnapshot).decode


Contradiction: TypeAlias = tuple[int, str, str]
"""An order's position and number, and what is told of it."""


class OrderLeft(Struct, frozen=True):
    """An order without a finding, and the payments of its number that were recorded."""

    position: int
    """Its place in the walk: the next batch goes on after it."""
    order: Order
    sightings: tuple[PaymentSnapshot, ...]


def add(connection: Connection, orders: Sequence[Order]) -> tuple[int, list[Contradiction]]:
    """Keep orders.

    Returns:
        How many were new, and the first contradiction of each order that has one now.
    """
    rows = [
        (o.merchant_uid, str(o.amount), o.currency, o.status, str(o.cancelled_amount))
        for o in orders
    ]
    new = connection.executemany(_ADD, rows).rowcount
    if new == len(orders):
        return new, []
    return new, [told for order in orders if (told := _contradiction(connection, order))]


def _contradiction(connection: Connection, order: Order) -> Contradiction | None:
    found = find(connection, order.merchant_uid)
    if found is None or found[1] == order:
        return None
    position, first = found
    if not contradict(connection, position):
        return None
    error = f"the order number was given twice: {_words(first)}, and {_words(order)}"
    return position, order.merchant_uid, error


def contradict(connection: Connection, position: int) -> bool:
    """Mark an order as one that cannot be checked; false if it is marked already."""
    return connection.execute(_CONTRADICT, [position]).rowcount > 0


def _words(order: Order) -> str:
    refunded = f", {order.cancelled_amount} refunded" if order.cancelled_amount else ""
    return f"{order.amount} {order.currency} {order.status}{refunded}"


def find(connection: Connection, merchant_uid: str) -> tuple[int, Order] | None:
    """An order and its position."""
    row = connection.execute(_FIND, [merchant_uid]).fetchone()
    if row is None:
        return None
    position, *columns = row
    return position, of_columns(*columns)


def of_columns(
    merchant_uid: str, amount: str, currency: str, status: str, cancelled_amount: str
) -> Order:
    """Build an order from its columns."""
    return Order(merchant_uid, Decimal(amount), currency, status, Decimal(cancelled_amount))


def see(connection: Connection, sightings: Iterable[PaymentSnapshot]) -> None:
    """Keep payments, each in its latest state."""
    rows = (
        (sighting.imp_uid, sighting.merchant_uid, stage(sighting.status), _text(sighting))
        for sighting in sightings
    )
    connection.executemany(_SEE, rows)


def _text(sighting: PaymentSnapshot) -> str:
    return _encode(sighting).decode()


def left(connection: Connection, after: int, limit: int) -> list[OrderLeft]:
    """Orders without a finding, each with its payments."""
    rows = connection.execute(_LEFT, [after, limit]).fetchall()
    return [
        OrderLeft(
            position,
            of_columns(*columns),
            tuple(_decode(row[-1]) for row in group if row[-1] is not None),
        )
        for (position, *columns), group in groupby(rows, key=itemgetter(0, 1, 2, 3, 4, 5))
    ]


def without_order(connection: Connection, after: str, limit: int) -> list[PaymentSnapshot]:
    """Payments whose number no order has, and that have no finding."""
    rows = connection.execute(_WITHOUT_ORDER, [after, limit]).fetchall()
    return [_decode(sighting) for (sighting,) in rows]
