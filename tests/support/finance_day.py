"""A shop's orders of a day, with every verdict: the examples of the guide for finance.

Their numbers stand in ``docs/*/reconciliation_for_finance.md`` and in its pictures.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from portone_async.reconcile.compare import compare
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Verdict

from .report_run import PERIOD, finding, snapshot

__all__ = ("example_day", "examples")

_START, _END = PERIOD


def examples() -> list[Finding]:
    """Return the findings of the guide's examples, in its order."""
    return [
        compare(_order("A-1001", 30000), [_payment("A-1001", 30000)]),
        compare(
            _order("A-1002", 50000, refunded=20000), [_payment("A-1002", 50000, cancelled=20000)]
        ),
        compare(
            _order("A-1003", 12000, refunded=12000), [_payment("A-1003", 12000, cancelled=12000)]
        ),
        compare(_order("A-1004", 45000), []),
        compare(_order("A-1005", 20000), [_payment("A-1005", 18000)]),
        compare(_order("A-1006", 30000, refunded=10000), [_payment("A-1006", 30000)]),
        compare(_order("A-1007", 130000), [_payment("A-1007", 100, currency="USD")]),
        compare(_order("A-1008", 70000), [_waiting("A-1008", 70000)]),
        compare(_order("A-1009", 25000), [_payment("A-1009", 25000, cancelled=25000)]),
        compare(_order("A-1010", 40000), [_payment("A-1010", 40000, cancelled=10000)]),
        compare(
            _order("A-1011", 15000),
            [_payment("A-1011", 15000), _payment("A-1011", 15000, attempt=2)],
        ),
        compare(_order("A-1012", 5000), [_payment("A-1012", 5000, is_test=True)]),
        compare(None, [_payment("A-0931", 22000, paid_at=_START + timedelta(minutes=3))]),
        finding(
            "A-1013",
            Verdict.NOT_CHECKED,
            _order("A-1013", 33000),
            error="RequestTimeoutError: PortOne did not answer within 10 s",
        ),
    ]


def example_day() -> list[Finding]:
    """Return the examples and 200 matched orders of 10,000 KRW."""
    others = [
        compare(
            _order(number, 10000),
            [_payment(number, 10000, paid_at=_START + timedelta(hours=8, minutes=4 * minute))],
        )
        for minute, number in enumerate(f"A-{number}" for number in range(2001, 2201))
    ]
    return [*others, *examples()]


def _order(number: str, amount: int, *, refunded: int = 0) -> Order:
    return Order(number, Decimal(amount), cancelled_amount=Decimal(refunded))


def _payment(
    number: str,
    amount: int,
    *,
    cancelled: int = 0,
    currency: str = "KRW",
    is_test: bool = False,
    attempt: int = 1,
    paid_at: datetime | None = None,
) -> PaymentSnapshot:
    """Return a payment that was charged; without a time, in the afternoon."""
    minutes = int(number[-2:]) * 11 + attempt
    return snapshot(
        number,
        str(amount),
        imp_uid=f"imp_88{attempt:06}{number[2:]}",
        status="cancelled" if cancelled else "paid",
        cancelled=str(cancelled),
        currency=currency,
        sandbox=is_test,
        paid_at=paid_at or _START + timedelta(hours=13, minutes=minutes),
    )


def _waiting(number: str, amount: int) -> PaymentSnapshot:
    """Return a virtual account without a deposit."""
    return snapshot(
        number, str(amount), imp_uid=f"imp_88000001{number[2:]}", status="ready", paid_at=None
    )
