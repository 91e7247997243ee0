"""The store's findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import IntEnum
from sqlite3 import Connection
from typing import Any, TypeAlias

import msgspec

from portone_async.models import PaymentStatus
from portone_async.models._record import EXACT

from ._orders import of_columns
from .bridge import Bridge
from .finding import Finding, PaymentSnapshot, Verdict
from .ledger import Ledger

__all__ = (
    "SCHEMA",
    "START",
    "Place",
    "contradict",
    "figures",
    "forget",
    "keep",
    "keep_unreadable",
    "page",
    "unreadable",
)

Place: TypeAlias = tuple[int, int | str]
"""Where a finding stands among all: by its kind, then by what it is known by."""
START: Place = (-1, "")

SCHEMA = (
    # A key is a position or a text, by the kind; the type says neither.
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

_KEEP = "REPLACE INTO findings VALUES (?, ?, ?, ?, ?, ?)"
_KEEP_OF_ORDER = """
    REPLACE INTO findings SELECT 0, position, merchant_uid, ?, ?, ? FROM orders
    WHERE merchant_uid = ? AND NOT is_contradicted"""
_HAS_ORDER = "SELECT 1 FROM orders WHERE merchant_uid = ?"
_IS_FORGOTTEN = """
    verdict = ? AND (kind = 1 OR kind = 0 AND EXISTS
        (SELECT 1 FROM orders WHERE position = key AND NOT is_contradicted))"""
_FORGET = f"DELETE FROM findings WHERE {_IS_FORGOTTEN}"  # noqa: S608 (a constant)
_SETTLED = f"""
    SELECT count(*) FROM findings WHERE kind = 0 AND NOT ({_IS_FORGOTTEN})"""  # noqa: S608 (a constant)
_PAGE = """
    SELECT kind, key, f.merchant_uid, verdict, payments, error,
        position, amount, currency, status, cancelled_amount
    FROM findings AS f LEFT JOIN orders ON kind = 0 AND position = key
    WHERE (kind, key) > (?, ?) AND verdict = coalesce(?, verdict)
    ORDER BY kind, key LIMIT ?"""
_ALL = """
    SELECT f.merchant_uid, verdict, payments, error,
        position, amount, currency, status, cancelled_amount
    FROM findings AS f LEFT JOIN orders ON kind = 0 AND position = key
    WHERE verdict <> ? OR status IS NOT ? OR instr(payments, '},{')"""
# Of these, most of a run, the order says all, as they have one payment: it need not be decoded.
_PAID_AND_MATCHED = """
    SELECT currency, amount, cancelled_amount FROM findings JOIN orders ON position = key
    WHERE kind = 0 AND verdict = ? AND status = ? AND NOT instr(payments, '},{')"""
_UNREADABLE = """
    SELECT count(*) FROM findings WHERE kind <> 0 AND verdict = ? AND payments = '[]'"""

_ZERO = Decimal(0)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[PaymentSnapshot, ...]).decode


class _Kind(IntEnum):
    """What a finding is about, and what it is known by. Findings come out in this order."""

    ORDER = 0
    """By its position in the input."""
    ORPHAN = 1
    """By the payment's ``imp_uid``."""
    ROW = 2
    """By the text of the error, which names the row."""


def keep(connection: Connection, findings: Iterable[Finding]) -> str | None:
    """Keep findings, each in the place of the one before.

    Returns:
        The number of an order that the store does not have, where there is one.
    """
    of_orders: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    for finding in findings:
        told = (finding.verdict.value, _encode(finding.payments).decode(), finding.error)
        if finding.order is not None:
            of_orders.append((*told, finding.order.merchant_uid))
        elif finding.payments:
            key = finding.payments[0].imp_uid
            others.append((_Kind.ORPHAN, key, finding.merchant_uid, *told))
        else:
            others.append((_Kind.ROW, finding.error or "", finding.merchant_uid, *told))
    connection.executemany(_KEEP, others)
    kept = connection.executemany(_KEEP_OF_ORDER, of_orders).rowcount
    if kept < len(of_orders):
        for *_, merchant_uid in of_orders:
            if not connection.execute(_HAS_ORDER, [merchant_uid]).fetchone():
                return str(merchant_uid)
    return None


def keep_unreadable(connection: Connection, imp_uid: str | None, finding: Finding) -> None:
    """Keep the finding of a payment that cannot be read: by its ``imp_uid``, or by its error."""
    kind = _Kind.ROW if imp_uid is None else _Kind.ORPHAN
    key = finding.error if imp_uid is None else imp_uid
    row = (kind, key, finding.merchant_uid, finding.verdict.value, "[]", finding.error)
    connection.execute(_KEEP, row)


def contradict(connection: Connection, position: int, merchant_uid: str, error: str) -> None:
    """Give an order that cannot be checked the finding that says why."""
    row = (_Kind.ORDER, position, merchant_uid, Verdict.NOT_CHECKED.value, "[]", error)
    connection.execute(_KEEP, row)


def forget(connection: Connection) -> int:
    """Drop what could not be checked, but rows and contradicted orders."""
    return connection.execute(_FORGET, [Verdict.NOT_CHECKED.value]).rowcount


def settled(connection: Connection) -> int:
    """Count the orders whose findings stay when the run is started again."""
    ((count,),) = connection.execute(_SETTLED, [Verdict.NOT_CHECKED.value])
    return int(count)


def page(
    connection: Connection, after: Place, verdict: Verdict | None, limit: int
) -> list[tuple[Place, Finding]]:
    """Findings with their places, in order."""
    rows = connection.execute(_PAGE, [*after, verdict and verdict.value, limit]).fetchall()
    return [((kind, key), _finding(*columns)) for kind, key, *columns in rows]


def _finding(
    merchant_uid: str, verdict: str, payments: str, error: str | None, *columns: Any
) -> Finding:
    position, *of_order = columns
    return Finding(
        merchant_uid=merchant_uid,
        verdict=Verdict(verdict),
        order=None if position is None else of_columns(merchant_uid, *of_order),
        payments=_decode(payments),
        error=error,
    )


def figures(
    connection: Connection,
) -> tuple[Mapping[Verdict, int], Mapping[Verdict, Mapping[str, Decimal]], Mapping[str, Bridge]]:
    """How many findings each verdict has, their money by currency, and the bridges of it."""
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, dict[str, Decimal]] = {}
    ledger = Ledger()

    def add(verdict: Verdict, currency: str, amount: Decimal) -> None:
        of_verdict = amounts.setdefault(verdict, {})
        of_verdict[currency] = EXACT.add(of_verdict.get(currency, _ZERO), amount)

    matched = (Verdict.MATCHED.value, PaymentStatus.PAID.value)
    for currency, text, refunded in connection.execute(_PAID_AND_MATCHED, matched):
        amount = Decimal(text)
        counts[Verdict.MATCHED] += 1
        add(Verdict.MATCHED, currency, amount)
        ledger.add_paid(currency, amount, Decimal(refunded))
    for columns in connection.execute(_ALL, matched):
        finding = _finding(*columns)
        counts[finding.verdict] += 1
        ledger.add(finding)
        if finding.order is not None:
            add(finding.verdict, finding.order.currency, finding.order.amount)
        else:
            for payment in finding.payments:
                add(finding.verdict, payment.currency or "", payment.amount)
    return counts, amounts, ledger.bridges()


def unreadable(connection: Connection) -> int:
    """How many rows and payments could not be read."""
    ((count,),) = connection.execute(_UNREADABLE, [Verdict.NOT_CHECKED.value])
    return int(count)
