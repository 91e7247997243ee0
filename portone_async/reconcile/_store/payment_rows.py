"""The rows of payments, as snapshots, and their SQL.

While a period is read, payments are appended without an index, which is fast. The indexes are made
when payments are first looked up: a payment that was appended in two states is then stored once, in
the later one. Payments that come after that are merged one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from sqlite3 import Connection
from typing import TypeAlias, TypeGuard

from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.reconcile._columns import (
    MoneyColumn,
    TimeColumn,
    from_money,
    from_time,
    to_money,
    to_time,
)
from portone_async.reconcile.compare import status_rank
from portone_async.reconcile.finding import PaymentSnapshot

from .insert import Table, insert, insert_sharing
from .kinds import KINDS

__all__ = (
    "COLUMNS",
    "SCHEMA",
    "Columns",
    "add",
    "delete_indexes",
    "from_columns",
    "index",
    "is_indexed",
    "not_listed",
    "of_orders",
    "to_columns",
    "without_order",
)

SCHEMA = (
    # Columns without a type convert nothing: see `_columns`.
    """CREATE TABLE payments (
        id INTEGER PRIMARY KEY,
        imp_uid TEXT NOT NULL,
        merchant_uid TEXT NOT NULL,
        status TEXT NOT NULL,
        amount NOT NULL,
        cancel_amount NOT NULL,
        currency TEXT,
        sandbox INTEGER,
        paid_at,
        cancelled_at
    )""",
)

_OWN = ("imp_uid", "merchant_uid", "amount", "paid_at")
_SHARED = ("status", "cancel_amount", "currency", "sandbox", "cancelled_at")
_NAMES = (*_OWN, *_SHARED)
COLUMNS = ", ".join(f"p.{name}" for name in _NAMES)
"""The columns of a payment, of a table ``payments AS p``, in the sequence of :data:`Columns`."""
Columns: TypeAlias = tuple[
    str, str, MoneyColumn, TimeColumn, str, MoneyColumn, str | None, int | None, TimeColumn
]
"""The columns of a payment in the store."""

_TABLE = f"payments ({', '.join(_NAMES)})"
_PAYMENTS: Table[Columns] = Table(
    _TABLE, itemgetter(slice(len(_OWN))), itemgetter(slice(len(_OWN), None))
)
_imp_uid_of = attrgetter("imp_uid")
# Their fields are columns already.
_PLAIN_PAYMENTS: Table[PlainPayment] = Table(_TABLE, attrgetter(*_OWN), attrgetter(*_SHARED))
_INDEX = (
    "CREATE UNIQUE INDEX payments_by_imp_uid ON payments (imp_uid)",
    "CREATE INDEX payments_by_order ON payments (merchant_uid)",
)
_IS_INDEXED = "SELECT 1 FROM sqlite_master WHERE name = 'payments_by_order'"
_DELETE_INDEXES = (
    "DROP INDEX IF EXISTS payments_by_imp_uid",
    "DROP INDEX IF EXISTS payments_by_order",
)
# A refunded amount only increases: of two states with one status, the larger amount is the later.
_DELETE_EARLIER_STATES = """
    DELETE FROM payments WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER (
                PARTITION BY imp_uid
                ORDER BY status_rank(status) DESC, CAST(cancel_amount AS REAL) DESC, id DESC
            ) AS place
            FROM payments WHERE imp_uid IN
                (SELECT imp_uid FROM payments GROUP BY imp_uid HAVING count(*) > 1)
        ) WHERE place > 1
    )"""
# The payment of a matched order is not changed: its verdict was made with this state.
_MERGE = f"""
    ON CONFLICT (imp_uid) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _NAMES)}
    WHERE (status_rank(excluded.status), CAST(excluded.cancel_amount AS REAL))
        >= (status_rank(payments.status), CAST(payments.cancel_amount AS REAL))
    AND NOT EXISTS (
        SELECT 1 FROM orders AS o JOIN matched AS m USING (position)
        WHERE o.merchant_uid = payments.merchant_uid AND m.payment = payments.id
    )"""  # noqa: S608 (names of this schema)
_IS_LISTED = """
    SELECT 1 FROM payments WHERE imp_uid = ?
    AND (status_rank(status), CAST(cancel_amount AS REAL)) >= (status_rank(?), CAST(? AS REAL))"""
_SELECT = f"SELECT {COLUMNS} FROM payments AS p"  # noqa: S608 (names of this schema)
_WITHOUT_ORDER = f"""
    SELECT {COLUMNS} FROM payments AS p WHERE imp_uid > :after
    AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_uid = p.merchant_uid)
    AND NOT EXISTS (SELECT 1 FROM findings WHERE kind = :payment AND key = imp_uid)
    ORDER BY imp_uid LIMIT :limit"""  # noqa: S608 (names of this schema)


def add(
    connection: Connection, payments: Sequence[PaymentSnapshot | ListedPayment | PlainPayment]
) -> None:
    """Store payments, each in its latest state."""
    merge = ""
    if is_indexed(connection):
        _define_status_rank(connection)
        merge = _MERGE
    if len({*map(_imp_uid_of, payments)}) < len(payments):
        # Of two equal states the last one is stored, so the rows must stay in their sequence.
        insert(connection, _TABLE, map(to_columns, payments), otherwise=merge)
    elif _are_plain(payments):
        insert_sharing(connection, _PLAIN_PAYMENTS, payments, otherwise=merge)
    else:
        insert_sharing(connection, _PAYMENTS, [*map(to_columns, payments)], otherwise=merge)


def _are_plain(payments: Sequence[object]) -> TypeGuard[Sequence[PlainPayment]]:
    return {*map(type, payments)} == {PlainPayment}


def is_indexed(connection: Connection) -> bool:
    """Return whether each payment is stored once, and can be looked up."""
    return connection.execute(_IS_INDEXED).fetchone() is not None


def index(connection: Connection) -> None:
    """Store each payment once, in its latest state, and make the indexes."""
    by_imp_uid, by_order = _INDEX
    try:
        connection.execute(by_imp_uid)
    except sqlite3.IntegrityError:
        # The statement changed nothing, and the transaction continues.
        _define_status_rank(connection)
        connection.execute(_DELETE_EARLIER_STATES)
        connection.execute(by_imp_uid)
    connection.execute(by_order)


def delete_indexes(connection: Connection) -> None:
    """Delete the indexes, so that payments can be appended."""
    for statement in _DELETE_INDEXES:
        connection.execute(statement)


def without_order(connection: Connection, after: str, limit: int) -> list[PaymentSnapshot]:
    """List payments whose order number belongs to no order, and that have no finding."""
    parameters = {**KINDS, "after": after, "limit": limit}
    return [from_columns(*columns) for columns in connection.execute(_WITHOUT_ORDER, parameters)]


def not_listed(
    connection: Connection, payments: Iterable[PaymentSnapshot]
) -> list[PaymentSnapshot]:
    """Return the payments that are not stored, or only in an earlier state."""
    _define_status_rank(connection)
    return [
        payment
        for payment in payments
        if connection.execute(
            _IS_LISTED, [payment.imp_uid, payment.status, to_money(payment.cancel_amount)]
        ).fetchone()
        is None
    ]


def of_orders(connection: Connection, merchant_uids: Sequence[str]) -> list[PaymentSnapshot]:
    """List the payments of order numbers."""
    places = ", ".join("?" * len(merchant_uids))
    statement = f"{_SELECT} WHERE merchant_uid IN ({places}) ORDER BY imp_uid"
    return [from_columns(*columns) for columns in connection.execute(statement, merchant_uids)]


def from_columns(  # noqa: PLR0917 (one for each column)
    imp_uid: str,
    merchant_uid: str,
    amount: MoneyColumn,
    paid_at: TimeColumn,
    status: str,
    cancel_amount: MoneyColumn,
    currency: str | None,
    sandbox: int | None,
    cancelled_at: TimeColumn,
) -> PaymentSnapshot:
    """Build a snapshot from its columns."""
    return PaymentSnapshot(
        imp_uid=imp_uid,
        merchant_uid=merchant_uid,
        status=status,
        amount=from_money(amount),
        cancel_amount=from_money(cancel_amount),
        currency=currency,
        sandbox=None if sandbox is None else bool(sandbox),
        paid_at=from_time(paid_at),
        cancelled_at=from_time(cancelled_at),
    )


def to_columns(payment: PaymentSnapshot | ListedPayment | PlainPayment) -> Columns:
    """Return the columns of a payment."""
    if isinstance(payment, PlainPayment):
        return _PLAIN_PAYMENTS.own(payment) + _PLAIN_PAYMENTS.shared(payment)
    return (
        payment.imp_uid,
        payment.merchant_uid,
        to_money(payment.amount),
        to_time(payment.paid_at),
        payment.status,
        to_money(payment.cancel_amount),
        payment.currency,
        payment.sandbox,
        to_time(payment.cancelled_at),
    )


def _define_status_rank(connection: Connection) -> None:
    connection.create_function("status_rank", 1, status_rank, deterministic=True)
