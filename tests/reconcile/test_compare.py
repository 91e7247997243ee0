"""Test the comparison of an order with its payments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async import Payment, PaymentStatus
from portone_async.reconcile.compare import compare
from portone_async.reconcile.finding import Order, PaymentSnapshot, Verdict

THEN = datetime(2026, 11, 1, tzinfo=UTC)
ORDER = Order("order-1", Decimal(1000))


def snapshot(status: str = "paid", **changes: Any) -> PaymentSnapshot:
    """Return a payment of ``ORDER``, in a live channel."""
    fields: dict[str, Any] = {
        "imp_uid": "imp_1",
        "merchant_uid": "order-1",
        "amount": Decimal(1000),
        "cancel_amount": Decimal(1000 if status == "cancelled" else 0),
        "currency": "KRW",
        "sandbox": False,
        "paid_at": THEN if status in {"paid", "cancelled"} else None,
        "cancelled_at": THEN if status == "cancelled" else None,
    }
    return PaymentSnapshot(status=status, **(fields | changes))


def expecting(status: str) -> Order:
    return replace(ORDER, status=status)


statuses = st.sampled_from(["ready", "paid", "failed", "cancelled", "pending", "held"])
money = st.decimals(0, 10**9, places=2)
charges = st.decimals("0.01", 10**9, places=2)
currencies = st.sampled_from(["KRW", "USD"])
times = st.none() | st.integers(0, 10**6).map(lambda seconds: THEN + timedelta(seconds=seconds))

orders = st.builds(
    Order, merchant_uid=st.just("order-1"), amount=money, currency=currencies, status=statuses
)
snapshots = st.builds(
    PaymentSnapshot,
    imp_uid=st.sampled_from(["imp_1", "imp_2", "imp_3", "imp_4"]),
    merchant_uid=st.just("order-1"),
    status=statuses,
    # Few amounts, so that some agree.
    amount=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000)]),
    cancel_amount=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000), Decimal(1500)]),
    currency=currencies | st.none(),
    sandbox=st.sampled_from([True, False, None]),
    paid_at=times,
    cancelled_at=times,
)
payment_lists = st.lists(snapshots, max_size=5)
near_orders = st.builds(
    Order,
    merchant_uid=st.just("order-1"),
    amount=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000)]),
    currency=currencies,
    status=statuses,
)


@st.composite
def matched_pairs(draw: st.DrawFn) -> tuple[Order, PaymentSnapshot]:
    amount, currency, status = draw(charges), draw(currencies), draw(statuses)
    order = Order("order-1", amount, currency, status)
    payment = snapshot(
        status,
        amount=amount,
        cancel_amount=amount if status == "cancelled" else Decimal(0),
        currency=currency,
        sandbox=draw(st.sampled_from([False, None])),
    )
    return order, payment


def test_cancel_amount_defaults_to_zero() -> None:
    payment = PaymentSnapshot(
        imp_uid="imp_1",
        merchant_uid="order-1",
        status="paid",
        amount=Decimal(1000),
        currency="KRW",
        sandbox=False,
    )

    assert compare(ORDER, [payment]).verdict is Verdict.MATCHED


@given(near_orders | st.none(), payment_lists)
def test_every_input_gets_a_fitting_verdict(
    order: Order | None, payments: list[PaymentSnapshot]
) -> None:
    verdict = compare(order, payments).verdict

    assert verdict is not Verdict.NOT_CHECKED
    if order is None:
        assert verdict in {Verdict.ORPHAN, Verdict.MATCHED}
    else:
        assert verdict is not Verdict.ORPHAN
        assert (verdict is Verdict.MISSING) == (not payments)


@given(near_orders | st.none(), payment_lists, st.randoms())
def test_sequence_of_payments_does_not_matter(
    order: Order | None, payments: list[PaymentSnapshot], random: Any
) -> None:
    shuffled = random.sample(payments, len(payments))

    assert compare(order, shuffled) == compare(order, payments)


@given(near_orders | st.none(), payment_lists)
def test_repeated_payments_change_nothing(
    order: Order | None, payments: list[PaymentSnapshot]
) -> None:
    assert compare(order, payments * 2) == compare(order, payments)


@given(matched_pairs())
def test_order_with_an_equal_payment_is_matched(pair: tuple[Order, PaymentSnapshot]) -> None:
    order, payment = pair
    finding = compare(order, [payment])

    assert finding.verdict is Verdict.MATCHED
    assert finding.merchant_uid == "order-1"
    assert finding.order == order
    assert finding.payments == (payment,)


@given(
    matched_pairs(),
    st.tuples(st.just("amount"), money)
    | st.tuples(st.just("currency"), st.sampled_from(["KRW", "USD", "JPY", "krw", None]))
    | st.tuples(st.just("status"), statuses)
    | st.tuples(st.just("cancel_amount"), money)
    | st.tuples(st.just("sandbox"), st.just(True)),
)
def test_change_of_any_payment_field_ends_the_match(
    pair: tuple[Order, PaymentSnapshot], change: tuple[str, Any]
) -> None:
    order, payment = pair
    name, value = change
    verdict = compare(order, [replace(payment, **{name: value})]).verdict

    assert (verdict is Verdict.MATCHED) == (getattr(payment, name) == value)


@given(
    matched_pairs(),
    st.sampled_from(["status", "amount", "currency"]),
    st.data(),
)
def test_change_of_any_order_field_ends_the_match(
    pair: tuple[Order, PaymentSnapshot], name: str, data: st.DataObject
) -> None:
    order, payment = pair
    other = data.draw({"status": statuses, "amount": money, "currency": currencies}[name])
    verdict = compare(replace(order, **{name: other}), [payment]).verdict

    assert (verdict is Verdict.MATCHED) == (getattr(order, name) == other)


@given(matched_pairs(), st.lists(snapshots, max_size=4))
def test_failed_and_abandoned_attempts_do_not_affect_a_match(
    pair: tuple[Order, PaymentSnapshot], attempts: list[PaymentSnapshot]
) -> None:
    order, payment = pair
    moneyless = [
        replace(other, imp_uid=f"{status}_{index}", status=status)
        for index, other in enumerate(attempts)
        for status in ("failed", "ready")
    ]

    assert compare(order, [payment, *moneyless]).verdict is Verdict.MATCHED


@given(matched_pairs(), snapshots)
def test_test_payments_do_not_affect_a_match(
    pair: tuple[Order, PaymentSnapshot], other: PaymentSnapshot
) -> None:
    order, payment = pair
    test = replace(other, imp_uid="test_1", sandbox=True)

    assert compare(order, [payment, test]).verdict is Verdict.MATCHED


@given(orders, payment_lists, money, currencies)
def test_second_net_payment_is_always_paid_twice(
    order: Order, others: list[PaymentSnapshot], amount: Decimal, currency: str
) -> None:
    twice = [
        snapshot(imp_uid="one"),
        snapshot(imp_uid="two", amount=amount, currency=currency, sandbox=None),
    ]

    assert compare(order, [*others, *twice]).verdict is Verdict.PAID_TWICE


@given(matched_pairs(), st.integers(0, 6))
def test_decimal_scale_is_not_a_difference(pair: tuple[Order, PaymentSnapshot], scale: int) -> None:
    order, payment = pair
    padded = Decimal(f"{order.amount:f}" + "0" * scale)

    assert compare(replace(order, amount=padded), [payment]).verdict is Verdict.MATCHED


def case(verdict: Verdict, order: Order | None, *payments: PaymentSnapshot, name: str) -> Any:
    return pytest.param(order, payments, verdict, id=name)


ZERO = Decimal(0)
CENT = Decimal("0.01")
PART = Decimal(300)
OTHER = Decimal(900)
FULL = Decimal(1000)


@pytest.mark.parametrize(
    ("order", "payments", "verdict"),
    [
        case(Verdict.MISSING, ORDER, name="no payment"),
        case(Verdict.MISSING, expecting("ready"), name="no payment of an unpaid order"),
        case(Verdict.STATUS_DIFFERS, ORDER, snapshot("failed"), name="only a failed payment"),
        case(Verdict.STATUS_DIFFERS, ORDER, snapshot("held"), name="unknown status"),
        case(
            Verdict.STATUS_DIFFERS, ORDER, snapshot("cancelled"), name="paid order fully cancelled"
        ),
        case(
            Verdict.STATUS_DIFFERS, expecting("cancelled"), snapshot(), name="cancelled order paid"
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("cancelled"),
            snapshot(),
            snapshot("cancelled", imp_uid="imp_2"),
            name="cancelled order cancelled and paid again",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("failed"),
            snapshot("failed"),
            snapshot(imp_uid="imp_2"),
            name="failed order paid later",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("cancelled"),
            snapshot("cancelled", cancel_amount=ZERO),
            name="status cancelled, nothing cancelled",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            ORDER,
            snapshot(cancel_amount=FULL),
            name="status paid, everything cancelled",
        ),
        case(
            Verdict.MATCHED,
            expecting("cancelled"),
            snapshot("cancelled", cancel_amount=ZERO, paid_at=None),
            name="cancelled before it was paid",
        ),
        case(
            Verdict.MATCHED,
            ORDER,
            snapshot("cancelled"),
            snapshot(imp_uid="imp_2"),
            name="paid order cancelled and paid again",
        ),
        case(
            Verdict.MATCHED,
            ORDER,
            snapshot(),
            snapshot("pending", imp_uid="imp_2"),
            name="paid, another under review",
        ),
        case(
            Verdict.MATCHED,
            expecting("cancelled"),
            snapshot("cancelled", amount=OTHER, cancel_amount=OTHER),
            snapshot("cancelled", imp_uid="imp_2"),
            name="nearest of two cancelled payments",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            expecting("cancelled"),
            snapshot("cancelled", amount=OTHER, cancel_amount=OTHER),
            snapshot("cancelled", imp_uid="imp_2", currency="USD"),
            name="an amount is nearer than a currency",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            ORDER,
            snapshot("cancelled", cancel_amount=PART),
            name="paid order partially cancelled",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            expecting("cancelled"),
            snapshot("cancelled", cancel_amount=PART),
            name="cancelled order partially cancelled",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("ready"),
            snapshot("cancelled", cancel_amount=PART),
            name="unpaid order partially cancelled",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            ORDER,
            snapshot("cancelled", amount=OTHER, cancel_amount=PART),
            name="another amount, partially cancelled",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            expecting("cancelled"),
            snapshot("cancelled", cancel_amount=Decimal(1100)),
            name="more cancelled than charged",
        ),
        case(
            Verdict.CURRENCY_DIFFERS,
            ORDER,
            snapshot(amount=OTHER, currency="USD"),
            name="currency before amount",
        ),
        case(Verdict.CURRENCY_DIFFERS, ORDER, snapshot(currency=None), name="currency unknown"),
        case(Verdict.MATCHED, ORDER, snapshot(sandbox=None), name="channel unknown"),
        case(Verdict.TEST_PAYMENT, ORDER, snapshot(sandbox=True), name="only a test payment"),
        case(
            Verdict.TEST_PAYMENT,
            ORDER,
            snapshot(sandbox=True, amount=OTHER),
            snapshot("failed", imp_uid="imp_2"),
            name="a test payment and a failed payment",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            ORDER,
            snapshot(sandbox=True),
            snapshot(imp_uid="imp_2", amount=OTHER),
            name="a test payment does not hide another amount",
        ),
        case(
            Verdict.PAID_TWICE,
            ORDER,
            snapshot("cancelled", cancel_amount=PART),
            snapshot(imp_uid="imp_2"),
            name="partially cancelled and paid again",
        ),
        case(
            Verdict.PAID_TWICE,
            ORDER,
            snapshot("held", paid_at=THEN),
            snapshot(imp_uid="imp_2"),
            name="unknown status, charged",
        ),
        case(
            Verdict.MATCHED,
            expecting("cancelled"),
            snapshot(),
            snapshot("cancelled"),
            name="one payment in two states",
        ),
        case(
            Verdict.MATCHED,
            ORDER,
            snapshot("failed"),
            snapshot(),
            name="a failed payment may be paid later",
        ),
        case(
            Verdict.MATCHED,
            replace(ORDER, amount=Decimal(0)),
            snapshot(amount=Decimal(0)),
            name="amount zero",
        ),
        case(
            Verdict.MATCHED,
            Order("order-1", Decimal(0), "KRW", "cancelled"),
            snapshot("cancelled", amount=Decimal(0), cancel_amount=Decimal(0)),
            name="amount zero, cancelled",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            ORDER,
            snapshot("cancelled", cancel_amount=PART, paid_at=None),
            name="partially cancelled, paid_at unknown",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            ORDER,
            snapshot("cancelled", cancel_amount=CENT, paid_at=None),
            name="one cent cancelled",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            ORDER,
            snapshot(amount=CENT, cancel_amount=CENT),
            name="one cent fully cancelled",
        ),
        case(
            Verdict.PAID_TWICE,
            ORDER,
            snapshot(paid_at=None),
            snapshot(imp_uid="imp_2", paid_at=None),
            name="paid twice, paid_at unknown",
        ),
        case(Verdict.ORPHAN, None, snapshot(), name="paid without an order"),
        case(
            Verdict.ORPHAN,
            None,
            snapshot("cancelled", cancel_amount=PART),
            name="partially cancelled without an order",
        ),
        case(Verdict.ORPHAN, None, snapshot("pending"), name="under review without an order"),
        case(Verdict.ORPHAN, None, snapshot(sandbox=None), name="channel unknown without an order"),
        case(
            Verdict.ORPHAN,
            None,
            snapshot("failed"),
            snapshot(imp_uid="imp_2"),
            name="failed and paid without an order",
        ),
        case(Verdict.MATCHED, None, snapshot("cancelled"), name="cancelled without an order"),
        case(
            Verdict.MATCHED,
            None,
            snapshot("held", cancel_amount=FULL),
            name="unknown status, cancelled without an order",
        ),
        case(
            Verdict.MATCHED,
            None,
            snapshot("cancelled", cancel_amount=ZERO, paid_at=None),
            name="cancelled before payment without an order",
        ),
        case(Verdict.MATCHED, None, snapshot("ready"), name="unpaid without an order"),
        case(Verdict.MATCHED, None, snapshot(sandbox=True), name="a test payment without an order"),
        case(Verdict.MATCHED, None, name="no order and no payment"),
    ],
)
def test_case_gets_its_verdict(
    order: Order | None, payments: tuple[PaymentSnapshot, ...], verdict: Verdict
) -> None:
    assert compare(order, payments).verdict is verdict


@pytest.mark.parametrize(
    ("earlier", "later"), [*combinations(["ready", "pending", "failed", "paid", "cancelled"], 2)]
)
def test_later_state_of_a_payment_wins(earlier: str, later: str) -> None:
    before = snapshot(earlier, cancel_amount=Decimal(2000))
    after = snapshot(later, cancel_amount=Decimal(0))

    assert compare(ORDER, [before, after]).payments == (after,)
    assert compare(ORDER, [after, before]).payments == (after,)


def test_larger_cancel_amount_in_one_state_wins() -> None:
    less, more = (snapshot("cancelled", cancel_amount=Decimal(amount)) for amount in (200, 1000))

    assert compare(ORDER, [less, more]).payments == (more,)
    assert compare(ORDER, [more, less]).payments == (more,)


def test_newest_payment_comes_first() -> None:
    old = snapshot("cancelled", imp_uid="a", cancelled_at=THEN + timedelta(days=1))
    new = snapshot(imp_uid="b", paid_at=THEN + timedelta(days=2))
    failed = snapshot("failed", imp_uid="c")

    assert compare(ORDER, [failed, old, new]).payments == (new, old, failed)


def test_newest_payment_has_the_latest_event() -> None:
    days = [THEN + timedelta(days=day) for day in range(4)]
    first = snapshot("cancelled", imp_uid="b", paid_at=days[0], cancelled_at=days[3])
    second = snapshot("cancelled", imp_uid="a", paid_at=days[1], cancelled_at=days[2])

    assert compare(ORDER, [second, first]).payments == (first, second)


def test_snapshot_copies_every_field_of_the_payment() -> None:
    payment = Payment(
        imp_uid="imp_1",
        merchant_uid="order-1",
        status=PaymentStatus.CANCELLED,
        amount=Decimal(10),
        cancel_amount=Decimal(4),
        currency="USD",
        sandbox=False,
        paid_at=THEN,
        cancelled_at=THEN + timedelta(days=1),
    )
    snapshot = PaymentSnapshot.of(payment)

    for name in PaymentSnapshot.__struct_fields__:
        assert getattr(snapshot, name) == getattr(payment, name)
    # A plain string, for the store and for JSON.
    assert type(snapshot.status) is str


def test_payment_cancelled_beyond_its_amount_is_no_orphan() -> None:
    payment = snapshot("cancelled", cancel_amount=Decimal(1500))

    assert compare(None, [payment]).verdict is Verdict.MATCHED


def test_orphan_has_the_order_number_of_its_payment() -> None:
    finding = compare(None, [snapshot(merchant_uid="unheard-of")])

    assert finding.merchant_uid == "unheard-of"
    assert finding.order is None
    assert compare(None, []).merchant_uid == ""
