"""The rows of payments that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from portone_async.models import UnreadablePayment
from portone_async.reconcile.finding import PaymentSnapshot

from .kinds import KINDS

__all__ = (
    "SCHEMA",
    "add",
    "add_departed",
    "delete",
    "delete_nameless",
    "order_numbers",
    "without_order",
)

SCHEMA = (
    """CREATE TABLE unreadable (
        imp_uid TEXT, merchant_uid TEXT, path TEXT NOT NULL, reason TEXT NOT NULL
    )""",
    # A constraint on the columns themselves would treat two NULLs as different.
    """CREATE UNIQUE INDEX unreadable_once ON unreadable
        (coalesce(imp_uid, ''), coalesce(merchant_uid, ''), path, reason)""",
)

_DEPARTED = "it was found before, and the lists of the period do not have it any more"
_ADD = "INSERT OR IGNORE INTO unreadable VALUES (?, ?, ?, ?)"
_DELETE_NAMELESS = """
    DELETE FROM unreadable WHERE imp_uid IS NULL
    AND imp_uid IS ? AND merchant_uid IS ? AND path = ? AND reason = ?"""
_ORDER_NUMBERS = "SELECT DISTINCT merchant_uid FROM unreadable WHERE merchant_uid IS NOT NULL"
_WITHOUT_ORDER = """
    SELECT imp_uid, merchant_uid, path, reason FROM unreadable AS u
    WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_uid = u.merchant_uid)
    AND NOT EXISTS (SELECT 1 FROM findings WHERE kind = :payment AND key = u.imp_uid)
    ORDER BY imp_uid"""


def add(connection: Connection, payments: Iterable[UnreadablePayment]) -> None:
    """Store payments, each once."""
    connection.executemany(_ADD, map(_row, payments))


def add_departed(connection: Connection, payments: Iterable[PaymentSnapshot]) -> None:
    """Store payments that are to be requested although an earlier state of them is known."""
    connection.executemany(_ADD, ((p.imp_uid, p.merchant_uid, "$", _DEPARTED) for p in payments))


def delete(connection: Connection, imp_uid: str) -> None:
    """Delete a payment that has been read since."""
    connection.execute("DELETE FROM unreadable WHERE imp_uid = ?", [imp_uid])


def delete_nameless(connection: Connection, payment: UnreadablePayment) -> None:
    """Delete a payment if its ``imp_uid`` could not be read: it can never be requested again."""
    connection.execute(_DELETE_NAMELESS, _row(payment))


def _row(payment: UnreadablePayment) -> tuple[str | None, ...]:
    return (payment.imp_uid, payment.merchant_uid, payment.path, payment.reason)


def order_numbers(connection: Connection) -> frozenset[str]:
    """Return the order numbers of the payments, where they could be read."""
    return frozenset(merchant_uid for (merchant_uid,) in connection.execute(_ORDER_NUMBERS))


def without_order(connection: Connection) -> list[UnreadablePayment]:
    """List the payments that belong to no order and have no finding."""
    return [
        UnreadablePayment(imp_uid=imp_uid, merchant_uid=merchant_uid, path=path, reason=reason)
        for imp_uid, merchant_uid, path, reason in connection.execute(_WITHOUT_ORDER, KINDS)
    ]
