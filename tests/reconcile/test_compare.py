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


def seen(status: str = "paid", **changes: Any) -> PaymentSnapshot:
    """A payment of ``ORDER``, in a live channel."""
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


words = st.sampled_from(["ready", "paid", "failed", "cancelled", "pending", "held"])
money = st.decimals(0, 10**9, places=2)
charges = st.decimals("0.01", 10**9, places=2)
currencies = st.sampled_from(["KRW", "USD"])
times = st.none() | st.integers(0, 10**6).map(lambda seconds: THEN + timedelta(seconds=seconds))

orders = st.builds(
    Order, merchant_uid=st.just("order-1"), amount=money, currency=currencies, status=words
)
sightings = st.builds(
    PaymentSnapshot,
    imp_uid=st.sampled_from(["imp_1", "imp_2", "imp_3", "imp_4"]),
    merchant_uid=st.just("order-1"),
    status=words,
    # Few amounts, so that some agree.
    amount=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000)]),
    cancel_amount=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000), Decimal(1500)]),
    currency=currencies | st.none(),
    sandbox=st.sampled_from([True, False, None]),
    paid_at=times,
    cancelled_at=times,
)
some_sightings = st.lists(sightings, max_size=5)
near_orders = st.builds(
    Order,
    merchant_uid=st.just("order-1"),
    amount=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000)]),
    currency=currencies,
    status=words,
)


@st.composite
def matched_pairs(draw: st.DrawFn) -> tuple[Order, PaymentSnapshot]:
    amount, currency, status = draw(charges), draw(currencies), draw(words)
    order = Order("order-1", amount, currency, status)
    payment = seen(
        status,
        amount=amount,
        cancel_amount=amount if status == "cancelled" else Decimal(0),
        currency=currency,
        sandbox=draw(st.sampled_from([False, None])),
    )
    return order, payment


def test_of_a_payment_that_says_nothing_of_cancellations_nothing_was_given_back() -> None:
    payment = PaymentSnapshot(
        imp_uid="imp_1",
        merchant_uid="order-1",
        status="paid",
        amount=Decimal(1000),
        currency="KRW",
        sandbox=False,
    )

    assert compare(ORDER, [payment]).verdict is Verdict.MATCHED


@given(near_orders | st.none(), some_sightings)
def test_every_input_gets_a_verdict_that_belongs_to_it(
    order: Order | None, payments: list[PaymentSnapshot]
) -> None:
    verdict = compare(order, payments).verdict

    assert verdict is not Verdict.NOT_CHECKED
    if order is None:
        assert verdict in {Verdict.ORPHAN, Verdict.MATCHED}
    else:
        assert verdict is not Verdict.ORPHAN
        assert (verdict is Verdict.MISSING) == (not payments)


@given(near_orders | st.none(), some_sightings, st.randoms())
def test_the_order_of_the_payments_does_not_matter(
    order: Order | None, payments: list[PaymentSnapshot], random: Any
) -> None:
    shuffled = random.sample(payments, len(payments))

    assert compare(order, shuffled) == compare(order, payments)


@given(near_orders | st.none(), some_sightings)
def test_seeing_every_payment_twice_changes_nothing(
    order: Order | None, payments: list[PaymentSnapshot]
) -> None:
    assert compare(order, payments * 2) == compare(order, payments)


