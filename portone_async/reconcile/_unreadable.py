"""The store's payments that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from portone_async.models import UnreadablePayment

__all__ = ("SCHEMA", "add", "drop", "drop_nameless", "orders", "without_order")

SCHEMA = (
    """CREATE TABLE unreadable (
        imp_uid TEXT, merchant_uid TEXT, path TEXT NOT NULL, reason TEXT NOT NULL
    )""",
    # A constraint of the columns themselves would hold two NULLs to be different.
    """CREATE UNIQUE INDEX unreadable_once ON unreadable
        (coalesce(imp_uid, ''), coalesce(merchant_uid, ''), path, reason)""",
)

_ADD = "INSERT OR IGNORE INTO unreadable VALUES (?, ?, ?, ?)"
_DROP_NAMELESS = """
    DELETE FROM unreadable WHERE imp_uid IS NULL
    AND imp_uid IS ? AND merchant_uid IS ? AND path = ? AND reason = ?"""
_ORDERS = "SELECT DISTINCT merchant_uid FROM unreadable WHERE merchant_uid IS NOT NULL"
_WITHOUT_ORDER = """
    SELECT imp_uid, merchant_uid, path, reason FROM unreadable AS u
    WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_uid = u.merchant_uid)
    AND NOT EXISTS (SELECT 1 FROM findings WHERE kind = 1 AND key = u.imp_uid)
    ORDER BY imp_uid"""


def add(connection: Connection, payments: Iterable[UnreadablePayment]) -> None:
    """Keep payments, each once."""
    connection.executemany(_ADD, map(_row, payments))


def drop(connection: Connection, imp_uid: str) -> None:
    """Drop a payment that was read since."""
    connection.execute("DELETE FROM unreadable WHERE imp_uid = ?", [imp_uid])


def drop_nameless(connection: Connection, payment: UnreadablePayment) -> None:
    """Drop a payment if it cannot be asked for again: its ``imp_uid`` cannot be read either."""
    connection.execute(_DROP_NAMELESS, _row(payment))


def _row(payment: UnreadablePayment) -> tuple[str | None, ...]:
    return (payment.imp_uid, payment.merchant_uid, payment.path, payment.reason)


def orders(connection: Connection) -> frozenset[str]:
    """List the order numbers of the payments."""
    return frozenset(merchant_uid for (merchant_uid,) in connection.execute(_ORDERS))


def without_order(connection: Connection) -> list[UnreadablePayment]:
    """List the payments that no order has and that have no finding."""
    return [
        UnreadablePayment(imp_uid=imp_uid, merchant_uid=merchant_uid, path=path, reason=reason)
        for imp_uid, merchant_uid, path, reason in connection.execute(_WITHOUT_ORDER)
    ]
