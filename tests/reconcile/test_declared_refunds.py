"""Test orders that declare a refunded amount."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.reconcile import Order, PaymentSnapshot, Store, Verdict, compare


def payment(status: str, cancel_amount: int = 0, amount: int = 20_000) -> PaymentSnapshot:
    return PaymentSnapshot(
        imp_uid="imp_1",
        merchant_uid="order-1",
        status=status,
        amount=Decimal(amount),
        cancel_amount=Decimal(cancel_amount),
        currency="KRW",
        sandbox=False,
    )


def order(refunded: int, status: str = "paid") -> Order:
    return Order("order-1", Decimal(20_000), status=status, cancelled_amount=Decimal(refunded))


@pytest.mark.parametrize(
    ("declared", "actual", "verdict"),
    [
        (order(5_000), payment("cancelled", 5_000), Verdict.MATCHED),
        (order(5_000, "cancelled"), payment("cancelled", 5_000), Verdict.MATCHED),
        (order(5_000), payment("cancelled", 7_000), Verdict.PARTIALLY_CANCELLED),
        (order(5_000), payment("cancelled", 3_000), Verdict.AMOUNT_DIFFERS),
        (order(5_000), payment("paid"), Verdict.AMOUNT_DIFFERS),
        (order(5_000), payment("cancelled", 20_000), Verdict.STATUS_DIFFERS),
        (order(5_000, "cancelled"), payment("cancelled", 20_000), Verdict.AMOUNT_DIFFERS),
        (order(5_000), payment("cancelled", 5_000, amount=21_000), Verdict.AMOUNT_DIFFERS),
        (order(0), payment("cancelled", 5_000), Verdict.PARTIALLY_CANCELLED),
        (order(20_000), payment("cancelled", 20_000), Verdict.MATCHED),
        (order(20_000, "cancelled"), payment("cancelled", 20_000), Verdict.MATCHED),
        (order(20_000), payment("cancelled", 19_000), Verdict.AMOUNT_DIFFERS),
        (order(20_000), payment("paid"), Verdict.STATUS_DIFFERS),
        (order(30_000), payment("cancelled", 20_000), Verdict.AMOUNT_DIFFERS),
    ],
)
def test_refund_must_agree_with_the_order(
    declared: Order, actual: PaymentSnapshot, verdict: Verdict
) -> None:
    assert compare(declared, [actual]).verdict is verdict


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from(["paid", "cancelled"]))
def test_declared_refund_matches_only_the_same_refund(
    declared: int, refunded: int, status: str
) -> None:
    verdict = compare(order(declared, status), [payment("cancelled", refunded)]).verdict

    assert (verdict is Verdict.MATCHED) == (declared == refunded)


def test_store_returns_the_refund_of_an_order() -> None:
    refunded = order(5_000)
    with Store.open(":memory:") as store:
        store.add_orders([refunded])
        (pending,) = store.pending_orders()
        store.record([compare(pending.order, [payment("cancelled", 5_000)])])
        (finding,) = store.findings()

    assert pending.order == refunded
    assert finding.order == refunded


def test_same_order_with_another_refund_is_a_contradiction() -> None:
    with Store.open(":memory:") as store:
        store.add_orders([order(5_000), order(6_000)])
        (finding,) = store.findings()

    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.error is not None
    assert "5000 refunded" in finding.error
    assert "6000 refunded" in finding.error