@given(matched_pairs())
def test_what_agrees_is_matched(pair: tuple[Order, PaymentSnapshot]) -> None:
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
    | st.tuples(st.just("status"), words)
    | st.tuples(st.just("cancel_amount"), money)
    | st.tuples(st.just("sandbox"), st.just(True)),
)
def test_a_change_of_any_compared_field_ends_the_match(
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
def test_a_change_of_any_field_of_the_order_ends_the_match(
    pair: tuple[Order, PaymentSnapshot], name: str, data: st.DataObject
) -> None:
    order, payment = pair
    other = data.draw({"status": words, "amount": money, "currency": currencies}[name])
    verdict = compare(replace(order, **{name: other}), [payment]).verdict

    assert (verdict is Verdict.MATCHED) == (getattr(order, name) == other)


@given(matched_pairs(), st.lists(sightings, max_size=4))
def test_failed_and_abandoned_tries_beside_a_match_change_nothing(
    pair: tuple[Order, PaymentSnapshot], tries: list[PaymentSnapshot]
) -> None:
    order, payment = pair
    moneyless = [
        replace(other, imp_uid=f"{status}_{index}", status=status)
        for index, other in enumerate(tries)
        for status in ("failed", "ready")
    ]

    assert compare(order, [payment, *moneyless]).verdict is Verdict.MATCHED


@given(matched_pairs(), sightings)
def test_test_payments_beside_a_match_change_nothing(
    pair: tuple[Order, PaymentSnapshot], other: PaymentSnapshot
) -> None:
    order, payment = pair
    test = replace(other, imp_uid="test_1", sandbox=True)

    assert compare(order, [payment, test]).verdict is Verdict.MATCHED


@given(orders, some_sightings, money, currencies)
def test_a_second_payment_that_is_kept_is_paid_twice_whatever_else_there_is(
    order: Order, others: list[PaymentSnapshot], amount: Decimal, currency: str
) -> None:
    twice = [
        seen(imp_uid="one"),
        seen(imp_uid="two", amount=amount, currency=currency, sandbox=None),
    ]

    assert compare(order, [*others, *twice]).verdict is Verdict.PAID_TWICE


@given(matched_pairs(), st.integers(0, 6))
def test_the_scale_of_a_decimal_is_no_difference(
    pair: tuple[Order, PaymentSnapshot], scale: int
) -> None:
    order, payment = pair
    padded = Decimal(f"{order.amount:f}" + "0" * scale)

    assert compare(replace(order, amount=padded), [payment]).verdict is Verdict.MATCHED


def case(verdict: Verdict, order: Order | None, *payments: PaymentSnapshot, name: str) -> Any:
    return pytest.param(order, payments, verdict, id=name)


BACK = Decimal(1000)
PART = Decimal(300)
OTHER = Decimal(900)
CENT = Decimal("0.01")
HELD_BACK = Decimal(0)


@pytest.mark.parametrize(
    ("order", "payments", "verdict"),
    [
        case(Verdict.MISSING, ORDER, name="nothing at all"),
        case(Verdict.MISSING, expecting("ready"), name="not even a try"),
        case(Verdict.STATUS_DIFFERS, ORDER, seen("failed"), name="only a failed try"),
        case(Verdict.STATUS_DIFFERS, ORDER, seen("held"), name="a word not known yet"),
        case(Verdict.STATUS_DIFFERS, ORDER, seen("cancelled"), name="all given back"),
        case(Verdict.STATUS_DIFFERS, expecting("cancelled"), seen(), name="kept, not given back"),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("cancelled"),
            seen(),
            seen("cancelled", imp_uid="imp_2"),
            name="given back, and paid anew",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("failed"),
            seen("failed"),
            seen(imp_uid="imp_2"),
            name="failed, and paid anew",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("cancelled"),
            seen("cancelled", cancel_amount=HELD_BACK),
            name="cancelled in word only",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            ORDER,
            seen(cancel_amount=BACK),
            name="paid in word only",
        ),
        case(
            Verdict.MATCHED,
            expecting("cancelled"),
            seen("cancelled", cancel_amount=HELD_BACK, paid_at=None),
            name="cancelled before it was paid",
        ),
        case(
            Verdict.MATCHED,
            ORDER,
            seen("cancelled"),
            seen(imp_uid="imp_2"),
            name="given back, then paid",
        ),
        case(
            Verdict.MATCHED,
            ORDER,
            seen(),
            seen("pending", imp_uid="imp_2"),
            name="paid, another under review",
        ),
        case(
            Verdict.MATCHED,
            expecting("cancelled"),
            seen("cancelled", amount=OTHER, cancel_amount=OTHER),
            seen("cancelled", imp_uid="imp_2"),
            name="the nearest of two given back",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            expecting("cancelled"),
            seen("cancelled", amount=OTHER, cancel_amount=OTHER),
            seen("cancelled", imp_uid="imp_2", currency="USD"),
            name="an amount is nearer than a currency",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            ORDER,
            seen("cancelled", cancel_amount=PART),
            name="a part back of a paid order",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            expecting("cancelled"),
            seen("cancelled", cancel_amount=PART),
            name="a part back of a cancelled order",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            expecting("ready"),
            seen("cancelled", cancel_amount=PART),
            name="a part back of an unpaid order",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            ORDER,
            seen("cancelled", amount=OTHER, cancel_amount=PART),
            name="another amount, a part of it back",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            expecting("cancelled"),
            seen("cancelled", cancel_amount=Decimal(1100)),
            name="more back than charged",
        ),
        case(
            Verdict.CURRENCY_DIFFERS,
            ORDER,
            seen(amount=OTHER, currency="USD"),
            name="currency before amount",
        ),
        case(Verdict.CURRENCY_DIFFERS, ORDER, seen(currency=None), name="currency unknown"),
        case(Verdict.MATCHED, ORDER, seen(sandbox=None), name="channel unknown"),
        case(Verdict.TEST_PAYMENT, ORDER, seen(sandbox=True), name="a test payment alone"),
        case(
            Verdict.TEST_PAYMENT,
            ORDER,
            seen(sandbox=True, amount=OTHER),
            seen("failed", imp_uid="imp_2"),
            name="a test payment and a failed try",
        ),
        case(
            Verdict.AMOUNT_DIFFERS,
            ORDER,
            seen(sandbox=True),
            seen(imp_uid="imp_2", amount=OTHER),
            name="a test payment hides no other amount",
        ),
        case(
            Verdict.PAID_TWICE,
            ORDER,
            seen("cancelled", cancel_amount=PART),
            seen(imp_uid="imp_2"),
            name="a rest and a whole",
        ),
        case(
            Verdict.PAID_TWICE,
            ORDER,
            seen("held", paid_at=THEN),
            seen(imp_uid="imp_2"),
            name="an unknown word that was charged",
        ),
        case(
            Verdict.MATCHED,
            expecting("cancelled"),
            seen(),
            seen("cancelled"),
            name="one payment in two states is the later",
        ),
        case(
            Verdict.MATCHED,
            ORDER,
            seen("failed"),
            seen(),
            name="a failed payment may be paid later",
        ),
        case(
            Verdict.MATCHED,
            replace(ORDER, amount=Decimal(0)),
            seen(amount=Decimal(0)),
            name="a payment of nothing",
        ),
        case(
            Verdict.MATCHED,
            Order("order-1", Decimal(0), "KRW", "cancelled"),
            seen("cancelled", amount=Decimal(0), cancel_amount=Decimal(0)),
            name="a payment of nothing, cancelled",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            ORDER,
            seen("cancelled", cancel_amount=PART, paid_at=None),
            name="a part back, paid no one knows when",
        ),
        case(
            Verdict.PARTIALLY_CANCELLED,
            ORDER,
            seen("cancelled", cancel_amount=CENT, paid_at=None),
            name="a cent back",
        ),
        case(
            Verdict.STATUS_DIFFERS,
            ORDER,
            seen(amount=CENT, cancel_amount=CENT),
            name="a cent, all of it back",
        ),
        case(
            Verdict.PAID_TWICE,
            ORDER,
            seen(paid_at=None),
            seen(imp_uid="imp_2", paid_at=None),
            name="paid twice, no one knows when",
        ),
        case(Verdict.ORPHAN, None, seen(), name="paid without an order"),
        case(
            Verdict.ORPHAN,
            None,
            seen("cancelled", cancel_amount=PART),
            name="a rest without an order",
        ),
        case(Verdict.ORPHAN, None, seen("pending"), name="under review without an order"),
        case(Verdict.ORPHAN, None, seen(sandbox=None), name="channel unknown without an order"),
        case(
            Verdict.ORPHAN,
            None,
            seen("failed"),
            seen(imp_uid="imp_2"),
            name="a try and money without an order",
        ),
        case(Verdict.MATCHED, None, seen("cancelled"), name="given back without an order"),
        case(
            Verdict.MATCHED,
            None,
            seen("held", cancel_amount=BACK),
            name="an unknown word, given back without an order",
        ),
        case(
            Verdict.MATCHED,
            None,
            seen("cancelled", cancel_amount=HELD_BACK, paid_at=None),
            name="revoked without an order",
        ),
        case(Verdict.MATCHED, None, seen("ready"), name="a window without an order"),
        case(Verdict.MATCHED, None, seen(sandbox=True), name="a test without an order"),
        case(Verdict.MATCHED, None, name="nothing and nothing"),
    ],
)
def test_the_verdict_is_what_a_finance_person_would_say(
    order: Order | None, payments: tuple[PaymentSnapshot, ...], verdict: Verdict
) -> None:
    assert compare(order, payments).verdict is verdict


