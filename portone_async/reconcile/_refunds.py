"""The store's refunds that are listed apart from their orders, until they are added to them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from sqlite3 import Connection

from portone_async.errors import InvalidRequestError
from portone_async.models import PaymentStatus
from portone_async.models._record import EXACT

from . import _findings, _orders
from .finding import Finding, Order, Refund, Verdict

__all__ = ("SCHEMA", "add", "settle")

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
_HAS_ANOTHER = """
    SELECT 1 FROM refunds
    WHERE row = ? AND (merchant_uid, amount, currency) IS NOT (?, ?, ?)"""
_NEXT = """
    SELECT merchant_uid, amount, currency, row FROM refunds WHERE merchant_uid IN
        (SELECT DISTINCT merchant_uid FROM refunds ORDER BY merchant_uid LIMIT ?)
    ORDER BY merchant_uid, row"""
_DECLARE = "UPDATE orders SET cancelled_amount = ? WHERE position = ?"
_DROP = "DELETE FROM refunds WHERE merchant_uid = ?"

_REFUNDABLE = (PaymentStatus.PAID, PaymentStatus.CANCELLED)


def add(connection: Connection, refunds: Sequence[Refund]) -> None:
    """Keep refunds; one that is there already is kept once.

    Raises:
        InvalidRequestError: Two refunds that differ have the same ``row``.
    """
    rows = [(each.row, each.merchant_uid, str(each.amount), each.currency) for each in refunds]
    if connection.executemany(_ADD, rows).rowcount == len(rows):
        return
    for row in rows:
        if connection.execute(_HAS_ANOTHER, row).fetchone():
            raise InvalidRequestError(f"two refunds have the row {row[0]!a}: each needs its own")


def settle(connection: Connection, limit: int) -> list[Finding] | None:
    """Add the refunds of the next orders to them, or say why that cannot be done.

    Returns:
        The findings of refunds that no order agrees with; ``None`` when no refund is left.
    """
    rows = connection.execute(_NEXT, [limit]).fetchall()
    if not rows:
        return None
    refunds = [Refund(uid, Decimal(amount), *rest) for uid, amount, *rest in rows]
    findings: list[Finding] = []
    for merchant_uid, group in groupby(refunds, key=lambda refund: refund.merchant_uid):
        findings += _settled(connection, merchant_uid, list(group))
        connection.execute(_DROP, [merchant_uid])
    return findings


def _settled(connection: Connection, merchant_uid: str, refunds: list[Refund]) -> list[Finding]:
    found = _orders.find(connection, merchant_uid)
    if found is None:
        findings = [_without_order(refund) for refund in refunds]
        _findings.keep(connection, findings)
        return findings
    position, order = found
    total = Decimal(0)
    for refund in refunds:
        total = EXACT.add(total, refund.amount)
    problem = _problem(order, total, {refund.currency for refund in refunds})
    if problem is None:
        connection.execute(_DECLARE, [str(total), position])
        return []
    rows = ", ".join(refund.row for refund in refunds[:3])
    error = f"negative rows are taken for refunds ({rows}), but {problem}"
    if not _orders.contradict(connection, position):
        return []  # It has its finding already.
    _findings.contradict(connection, position, merchant_uid, error)
    return [_not_checked(merchant_uid, error, order)]


def _problem(order: Order, total: Decimal, currencies: set[str]) -> str | None:
    if currencies != {order.currency}:
        return f"their currency is {', '.join(sorted(currencies))}, the order's {order.currency}"
    if order.status not in _REFUNDABLE:
        return f"the order is {order.status}"
    if total > order.amount:
        return f"they are {total:f} together, and the order's amount is {order.amount:f}"
    if order.cancelled_amount not in {0, total}:
        return f"they are {total:f} together, and the order says {order.cancelled_amount:f}"
    return None


def _without_order(refund: Refund) -> Finding:
    return _not_checked(
        refund.merchant_uid,
        f"{refund.row}: amount of order {refund.merchant_uid!r} is negative, -{refund.amount:f}: "
        "a refund, but no readable row has the order itself",
    )


def _not_checked(merchant_uid: str, error: str, order: Order | None = None) -> Finding:
    return Finding(merchant_uid=merchant_uid, verdict=Verdict.NOT_CHECKED, order=order, error=error)
