"""The orders that plainly match their only payment, found by one SQL statement.

An order is plain if it is paid and declares no refund, and its number has a single payment: live,
paid, not cancelled, of the same amount and currency. :func:`compare` would return ``matched`` for it
as well. Every other order is left to that function. The finding of a plain order is a row of two
integers, from which it is built again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from sqlite3 import Connection
from typing import Any

from msgspec import Struct

from portone_async.models import PaymentStatus
from portone_async.reconcile._columns import MoneyColumn, TimeColumn, from_money, from_time
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Verdict

from .kinds import KINDS

__all__ = ("COLUMNS", "SCHEMA", "Range", "add", "count", "count_in", "delete", "finding", "totals")

SCHEMA = (
    """CREATE TABLE matched (
        position INTEGER PRIMARY KEY,
        payment INTEGER NOT NULL
    )""",
)

COLUMNS = "p.imp_uid, p.amount, p.sandbox, p.paid_at, p.cancelled_at"
"""The columns of a table ``payments AS p`` in which the payment differs from its plain order."""


def _plain(amount: str) -> str:
    """Return SQL for the text of an amount without the zeros after its decimal point.

    It is NULL, which equals nothing, for an amount that is negative, has an exponent or is not a number.
    """
    return f"""CASE
        WHEN {amount} GLOB '*[^0-9.]*' THEN NULL
        WHEN instr({amount}, '.') THEN rtrim(rtrim({amount}, '0'), '.')
        ELSE {amount} || ''
    END"""


_AFTER = "SELECT max(?, coalesce((SELECT max(position) FROM matched), 0))"
_UNTIL = """
    SELECT max(position) FROM
        (SELECT position FROM orders WHERE position > ? ORDER BY position LIMIT ?)"""
# The loop over the orders is the outer one, in the sequence of their positions: groups need no sorting,
# and a group of one row has exactly the columns of that row. `+position`: see `_orders`.
_ADD = f"""
    INSERT INTO matched
    SELECT o.position, p.id
    FROM orders AS o CROSS JOIN payments AS p ON p.merchant_uid = o.merchant_uid
    WHERE o.position > :after AND o.position <= :until
        AND o.status = :paid AND o.cancelled_amount = 0
        {{exclusions}}
    GROUP BY o.position
    HAVING count(*) = 1
        AND p.status = :paid AND p.sandbox IS NOT 1 AND p.cancel_amount = 0
        AND p.currency = o.currency
        AND CASE
            WHEN typeof(p.amount) = 'integer' AND typeof(o.amount) = 'integer'
                THEN p.amount = o.amount
            ELSE {_plain("p.amount")} = {_plain("o.amount")}
        END"""  # noqa: S608 (names of this schema)
# The tables of orders that are left out. Each is empty in most runs, and a fifth of the time is saved
# if the statement does not look into an empty one for each order.
_EXCLUSIONS = {
    "findings": "NOT EXISTS (SELECT 1 FROM findings WHERE kind = :order AND key = +o.position)",
    "unconfirmed": "NOT EXISTS (SELECT 1 FROM unconfirmed AS u WHERE u.position = o.position)",
    "unreadable": """o.merchant_uid NOT IN
        (SELECT merchant_uid FROM unreadable WHERE merchant_uid IS NOT NULL)""",
}
_DELETE = """
    DELETE FROM matched WHERE position = (SELECT position FROM orders WHERE merchant_uid = ?)"""
_COUNT = "SELECT count(*) FROM matched"
_COUNT_IN = "SELECT count(*) FROM matched WHERE position > ? AND position <= ?"
_SUM = """
    SELECT currency, count(*), sum(amount) FROM matched JOIN orders USING (position)
    WHERE typeof(amount) = 'integer' GROUP BY currency"""
_OTHER_AMOUNTS = """
    SELECT currency, amount FROM matched JOIN orders USING (position)
    WHERE typeof(amount) <> 'integer'"""

# Python 3.11 runs a function for each access to a member of an enumeration.
_PAID, _MATCHED = PaymentStatus.PAID.value, Verdict.MATCHED
_PARAMETERS: dict[str, Any] = {**KINDS, "paid": _PAID}


class Range(Struct, frozen=True):
    """A range of orders, by their positions in the input."""

    after: int
    """The position before the first."""
    until: int
    """The position of the last."""


def add(connection: Connection, after: int, limit: int) -> Range | None:
    """Match the next orders, from the first that comes after all orders matched so far.

    Returns:
        The orders that were looked at; ``None`` if no order is left.
    """
    ((after,),) = connection.execute(_AFTER, [after])
    ((until,),) = connection.execute(_UNTIL, [after, limit])
    if until is None:
        return None
    exclusions = " ".join(
        f"AND {condition}"
        for table, condition in _EXCLUSIONS.items()
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608 (a name of this schema)
    )
    statement = _ADD.format(exclusions=exclusions)
    connection.execute(statement, {**_PARAMETERS, "after": after, "until": until})
    return Range(after, until)


def finding(  # noqa: PLR0917 (one for each column)
    order: Order,
    imp_uid: str,
    amount: MoneyColumn,
    sandbox: int | None,
    paid_at: TimeColumn,
    cancelled_at: TimeColumn,
) -> Finding:
    """Build the finding of an order, from the order and :data:`COLUMNS` of its payment."""
    payment = PaymentSnapshot(
        imp_uid=imp_uid,
        merchant_uid=order.merchant_uid,
        status=_PAID,
        amount=from_money(amount),
        currency=order.currency,
        sandbox=None if sandbox is None else bool(sandbox),
        paid_at=from_time(paid_at),
        cancelled_at=from_time(cancelled_at),
    )
    return Finding(
        merchant_uid=order.merchant_uid, verdict=_MATCHED, order=order, payments=(payment,)
    )


def delete(connection: Connection, merchant_uids: Iterable[str]) -> None:
    """Delete the findings of orders that get another one."""
    connection.executemany(_DELETE, ((merchant_uid,) for merchant_uid in merchant_uids))


def count(connection: Connection) -> int:
    """Count the orders."""
    ((orders,),) = connection.execute(_COUNT)
    return int(orders)


def count_in(connection: Connection, orders: Range) -> int:
    """Count the orders in a range."""
    ((count,),) = connection.execute(_COUNT_IN, [orders.after, orders.until])
    return int(count)


def totals(connection: Connection) -> Iterator[tuple[str, int, Decimal]]:
    """Yield a currency, a number of orders and the sum of their amounts, more than once each."""
    for currency, orders, amount in connection.execute(_SUM):
        yield currency, orders, Decimal(amount)
    for currency, amount in connection.execute(_OTHER_AMOUNTS):
        yield currency, 1, from_money(amount)
