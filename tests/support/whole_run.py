"""A run of a store from its first order to its last finding, which can be resumed at any point.

``python -m tests.support.whole_run FILE COUNT`` runs it in a process that kills itself at a count.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from portone_async.reconcile._difference import difference
from portone_async.reconcile._store.unconfirmed import UnconfirmedOrder
from portone_async.reconcile.compare import compare
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Refund, Verdict
from portone_async.reconcile.store import Store

THEN = datetime(2026, 11, 1, tzinfo=UTC)
ORDERS = [
    Order(
        f"주문-{number}", Decimal(1000 + number), status="cancelled" if number % 9 == 0 else "paid"
    )
    for number in range(200)
]
# Two contradict earlier orders, one is equal to an earlier one.
REPEATED_ORDERS = [
    Order(ORDERS[7].merchant_uid, Decimal(1)),
    ORDERS[8],
    Order(ORDERS[9].merchant_uid, ORDERS[9].amount, "USD"),
]
# Some in two parts; more than the order's amount; in another currency; without an order.
REFUNDS = [
    *(Refund(f"주문-{number}", Decimal(100), "KRW", f"orders.csv:{number}") for number in range(9)),
    *(Refund(f"주문-{number}", Decimal(50), "KRW", f"orders.csv:1{number}") for number in range(5)),
    Refund("주문-20", Decimal(10**6), "KRW", "orders.csv:20"),
    Refund("주문-21", Decimal(100), "USD", "orders.csv:21"),
    Refund("주문-none", Decimal(100), "KRW", "orders.csv:22"),
]
BAD_ROWS = [
    Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error=f"orders.csv:{line}: no amount")
    for line in (3, 5)
]
STEPS = ("paid 2026-11-01", "cancelled 2026-11-01")


def payments_of(step: str, page: int) -> Iterator[PaymentSnapshot]:
    """Yield the payments on a page: other amounts, second payments, and orphans among them."""
    status = step.split(maxsplit=1)[0]
    # Some paid payments were cancelled, and are listed in both states.
    for number in range(page * 25, page * 25 + 25, 5 if status == "cancelled" else 1):
        amount = Decimal(1000 + number + (number % 10 == 0))
        yield PaymentSnapshot(
            imp_uid=f"imp_{status if number % 3 == 0 else 'any'}_{number}",
            merchant_uid=f"주문-{number + 20 * (number % 7 == 0)}",
            status=status,
            amount=amount,
            cancel_amount=amount if status == "cancelled" else Decimal(0),
            currency="KRW",
            sandbox=number % 17 == 0,
            paid_at=THEN,
        )


def run(path: Path) -> None:
    """Start or resume the run, and finish it."""
    with Store.open(path) as store:
        if not store.is_done("orders"):
            everything: list[Order | Refund] = [
                *REFUNDS[::2],
                *ORDERS,
                *REPEATED_ORDERS,
                *REFUNDS[1::2],
            ]
            for start in range(0, len(everything), 40):
                store.add_orders(everything[start : start + 40])
            store.record(BAD_ROWS)
            store.record_slice("orders", [], position=None)
        while store.apply_refunds(limit=2) is not None:
            pass
        for step in STEPS:
            for page in range(store.position(step) or 0, 8):
                if not store.is_done(step):
                    position = page + 1 if page < 7 else None
                    store.record_slice(step, [*payments_of(step, page)], position=position)
            assert store.is_done(step)
        after: int | None = 0
        while after is not None:
            matched = store.match(after=after, limit=30)
            after = None if matched is None else matched.until
        while orders := store.pending_orders(limit=30):
            findings = [compare(pending.order, pending.payments) for pending in orders]
            agreeing = [each for each in findings if each.verdict is Verdict.MATCHED]
            differing = [each for each in findings if each.verdict is not Verdict.MATCHED]
            store.record(agreeing)
            store.unconfirmed.add((each.merchant_uid, difference(each)) for each in differing)
        last: UnconfirmedOrder | None = None
        while page_of_orders := store.unconfirmed.page(after=last):
            last = page_of_orders[-1]
            store.record([compare(each.pending.order, ()) for each in page_of_orders])
        while payments := store.payments_without_order(limit=5):
            store.record([compare(None, [payment]) for payment in payments])
        store.add_usage(requests=1)


@contextmanager
def counted(count: Callable[[], None]) -> Generator[None]:
    """Call ``count`` at every tenth instruction of SQLite's virtual machine."""
    connect = sqlite3.connect

    def tick() -> int:
        count()
        return 0

    def watched(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_progress_handler(tick, 10)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]  # sqlite3 offers no hook for new connections
    try:
        yield
    finally:
        sqlite3.connect = connect


@contextmanager
def killed_at(last: int) -> Generator[None]:
    """Kill this process at a count of the calls of :func:`counted`."""
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with counted(count):
        yield


def run_until(path: Path, last: int) -> None:
    """Run, and kill this process at a count."""
    with killed_at(last):
        run(path)


if __name__ == "__main__":
    run_until(Path(sys.argv[1]), int(sys.argv[2]))