@pytest.mark.parametrize(
    ("earlier", "later"), [*combinations(["ready", "pending", "failed", "paid", "cancelled"], 2)]
)
def test_of_two_states_of_a_payment_the_later_one_counts(earlier: str, later: str) -> None:
    before = seen(earlier, cancel_amount=Decimal(2000))
    after = seen(later, cancel_amount=Decimal(0))

    assert compare(ORDER, [before, after]).payments == (after,)
    assert compare(ORDER, [after, before]).payments == (after,)


def test_of_two_sightings_in_one_state_the_one_with_more_given_back_counts() -> None:
    less, more = (seen("cancelled", cancel_amount=Decimal(back)) for back in (200, 1000))

    assert compare(ORDER, [less, more]).payments == (more,)
    assert compare(ORDER, [more, less]).payments == (more,)


def test_the_newest_payment_comes_first() -> None:
    old = seen("cancelled", imp_uid="a", cancelled_at=THEN + timedelta(days=1))
    new = seen(imp_uid="b", paid_at=THEN + timedelta(days=2))
    tried = seen("failed", imp_uid="c")

    assert compare(ORDER, [tried, old, new]).payments == (new, old, tried)


def test_the_newest_is_the_one_to_which_something_happened_last() -> None:
    days = [THEN + timedelta(days=day) for day in range(4)]
    first = seen("cancelled", imp_uid="b", paid_at=days[0], cancelled_at=days[3])
    second = seen("cancelled", imp_uid="a", paid_at=days[1], cancelled_at=days[2])

    assert compare(ORDER, [second, first]).payments == (first, second)


def test_a_sighting_takes_every_field_that_it_has_from_the_payment() -> None:
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
    sighting = PaymentSnapshot.of(payment)

    for name in PaymentSnapshot.__struct_fields__:
        assert getattr(sighting, name) == getattr(payment, name)
    # A word for a store and for JSON, and no member of an enum.
    assert type(sighting.status) is str


def test_an_orphan_is_named_by_its_payment() -> None:
    finding = compare(None, [seen(merchant_uid="unheard-of")])

    assert finding.merchant_uid == "unheard-of"
    assert finding.order is None
    assert compare(None, []).merchant_uid == ""
