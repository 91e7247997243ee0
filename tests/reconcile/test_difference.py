"""Test how much money a difference is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from portone_async.reconcile import Order, PaymentSnapshot, compare
from portone_async.reconcile._difference import difference

THEN = datetime(2026, 11, 1, tzinfo=UTC)


def payment(
    amount: str, currency: str = "KRW", status: str = "paid", n: int = 1
) -> PaymentSnapshot:
    return PaymentSnapshot(
        imp_uid=f"imp_{n}",
        merchant_uid="order-1",
        status=status,
        amount=Decimal(amount),
        currency=currency,
        paid_at=THEN if status == "paid" else None,
    )


def order(amount: str, currency: str = "KRW", status: str = "paid", refunded: str = "0") -> Order:
    return Order("order-1", Decimal(amount), currency, status, Decimal(refunded))


@pytest.mark.parametrize(
    ("expected", "payments", "money"),
    [
        pytest.param(order("1000"), [payment("1000")], 0, id="nothing differs"),
        pytest.param(order("1000"), [], 1000, id="missing"),
        pytest.param(order("1000", refunded="300"), [], 700, id="missing and partly refunded"),
        pytest.param(order("1000", status="cancelled"), [], 0, id="missing and not due"),
        pytest.param(order("1000"), [payment("999")], 1, id="charged less"),
        pytest.param(order("1000"), [payment("1002")], 2, id="charged more"),
        pytest.param(order("1000"), [payment("1000", status="ready")], 1000, id="unpaid"),
        pytest.param(order("10.00", "USD"), [payment("10.01", "USD")], 1, id="a cent"),
        pytest.param(order("1.5", "KWD"), [], 1500, id="three decimals"),
        pytest.param(order("7", "XYZ"), [], 7, id="unknown currency"),
        pytest.param(order("12.5", "USD"), [payment("100")], 1250, id="larger of two currencies"),
        pytest.param(order("1000"), [payment("1000"), payment("1000", n=2)], 1000, id="paid twice"),
        pytest.param(order("1e400"), [], float("inf"), id="too large for a float"),
    ],
)
def test_difference_is_the_money_that_does_not_agree(
    expected: Order, payments: list[PaymentSnapshot], money: float
) -> None:
    assert difference(compare(expected, payments)) == money
