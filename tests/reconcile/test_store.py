"""Test the orders and payments of a store."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.models import UnreadablePayment
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Verdict
from portone_async.reconcile.store import Store, StoreError
from portone_async.resources.payments._words import canonical
from tests.support.stored import ORDER, finding_of, orders, orphan, snapshot

# Round trips.

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
numbers = texts | st.sampled_from(
    ["'; DROP TABLE orders; --", '"', "주문-1", "🧾", "a\0b", "x" * 100_000, "../x?y#z", ""]
)
amounts = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("0.1"), Decimal("1000.00"), Decimal("1e20"), Decimal("123456789012345678901234.56")]
)
statuses = texts.filter(lambda word: canonical(word) in {None, word})
some_orders = st.lists(
    st.builds(Order, merchant_uid=numbers, amount=amounts, currency=texts, status=statuses),
    max_size=8,
    unique_by=lambda order: order.merchant_uid,
)


@given(some_orders)
def test_any_order_is_read_back_unchanged(orders: list[Order]) -> None:
    with Store.open(":memory:") as store:
        assert store.add_orders(orders) == len(orders)
        stored = [pending.order for pending in store.pending_orders()]

    assert stored == orders
    assert [str(order.amount) for order in stored] == [str(order.amount) for order in orders]


@given(
    st.lists(
        st.builds(
            PaymentSnapshot,
            imp_uid=numbers,
            merchant_uid=numbers,
            status=texts,
            amount=amounts,
            cancel_amount=amounts,
            currency=st.none() | texts,
            sandbox=st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda payment: payment.imp_uid,
    ),
    texts,
    st.none() | texts,
)
def test_any_finding_is_read_back_unchanged(
    payments: list[PaymentSnapshot], number: str, error: str | None
) -> None:
    order = Order(number, Decimal("1.50"), "USD", "cancelled")
    findings = [
        finding_of(order, Verdict.NOT_CHECKED, payments=tuple(payments), error=error),
        *sorted((orphan(payment) for payment in payments), key=lambda f: f.payments[0].imp_uid),
        Finding(merchant_uid=number, verdict=Verdict.NOT_CHECKED, error="line 1: " + (error or "")),
    ]
    with Store.open(":memory:") as store:
        store.add_orders([order])
        store.record(reversed(findings))

        assert list(store.findings()) == findings


def test_half_a_surrogate_pair_raises_and_rolls_back(store: Store) -> None:
    with pytest.raises(StoreError, match="not Unicode"):
        store.add_orders([ORDER, Order("\ud800", Decimal(1))])

    assert store.progress() == (0, 0)


# Orders.


def test_orders_added_again_are_not_new(store: Store) -> None:
    assert store.add_orders(orders(20_000)) == 20_000
    assert store.add_orders(orders(20_001)) == 1
    assert store.progress() == (0, 20_001)


def test_equal_amount_in_another_notation_is_not_a_contradiction(store: Store) -> None:
    store.add_orders([ORDER, Order("order-1", Decimal("1000.00"))])

    assert store.progress() == (0, 1)


@pytest.mark.parametrize("is_one_batch", [True, False], ids=["in one batch", "later"])
@pytest.mark.parametrize(
    ("other", "description"),
    [
        pytest.param(Order("order-1", Decimal(1)), "1 KRW paid", id="amount"),
        pytest.param(Order("order-1", Decimal(1000), "USD"), "1000 USD paid", id="currency"),
        pytest.param(
            Order("order-1", Decimal(1000), "KRW", "failed"), "1000 KRW failed", id="status"
        ),
    ],
)
def test_contradicted_order_stays_not_checked(
    store: Store, other: Order, description: str, is_one_batch: bool
) -> None:
    for batch in [[ORDER, other]] if is_one_batch else [[ORDER], [other]]:
        store.add_orders(batch)
    error = f"the order number appears twice: 1000 KRW paid, and {description}"
    expected = [finding_of(ORDER, Verdict.NOT_CHECKED, error=error)]

    assert list(store.findings()) == expected
    assert not store.pending_orders()

    # Neither the same input again, nor a finding, nor a second check undoes that.
    store.add_orders([ORDER, other, Order("order-1", Decimal(7))])
    store.record([finding_of(ORDER)])
    assert store.delete_not_checked() == 0
    assert list(store.findings()) == expected


def test_contradiction_replaces_a_finding(store: Store) -> None:
    store.add_orders([ORDER])
    store.record([finding_of(ORDER)])
    store.add_orders([Order("order-1", Decimal(7))])

    assert [finding.verdict for finding in store.findings()] == [Verdict.NOT_CHECKED]


def all_pending(store: Store, limit: int) -> Iterable[Order]:
    after = 0
    while batch := store.pending_orders(after=after, limit=limit):
        assert len(batch) <= limit
        yield from (pending.order for pending in batch)
        after = batch[-1].position


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pending_orders_are_read_once_in_input_sequence(store: Store, limit: int) -> None:
    expected = list(orders(50))[::-1]
    store.add_orders(expected)
    store.record(finding_of(order) for order in expected[::3])
    del expected[::3]

    assert list(all_pending(store, limit)) == expected
    assert store.progress() == (17, 50)


def test_pending_order_has_exactly_its_own_payments(store: Store) -> None:
    first, second, third = orders(3)
    store.add_orders([first, second, third])
    of_first = [snapshot(uid, merchant_uid=first.merchant_uid) for uid in ("imp_a", "imp_b")]
    of_third = snapshot("imp_c", merchant_uid=third.merchant_uid)
    store.record_slice(
        "paid", [of_third, *of_first, snapshot("imp_d", merchant_uid="else")], position=1
    )

    assert [(pending.order, pending.payments) for pending in store.pending_orders()] == [
        (first, tuple(of_first)),
        (second, ()),
        (third, (of_third,)),
    ]


# Payments.


def test_slice_and_position_are_stored_together(store: Store) -> None:
    store.record_slice("paid", [snapshot("imp_1")], position=100)
    store.record_slice("paid", [], position=300)

    assert store.position("paid") == 300
    assert store.position("cancelled") is None
    assert not store.is_done("paid")

    store.record_slice("paid", [snapshot("imp_2")], position=None)

    assert store.is_done("paid")
    assert not store.is_done("cancelled")


@pytest.mark.parametrize(
    ("first", "second", "stored"),
    [
        ("paid", "cancelled", "cancelled"),
        ("cancelled", "paid", "cancelled"),
        ("failed", "paid", "paid"),
        ("paid", "failed", "paid"),
        ("ready", "pending", "pending"),
        ("paid", "ready", "paid"),
    ],
)
def test_later_state_of_a_payment_is_stored(
    store: Store, first: str, second: str, stored: str
) -> None:
    for status in (first, second):
        store.record_slice("window", [snapshot("imp_1", status)], position=1)

    assert [payment.status for payment in store.payments_without_order()] == [stored]


@pytest.mark.parametrize("refunds", [(100, 300), (300, 100), (100, 20, 300), (300, 20)])
def test_larger_cancel_amount_of_a_payment_is_stored(
    store: Store, refunds: tuple[int, ...]
) -> None:
    for amount in refunds:
        store.record_slice(
            "w", [snapshot("imp_1", "cancelled", cancel_amount=Decimal(amount))], position=1
        )

    assert [s.cancel_amount for s in store.payments_without_order()] == [Decimal(300)]


def test_last_of_equal_states_in_a_slice_is_stored(store: Store) -> None:
    usd, krw = (snapshot("imp_1", currency=currency) for currency in ("USD", "KRW"))
    store.record_slice("window", [usd, krw, snapshot("imp_2"), snapshot("imp_3")], position=1)

    first, *_ = store.payments_without_order()
    assert first.currency == "KRW"


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_payments_without_order_are_read_once(store: Store, limit: int) -> None:
    store.add_orders([ORDER])
    others = [snapshot(f"imp_{letter}", merchant_uid="stranger") for letter in "abcdef"]
    store.record_slice("paid", [*others[::-1], snapshot("imp_ours")], position=1)
    store.record([orphan(others[2])])
    del others[2]
    read: list[PaymentSnapshot] = []
    while batch := store.payments_without_order(
        after=read[-1].imp_uid if read else "", limit=limit
    ):
        assert len(batch) <= limit
        read += batch

    assert read == others


@pytest.mark.parametrize("merchant_uid", [None, "stranger"])
def test_unreadable_payment_without_an_id_is_read_once(
    store: Store, merchant_uid: str | None
) -> None:
    unreadable = UnreadablePayment(
        imp_uid=None, merchant_uid=merchant_uid, path="$.imp_uid", reason="Expected `str`"
    )
    for status in ("paid", "cancelled"):
        store.record_slice(status, [], position=1, unreadable=[unreadable])

    assert store.unreadable_without_order() == [unreadable]
    store.record_unreadable(unreadable, str(unreadable))
    assert store.unreadable_without_order() == []


def test_unreadable_payment_with_a_finding_is_not_read_again(store: Store) -> None:
    unreadable = UnreadablePayment(
        imp_uid="imp_1", merchant_uid="stranger", path="$.amount", reason="Expected `decimal`"
    )
    store.record_slice("paid", [], position=1, unreadable=[unreadable])
    store.record_unreadable(unreadable, "503")

    assert store.unreadable_without_order() == []
    store.delete_not_checked()
    assert store.unreadable_without_order() == [unreadable]
