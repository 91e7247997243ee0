"""The rows of findings, and their SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from sqlite3 import Connection
from typing import Any, TypeAlias

import msgspec

from portone_async.models import PaymentStatus, UnreadablePayment
from portone_async.reconcile._columns import MoneyColumn, from_money
from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.bridges import BridgeSums
from portone_async.reconcile.finding import Finding, PaymentSnapshot, Verdict
from portone_async.reconcile.money import Sums, add_to

from . import matched, order_rows
from .kinds import KINDS, Kind
from .matched import Range

__all__ = (
    "AFTER_ORDERS",
    "SCHEMA",
    "START",
    "Key",
    "count_final",
    "count_unreadable",
    "delete_not_checked",
    "of_orders",
    "page",
    "record",
    "record_contradiction",
    "record_unreadable",
    "totals",
    "unread_numbers",
)

Key: TypeAlias = tuple[int, int | str]
"""The key of a finding: its kind, and what identifies it among its kind."""
START: Key = (-1, "")
AFTER_ORDERS: Key = (Kind.ORDER, "")  # SQLite sorts a text after all integers.

SCHEMA = (
    # A key is an integer or a text, depending on the kind; BLOB columns convert neither.
    """CREATE TABLE findings (
        kind INTEGER NOT NULL,
        key BLOB NOT NULL,
        merchant_uid TEXT NOT NULL,
        verdict TEXT NOT NULL,
        payments TEXT NOT NULL,
        error TEXT,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID""",
)

_RECORD = "REPLACE INTO findings VALUES (?, ?, ?, ?, ?, ?)"
_RECORD_OF_ORDER = """
    REPLACE INTO findings SELECT ?, position, merchant_uid, ?, ?, ? FROM orders
    WHERE merchant_uid = ? AND NOT is_contradicted"""
_HAS_ORDER = "SELECT 1 FROM orders WHERE merchant_uid = ?"
# A finding that is deleted when the run is started again.
_IS_PROVISIONAL = """
    verdict = :not_checked AND (kind = :payment OR kind = :order AND EXISTS
        (SELECT 1 FROM orders WHERE position = key AND NOT is_contradicted))"""
_DELETE_NOT_CHECKED = f"DELETE FROM findings WHERE {_IS_PROVISIONAL}"  # noqa: S608 (a constant)
_COUNT_FINAL = f"""
    SELECT count(*) FROM findings WHERE kind = :order AND NOT ({_IS_PROVISIONAL})"""  # noqa: S608 (a constant)
_PAGE = """
    SELECT kind, key, f.merchant_uid, verdict, payments, error,
        position, amount, currency, status, cancelled_amount
    FROM findings AS f LEFT JOIN orders ON kind = :order AND position = key
    WHERE (kind, key) > (:after_kind, :after_key) AND verdict = coalesce(:verdict, verdict)
    ORDER BY kind, key LIMIT :limit"""
# `+position`: see `_orders`.
_OF_ORDERS = f"""
    SELECT o.position, f.verdict, f.payments, f.error,
        o.merchant_uid, o.amount, o.currency, o.status, o.cancelled_amount,
        {matched.COLUMNS}
    FROM orders AS o
        LEFT JOIN findings AS f ON f.kind = :order AND f.key = +o.position
        LEFT JOIN matched AS m ON m.position = o.position
        LEFT JOIN payments AS p ON p.id = m.payment
    WHERE o.position > :after AND o.position <= :until
        AND (m.position IS NOT NULL OR f.verdict = coalesce(:verdict, f.verdict))
    ORDER BY o.position LIMIT :limit"""  # noqa: S608 (names of this schema)
# Most other findings: the order of a single payment has all amounts, so that no JSON is decoded.
# Two payments have '},{' between them; a value that contains it is only decoded without need.
_PAID_AND_MATCHED = """
    SELECT currency, amount, cancelled_amount FROM findings JOIN orders ON position = key
    WHERE kind = :order AND verdict = :matched AND status = :paid
        AND NOT instr(payments, '},{')"""
_ALL_OTHERS = """
    SELECT f.merchant_uid, verdict, payments, error,
        position, amount, currency, status, cancelled_amount
    FROM findings AS f LEFT JOIN orders ON kind = :order AND position = key
    WHERE verdict <> :matched OR status IS NOT :paid OR instr(payments, '},{')"""
_UNREAD_NUMBERS = """
    SELECT DISTINCT merchant_uid FROM findings
    WHERE kind > :order AND payments = '[]' AND merchant_uid <> ''"""
_COUNT_UNREADABLE = """
    SELECT count(*) FROM findings
    WHERE kind <> :order AND verdict = :not_checked AND payments = '[]'"""

_PARAMETERS = {
    **KINDS,
    "not_checked": Verdict.NOT_CHECKED.value,
    "matched": Verdict.MATCHED.value,
    "paid": PaymentStatus.PAID.value,
}

_ZERO = Decimal(0)
# In Python 3.11 four times as fast as a call of `Verdict`.
_VERDICTS = {verdict.value: verdict for verdict in Verdict}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[PaymentSnapshot, ...]).decode


def record(connection: Connection, findings: Iterable[Finding]) -> str | None:
    """Store findings; each replaces the one with the same key.

    Returns:
        The order number of a finding whose order is not in the store; ``None`` if all are.
    """
    of_orders: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    for finding in findings:
        columns = (finding.verdict.value, _encode(finding.payments).decode(), finding.error)
        if finding.order is not None:
            of_orders.append((Kind.ORDER, *columns, finding.order.merchant_uid))
        elif finding.payments:
            key = finding.payments[0].imp_uid
            others.append((Kind.PAYMENT, key, finding.merchant_uid, *columns))
        else:
            others.append((Kind.ROW, finding.error or "", finding.merchant_uid, *columns))
    connection.executemany(_RECORD, others)
    matched.delete(connection, (merchant_uid for *_, merchant_uid in of_orders))
    if connection.executemany(_RECORD_OF_ORDER, of_orders).rowcount < len(of_orders):
        # The missing rows belong to unknown orders, or to contradicted ones, which is not an error.
        for *_, merchant_uid in of_orders:
            if not connection.execute(_HAS_ORDER, [merchant_uid]).fetchone():
                return str(merchant_uid)
    return None


def unread_numbers(connection: Connection) -> frozenset[str]:
    """Return the order numbers of rows and payments that could not be read, where they have them."""
    rows = connection.execute(_UNREAD_NUMBERS, KINDS)
    return frozenset(merchant_uid for (merchant_uid,) in rows)


def record_unreadable(connection: Connection, payment: UnreadablePayment, error: str) -> Finding:
    """Store and return the finding of an unreadable payment, by its ``imp_uid`` or its error."""
    kind, key = (Kind.ROW, error) if payment.imp_uid is None else (Kind.PAYMENT, payment.imp_uid)
    finding = Finding(
        merchant_uid=payment.merchant_uid or "", verdict=Verdict.NOT_CHECKED, error=error
    )
    row = (kind, key, finding.merchant_uid, finding.verdict.value, "[]", error)
    connection.execute(_RECORD, row)
    return finding


def record_contradiction(connection: Connection, contradiction: order_rows.Contradiction) -> None:
    """Store the finding of an order that appears twice, with different content."""
    matched.delete(connection, [contradiction.merchant_uid])
    row = (
        Kind.ORDER,
        contradiction.position,
        contradiction.merchant_uid,
        Verdict.NOT_CHECKED.value,
        "[]",
        contradiction.error,
    )
    connection.execute(_RECORD, row)


def delete_not_checked(connection: Connection) -> int:
    """Delete findings ``not_checked``, except those of rows and of contradicted orders."""
    return connection.execute(_DELETE_NOT_CHECKED, _PARAMETERS).rowcount


def count_final(connection: Connection) -> int:
    """Count the orders whose findings stay when the run is started again."""
    ((count,),) = connection.execute(_COUNT_FINAL, _PARAMETERS)
    return int(count) + matched.count(connection)


def of_orders(
    connection: Connection, orders: Range, verdict: Verdict | None, limit: int
) -> tuple[list[Finding], int | None]:
    """List the findings of a range of orders by position: of all verdicts, or of ``matched``.

    Returns:
        The findings, and the position of the last one if there may be more.
    """
    parameters = {
        **KINDS,
        "after": orders.after,
        "until": orders.until,
        "verdict": verdict and verdict.value,
        "limit": limit,
    }
    rows = connection.execute(_OF_ORDERS, parameters).fetchall()
    return [_of_order(*row) for row in rows], rows[-1][0] if len(rows) == limit else None


def _of_order(  # noqa: PLR0917 (one for each column)
    _: int,
    verdict: str | None,
    payments: str,
    error: str | None,
    merchant_uid: str,
    amount: MoneyColumn,
    currency: str,
    status: str,
    cancelled_amount: MoneyColumn,
    *payment: Any,
) -> Finding:
    order = order_rows.from_columns(merchant_uid, amount, currency, status, cancelled_amount)
    if verdict is None:
        return matched.finding(order, *payment)
    return Finding(
        merchant_uid=merchant_uid,
        verdict=_VERDICTS[verdict],
        order=order,
        payments=_decode(payments),
        error=error,
    )


def page(
    connection: Connection, after: Key, verdict: Verdict | None, limit: int
) -> list[tuple[Key, Finding]]:
    """List findings in the sequence of their keys, without those of plainly matched orders."""
    after_kind, after_key = after
    parameters = {
        **KINDS,
        "after_kind": after_kind,
        "after_key": after_key,
        "verdict": verdict and verdict.value,
        "limit": limit,
    }
    rows = connection.execute(_PAGE, parameters).fetchall()
    return [((kind, key), _from_columns(*columns)) for kind, key, *columns in rows]


def _from_columns(
    merchant_uid: str, verdict: str, payments: str, error: str | None, *columns: Any
) -> Finding:
    position, *of_order = columns
    return Finding(
        merchant_uid=merchant_uid,
        verdict=_VERDICTS[verdict],
        order=None if position is None else order_rows.from_columns(merchant_uid, *of_order),
        payments=_decode(payments),
        error=error,
    )


def totals(
    connection: Connection,
) -> tuple[Mapping[Verdict, int], Mapping[Verdict, Sums], Mapping[str, Bridge]]:
    """Return the number of findings and the sums of money by verdict, and the bridges."""
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, Sums] = {}
    sums = BridgeSums()

    def add(verdict: Verdict, currency: str, amount: Decimal) -> None:
        add_to(amounts.setdefault(verdict, {}), currency, amount)

    for currency, orders, amount in matched.totals(connection):
        counts[Verdict.MATCHED] += orders
        add(Verdict.MATCHED, currency, amount)
        sums.add_paid(currency, amount, _ZERO)
    for currency, column, refunded in connection.execute(_PAID_AND_MATCHED, _PARAMETERS):
        amount = from_money(column)
        counts[Verdict.MATCHED] += 1
        add(Verdict.MATCHED, currency, amount)
        sums.add_paid(currency, amount, from_money(refunded))
    for columns in connection.execute(_ALL_OTHERS, _PARAMETERS):
        finding = _from_columns(*columns)
        counts[finding.verdict] += 1
        sums.add(finding)
        if finding.order is not None:
            add(finding.verdict, finding.order.currency, finding.order.amount)
        else:
            for payment in finding.payments:
                add(finding.verdict, payment.currency or "", payment.amount)
    return counts, amounts, sums.bridges()


def count_unreadable(connection: Connection) -> int:
    """Count the rows and payments that could not be read."""
    ((count,),) = connection.execute(_COUNT_UNREADABLE, _PARAMETERS)
    return int(count)
