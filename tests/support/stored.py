"""Orders, payments and findings for the tests of the store, and its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from portone_async.reconcile import Finding, Order, PaymentSnapshot, Verdict

ORDER = Order("order-1", Decimal(1000))


def orders(count: int) -> Iterator[Order]:
    return (Order(f"order-{number:06}", Decimal(number)) for number in range(count))


def snapshot(imp_uid: str = "imp_1", status: str = "paid", **changes: Any) -> PaymentSnapshot:
    fields: dict[str, Any] = {"merchant_uid": "order-1", "amount": Decimal(1000), "currency": "KRW"}
    return PaymentSnapshot(imp_uid=imp_uid, status=status, **(fields | changes))


def finding_of(order: Order, verdict: Verdict = Verdict.MATCHED, **rest: Any) -> Finding:
    return Finding(merchant_uid=order.merchant_uid, verdict=verdict, order=order, **rest)


def orphan(payment: PaymentSnapshot) -> Finding:
    return Finding(merchant_uid=payment.merchant_uid, verdict=Verdict.ORPHAN, payments=(payment,))


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table except ``run``, in a stable sequence."""
    connection = sqlite3.connect(path)
    try:
        tables = "orders", "payments", "matched", "unconfirmed", "findings", "positions", "steps"
        return {name: sorted(connection.execute(f"SELECT * FROM {name}")) for name in tables}
    finally:
        connection.close()
