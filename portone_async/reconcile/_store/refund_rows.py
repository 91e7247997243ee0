"""The rows of refunds that are listed apart from their orders, until they are applied to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from sqlite3 import Connection

from portone_async.errors import InvalidRequestError
from portone_async.models import PaymentStatus
from portone_async.reconcile._columns import to_money
from portone_async.reconcile.finding import Finding, Order, Refund, Verdict
from portone_async.reconcile.money import total

from . import finding_rows, order_rows

__all__ = ("SCHEMA", "add_orders", "add_with_orders", "apply")

SCHEMA = (
    """CREATE TABLE refunds (
        row TEXT PRIMARY KEY,
        merchant_uid TEXT NOT NULL,
        amount TEXT NOT NULL,
        currency TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX refunds_by_order ON refunds (merchant_uid)",
)

_ADD = "INSERT INTO refunds VALUES (?, ?, ?, ?) ON CONFLICT (row) DO NOTHING"
_DIFFERS = """
    SELECT 1 FROM refunds
    WHERE row = ? AND (merchant_uid, amount, currency) IS NOT (?, ?, ?)"""
_NEXT = """
    SELECT merchant_uid, amount, currency, row FROM refunds WHERE merchant_uid IN
        (SELECT DISTINCT merchant_uid FROM refunds ORDER BY merchant_uid LIMIT ?)
    ORDER BY merchant_uid, row"""
_SET_CANCELLED_AMOUNT = "UPDATE orders SET cancelled_amount = ? WHERE position = ?"
_DELETE = "DELETE FROM refunds WHERE merchant_uid = ?"

_REFUNDABLE = (PaymentStatus.PAID, PaymentStatus.CANCELLED)


def add_with_orders(connection: Connection, items: Iterable[Order | Refund]) -> int:
    """Store refunds and orders, each once, and the findings of orders that contradict others.

    Returns:
        The number of new orders.

    Raises:
        InvalidRequestError: Two different refunds have the same ``row``.
    """
    orders: list[Order] = []
    refunds: list[Refund] = []
    for item in items:
        if isinstance(item, Refund):
            refunds.append(item)
        else:
            orders.append(item)
    _add(connection, refunds)
    return add_orders(connection, [*map(order_rows.to_columns, orders)])


def add_orders(connection: Connection, orders: Sequence[order_rows.Columns]) -> int:
    """Store orders by their columns, as :func:`add_with_orders` does."""
    new, contradictions = order_rows.add(connection, orders)
    for contradiction in contradictions:
        finding_rows.record_contradiction(connection, contradiction)
    return new


def _add(connection: Connection, refunds: Sequence[Refund]) -> None:
    rows = [(r.row, r.merchant_uid, str(r.amount), r.currency) for r in refunds]
    if connection.executemany(_ADD, rows).rowcount == len(rows):
        return
    for row in rows:
        if connection.execute(_DIFFERS, row).fetchone():
            raise InvalidRequestError(
                f"two refunds have the row {row[0]!a} but differ: the row must be unique"
            )


def apply(connection: Connection, limit: int) -> list[Finding] | None:
    """Add the refunds of the next orders to these orders.

    Returns:
        The findings of refunds that cannot be applied; ``None`` when no refund is left.
    """
    rows = connection.execute(_NEXT, [limit]).fetchall()
    if not rows:
        return None
    refunds = [Refund(uid, Decimal(amount), *rest) for uid, amount, *rest in rows]
    findings: list[Finding] = []
    for merchant_uid, group in groupby(refunds, key=lambda refund: refund.merchant_uid):
        findings += _apply_to_order(connection, merchant_uid, list(group))
        connection.execute(_DELETE, [merchant_uid])
    return findings


def _apply_to_order(
    connection: Connection, merchant_uid: str, refunds: list[Refund]
) -> list[Finding]:
    stored = order_rows.find(connection, merchant_uid)
    if stored is None:
        findings = [_without_order(refund) for refund in refunds]
        finding_rows.record(connection, findings)
        return findings
    position, order = stored
    refunded = total(*(refund.amount for refund in refunds))
    problem = _problem(order, refunded, {refund.currency for refund in refunds})
    if problem is None:
        connection.execute(_SET_CANCELLED_AMOUNT, [to_money(refunded), position])
        return []
    rows = ", ".join(refund.row for refund in refunds[:3])
    error = f"negative amounts count as refunds ({rows}), but {problem}"
    if not order_rows.mark_contradicted(connection, position):
        return []  # It has a finding already.
    contradiction = order_rows.Contradiction(position, merchant_uid, error)
    finding_rows.record_contradiction(connection, contradiction)
    return [_not_checked(merchant_uid, error, order)]


def _problem(order: Order, refunded: Decimal, currencies: set[str]) -> str | None:
    if currencies != {order.currency}:
        return f"their currency is {', '.join(sorted(currencies))}, the order's is {order.currency}"
    if order.status not in _REFUNDABLE:
        return f"the order's status is {order.status}"
    if refunded > order.amount:
        return f"their sum is {refunded:f}, the order's amount is {order.amount:f}"
    if order.cancelled_amount not in {0, refunded}:
        return f"their sum is {refunded:f}, the order has {order.cancelled_amount:f} refunded"
    return None


def _without_order(refund: Refund) -> Finding:
    return _not_checked(
        refund.merchant_uid,
        f"{refund.row}: amount of order {refund.merchant_uid!r} is negative, -{refund.amount:f}: "
        "a refund, but no readable row has the order itself",
    )


def _not_checked(merchant_uid: str, error: str, order: Order | None = None) -> Finding:
    return Finding(merchant_uid=merchant_uid, verdict=Verdict.NOT_CHECKED, order=order, error=error)
