"""Test that the SQL statement and ``compare`` find the same verdicts, order by order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async.models import UnreadablePayment
from portone_async.reconcile import (
    Finding,
    Order,
    PaymentSnapshot,
    Store,
    Summary,
    Verdict,
    compare,
)
from portone_async.reconcile.compare import status_rank
from tests.support.stored import ORDER, finding_of, orders, snapshot

SEOUL = timezone(timedelta(hours=9))
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

# Few values, so that orders and payments often agree.
uids = st.sampled_from(["order-1", "order-2", "주문 3", "order-4", "a\0b"])
statuses = st.sampled_from(["paid"] * 5 + ["cancelled", "ready", "failed", "pending", "held"])
currencies = st.sampled_from(["KRW", "KRW", "USD", "krw"])
amounts = st.sampled_from(
    [Decimal(1000)] * 4
    + [
        Decimal(text)
        for text in (
            "0",
            "0.00",
            "-0",
            "1000.00",
            "1E+3",
            "1000.5",
            "1000.50",
            "-1000",
            "1.0E+10",
            "1.0E+1",
            "100",
            "999999999",
            "1000000000",
            "1000000000.0",
            "123456789012345678901234",
        )
    ]
)
# No payment has an infinite amount, but an order from a caller may.
order_amounts = amounts | st.just(Decimal("Infinity"))
nothing_mostly = st.sampled_from([Decimal(0)] * 6) | amounts
times = st.sampled_from(
    [
        None,
        NOON,
        NOON + timedelta(microseconds=5),
        NOON.astimezone(SEOUL),
        NOON.replace(tzinfo=None),
        datetime(1, 1, 1, tzinfo=UTC),
    ]
)
some_orders = st.lists(
    st.builds(Order, uids, order_amounts, currencies, statuses, nothing_mostly),
    max_size=5,
    unique_by=lambda order: order.merchant_uid,
)
any_payment = st.builds(
    PaymentSnapshot,
    # One payment in several states, and even of several orders.
    imp_uid=st.sampled_from([f"imp_{number}" for number in range(9)]),
    merchant_uid=uids,
    status=statuses,
    amount=amounts,
    cancel_amount=nothing_mostly,
    currency=st.none() | currencies,
    sandbox=st.sampled_from([None, False, False, True]),
    paid_at=times,
    cancelled_at=times,
)
some_payments = st.lists(any_payment, max_size=8)


@st.composite
def paid_days(draw: st.DrawFn) -> tuple[list[Order], list[PaymentSnapshot]]:
    """Return orders, and payments that agree with them in all fields, or in all but a few."""
    orders = draw(some_orders)
    payments = draw(st.lists(any_payment, max_size=3))
    fields = st.sets(st.sampled_from(["status", "amount", "currency", "cancel_amount"]), max_size=1)
    for order in orders:
        if draw(st.integers(0, 9)):
            agreeing: dict[str, Any] = {
                "merchant_uid": order.merchant_uid,
                "status": "paid",
                "amount": draw(st.sampled_from([order.amount, order.amount]) | amounts),
                "currency": order.currency,
                "cancel_amount": Decimal(0),
            }
            for field in draw(fields):
                del agreeing[field]
            if not agreeing.get("amount", Decimal(0)).is_infinite():
                payments.append(replace(draw(any_payment), **agreeing))
    return orders, draw(st.permutations(payments))


def latest_states(payments: Iterable[PaymentSnapshot]) -> list[PaymentSnapshot]:
    """Return each payment in its latest state, as a store that merges them at once."""
    latest: dict[str, PaymentSnapshot] = {}
    for payment in payments:
        other = latest.get(payment.imp_uid)
        if other is None or state(payment) >= state(other):
            latest[payment.imp_uid] = payment
    return list(latest.values())


def state(payment: PaymentSnapshot) -> tuple[int, Decimal]:
    return status_rank(payment.status), payment.cancel_amount


def match_all(store: Store, limit: int = 10_000) -> int:
    """Match all orders; return the number of statements."""
    after, count = 0, 0
    while (orders := store.match(after=after, limit=limit)) is not None:
        after, count = orders.until, count + 1
    return count


def compare_pending(store: Store) -> None:
    pending = store.pending_orders(limit=100)
    store.record([compare(order.order, order.payments) for order in pending])


def figures(summary: Summary) -> tuple[Any, ...]:
    return summary.counts, summary.amounts, summary.bridge


@settings(max_examples=300)
@given(paid_days(), st.integers(0, 8), st.integers(1, 6))
@example(([ORDER], [snapshot()]), 0, 1)
@example(([ORDER], [snapshot(status="cancelled"), snapshot()]), 1, 1)
@example(([ORDER], [snapshot(), snapshot(merchant_uid="order-2")]), 1, 1)
def test_matched_by_sql_equals_compared_one_by_one(
    day: tuple[list[Order], list[PaymentSnapshot]], split: int, limit: int
) -> None:
    orders, payments = day
    latest = latest_states(payments)
    expected = [
        compare(order, [p for p in latest if p.merchant_uid == order.merchant_uid])
        for order in orders
    ]
    with Store.open(":memory:") as store, Store.open(":memory:") as plain:
        for either in (store, plain):
            either.record_slice("paid", payments[:split], position=1)
            either.add_orders(orders)
            either.record_slice("paid", payments[split:], position=None)
        match_all(store, limit)
        matched = list(store.findings())
        compare_pending(store)
        plain.record(expected)

        assert [finding for finding in matched if finding not in expected] == []
        assert list(store.findings()) == list(plain.findings()) == expected
        assert [repr(f.order) for f in store.findings()] == [repr(f.order) for f in expected]
        for verdict in Verdict:
            assert list(store.findings(verdict)) == list(plain.findings(verdict))
        assert store.progress() == plain.progress()
        assert store.payments_without_order() == plain.payments_without_order()
        if not any(order.amount.is_infinite() for order in orders):
            assert figures(store.summary()) == figures(plain.summary())


@given(some_payments, some_payments)
def test_payments_stored_after_a_look_up_are_merged_alike(
    first: list[PaymentSnapshot], second: list[PaymentSnapshot]
) -> None:
    with Store.open(":memory:") as store:
        store.record_slice("paid", first, position=1)
        store.payments_without_order()
        store.record_slice("paid", second, position=2)

        assert store.payments_without_order() == sorted(
            latest_states(first + second), key=lambda payment: payment.imp_uid
        )


def test_plain_orders_need_no_comparison(store: Store) -> None:
    plain = [
        Order("won", Decimal(1000)),
        Order("free", Decimal(0)),
        Order("cents", Decimal("10.50"), "USD"),
        Order("dollars", Decimal(10), "USD"),
        Order("large", Decimal(10**12)),
    ]
    paid = {"cents": "10.5", "dollars": "10.00", "large": "1000000000000.0"}
    store.add_orders(plain)
    payments = [
        snapshot(
            f"imp_{order.merchant_uid}",
            merchant_uid=order.merchant_uid,
            amount=Decimal(paid.get(order.merchant_uid, str(order.amount))),
            currency=order.currency,
            sandbox=sandbox,
        )
        for order, sandbox in zip(plain, (None, False, False, None, False), strict=True)
    ]
    store.record_slice("paid", payments, position=None)

    assert match_all(store) == 1
    assert store.pending_orders() == []
    findings = list(store.findings())
    assert findings == list(map(compare, plain, ([payment] for payment in payments)))
    assert [finding.verdict for finding in findings] == [Verdict.MATCHED] * 5
    assert store.summary().amounts[Verdict.MATCHED] == {
        "KRW": Decimal(1000 + 10**12),
        "USD": Decimal("20.50"),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"status": "pending"},
        {"sandbox": True},
        {"cancel_amount": Decimal(1)},
        {"amount": Decimal(999)},
        {"amount": Decimal("1000.5")},
        {"currency": "USD"},
        {"currency": None},
        {"merchant_uid": "order-2"},
    ],
    ids=lambda changes: next(iter(changes)) + "=" + str(next(iter(changes.values()))),
)
def test_order_that_is_not_plain_stays_pending(store: Store, changes: dict[str, Any]) -> None:
    store.add_orders([ORDER])
    store.record_slice("paid", [replace(snapshot(), **changes)], position=None)

    assert match_all(store) == 1
    assert [pending.order for pending in store.pending_orders()] == [ORDER]


@pytest.mark.parametrize(
    "order",
    [
        Order("order-1", Decimal(1000), status="cancelled"),
        Order("order-1", Decimal(1000), status="pending"),
        Order("order-1", Decimal(1000), cancelled_amount=Decimal(1)),
        Order("order-1", Decimal(1000), cancelled_amount=Decimal(1000)),
    ],
    ids=["cancelled", "pending", "partly refunded", "refunded"],
)
def test_order_that_is_not_simply_paid_stays_pending(store: Store, order: Order) -> None:
    store.add_orders([order])
    store.record_slice("paid", [snapshot()], position=None)

    assert match_all(store) == 1
    assert [pending.order for pending in store.pending_orders()] == [order]


@pytest.mark.parametrize(
    ("ordered", "charged"),
    [("-5", "-5"), ("1.0E+10", "1.0E+1"), ("1000000000", "10000000000"), ("1000.0", "100")],
)
def test_amount_that_is_not_plain_stays_pending(store: Store, ordered: str, charged: str) -> None:
    store.add_orders([Order("order-1", Decimal(ordered))])
    store.record_slice("paid", [snapshot(amount=Decimal(charged))], position=None)

    assert match_all(store) == 1
    assert len(store.pending_orders()) == 1


def test_order_to_be_confirmed_is_not_matched(store: Store) -> None:
    store.add_orders([ORDER])
    store.unconfirmed.add([(ORDER.merchant_uid, 1000.0)])
    store.record_slice("paid", [snapshot()], position=None)

    assert match_all(store) == 1
    assert list(store.findings()) == []
    assert store.unconfirmed.count() == 1


def test_order_with_a_second_payment_stays_pending(store: Store) -> None:
    store.add_orders([ORDER])
    payments = [snapshot(), snapshot("imp_2", "failed")]
    store.record_slice("paid", payments, position=None)

    assert match_all(store) == 1
    assert [pending.payments for pending in store.pending_orders()] == [tuple(payments)]


def test_order_with_an_unreadable_payment_stays_pending(store: Store) -> None:
    store.add_orders([ORDER])
    unreadable = UnreadablePayment(
        imp_uid="imp_2", merchant_uid=ORDER.merchant_uid, path="$.amount", reason="Expected `int`"
    )
    store.record_slice("paid", [snapshot()], position=None, unreadable=[unreadable])

    assert match_all(store) == 1
    assert len(store.pending_orders()) == 1


def test_order_with_a_finding_is_not_matched(store: Store) -> None:
    first, second = orders(2)
    store.add_orders([first, second, Order(second.merchant_uid, Decimal(7))])
    store.record([finding_of(first, Verdict.MISSING)])
    payments = [
        snapshot(f"imp_{order.amount}", merchant_uid=order.merchant_uid, amount=order.amount)
        for order in (first, second)
    ]
    store.record_slice("paid", payments, position=None)
    match_all(store)

    assert [f.verdict for f in store.findings()] == [Verdict.MISSING, Verdict.NOT_CHECKED]
    assert list(store.findings(Verdict.MATCHED)) == []


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_each_matched_order_is_in_one_range(store: Store, limit: int) -> None:
    everything = list(orders(50))
    store.add_orders(everything)
    store.record_slice("paid", list(payments_of(everything)), position=None)
    reported: list[Finding] = []
    after = 0
    while (matched := store.match(after=after, limit=limit)) is not None:
        reported += store.matched_findings(matched)
        after = matched.until

    assert [finding.order for finding in reported] == everything
    assert store.match(after=0) is None


def payments_of(orders: Sequence[Order]) -> Iterable[PaymentSnapshot]:
    for order in orders:
        uid = order.merchant_uid
        yield snapshot(f"imp_{uid}", merchant_uid=uid, amount=order.amount)


def test_recorded_finding_replaces_a_match(store: Store) -> None:
    store.add_orders([ORDER])
    store.record_slice("paid", [snapshot()], position=None)
    match_all(store)
    store.record([finding_of(ORDER, Verdict.MISSING)])

    assert [finding.verdict for finding in store.findings()] == [Verdict.MISSING]
    assert store.progress() == (1, 1)


def test_contradiction_replaces_a_match(store: Store) -> None:
    store.add_orders([ORDER])
    store.record_slice("paid", [snapshot()], position=None)
    match_all(store)
    store.add_orders([Order(ORDER.merchant_uid, Decimal(7))])

    assert [finding.verdict for finding in store.findings()] == [Verdict.NOT_CHECKED]


def test_match_stays_when_its_payment_changes(store: Store) -> None:
    store.add_orders([ORDER])
    store.record_slice("paid", [snapshot()], position=None)
    match_all(store)
    cancelled: dict[str, Any] = {
        "status": "cancelled",
        "cancel_amount": Decimal(1000),
        "cancelled_at": NOON,
    }
    store.record_readable(snapshot(**cancelled))

    assert list(store.findings()) == [finding_of(ORDER, payments=(snapshot(),))]


def test_payment_of_a_matched_order_keeps_its_state(store: Store) -> None:
    payment = snapshot("imp_1", paid_at=NOON)
    store.add_orders([ORDER])
    store.record_slice("paid", [payment], position=None)
    store.match()
    (finding,) = store.findings()

    later = replace(payment, status="cancelled", cancel_amount=payment.amount, cancelled_at=NOON)
    store.record_slice("cancelled", [later], position=None)

    assert finding == compare(ORDER, [payment])
    assert list(store.findings()) == [finding]
