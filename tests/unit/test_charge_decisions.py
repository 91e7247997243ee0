"""Decisions about a charge from the payments of its order number, compared with the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    ChargedTwiceError,
    ChargeFailedError,
    OrderNumberUsedError,
    Payment,
    PaymentMismatchError,
    PaymentStatus,
    Promotion,
)
from portone_async.resources._charge.decisions import (
    Charge,
    Decision,
    decide_answer,
    decide_before,
    decide_later,
)

CHARGE = Charge(merchant_uid="order-1", amount=Decimal(1000), customer_uid="key-1")
SAME: dict[str, Any] = {"amount": Decimal(1000), "currency": "KRW", "customer_uid": "key-1"}
DIFFERENT: list[dict[str, Any]] = [
    SAME | {"amount": Decimal(1001)},
    SAME | {"amount": Decimal("1000.01")},
    SAME | {"currency": "USD"},
    SAME | {"customer_uid": "key-2"},
]
STATUSES = [*PaymentStatus, PaymentStatus("reviewing")]


def payment(status: str = "paid", imp_uid: str = "imps_1", **fields: Any) -> Payment:
    return Payment(
        imp_uid=imp_uid, merchant_uid="order-1", status=PaymentStatus(status), **(SAME | fields)
    )


@st.composite
def payment_lists(draw: st.DrawFn) -> list[Payment]:
    """Draw the payments of the number: any statuses, of this charge or different ones."""
    drawn = draw(
        st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from([SAME, *DIFFERENT])))
    )
    return [
        payment(status, f"imps_{index}", **fields) for index, (status, fields) in enumerate(drawn)
    ]  # fmt: skip


def is_same(payment: Payment) -> bool:
    return all(getattr(payment, name) == value for name, value in SAME.items())


def with_status(payments: Sequence[Payment], status: str) -> list[Payment]:
    return [payment for payment in payments if payment.status == status]


def kind(decision: Decision) -> object:
    return decision if decision is None else type(decision)


# Before it is sent


@given(payment_lists())
def test_charge_is_sent_only_if_its_number_has_no_payment(payments: list[Payment]) -> None:
    assert (decide_before(CHARGE, payments) is None) == (not payments)


@given(payment_lists())
def test_number_with_payments_ends_by_its_paid_ones(payments: list[Payment]) -> None:
    decision = decide_before(CHARGE, payments)
    paid = with_status(payments, "paid")

    if len(paid) > 1:
        assert isinstance(decision, ChargedTwiceError)
        assert decision.payments == tuple(paid)
    elif paid and is_same(paid[0]):
        assert decision is paid[0]
    elif payments:
        assert isinstance(decision, OrderNumberUsedError)
        assert decision.payments == tuple(payments)


@pytest.mark.parametrize("fields", DIFFERENT, ids=repr)
def test_paid_payment_that_differs_is_not_the_charge(fields: dict[str, Any]) -> None:
    assert kind(decide_before(CHARGE, [payment(**fields)])) is OrderNumberUsedError


@pytest.mark.parametrize(("key", "charged"), [("key-1", None), (None, "key-1"), ("key-1", "")])
def test_paid_payment_of_an_unknown_key_is_not_the_charge(
    key: str | None, charged: str | None
) -> None:
    charge = Charge(merchant_uid="order-1", amount=Decimal(1000), customer_uid=key)

    assert kind(decide_before(charge, [payment(customer_uid=charged)])) is OrderNumberUsedError


@pytest.mark.parametrize("channel", ["pc", "mobile"])
def test_test_payment_of_a_window_is_not_the_charge(channel: str) -> None:
    planted = payment("paid", "imp_1", sandbox=True, channel=channel)

    assert kind(decide_before(CHARGE, [planted])) is OrderNumberUsedError
    assert kind(decide_later(CHARGE, [planted], before=[])) is PaymentMismatchError


@pytest.mark.parametrize(
    "fields",
    [{"channel": "api"}, {"channel": None}, {"channel": "pc", "sandbox": False}],
    ids=repr,
)
def test_other_paid_payment_is_the_charge(fields: dict[str, Any]) -> None:
    given: dict[str, Any] = {"sandbox": True} | fields
    paid = payment(**given)

    assert decide_before(CHARGE, [paid]) is paid
    assert decide_later(CHARGE, [paid], before=[]) is paid


def test_paid_payment_without_a_key_is_a_charge_without_one() -> None:
    charge = Charge(merchant_uid="order-1", amount=Decimal(1000))
    paid = payment(customer_uid=None)

    assert decide_before(charge, [paid]) is paid


@given(payment_lists())
def test_retry_is_sent_if_every_payment_failed(payments: list[Payment]) -> None:
    retry = Charge(
        merchant_uid="order-1", amount=Decimal(1000), customer_uid="key-1", is_retry=True
    )
    decision = decide_before(retry, payments)
    has_other = len(with_status(payments, "failed")) < len(payments)

    assert (decision is None) == (not has_other)


@pytest.mark.parametrize("status", ["ready", "failed", "reviewing"])
def test_record_of_its_own_transaction_does_not_use_the_number(status: str) -> None:
    charge = Charge(merchant_uid="order-1", amount=Decimal(1000), transaction="imp_9")

    assert decide_before(charge, [payment(status, "imp_9")]) is None
    assert kind(decide_before(charge, [payment(status, "imp_8")])) is OrderNumberUsedError


def test_cancelled_transaction_was_paid_and_uses_the_number() -> None:
    charge = Charge(merchant_uid="order-1", amount=Decimal(1000), transaction="imp_9")

    decision = decide_before(charge, [payment("cancelled", "imp_9", customer_uid=None)])
    assert kind(decision) is OrderNumberUsedError


def test_paid_transaction_is_the_charge_itself() -> None:
    charge = Charge(merchant_uid="order-1", amount=Decimal(1000), transaction="imp_9")
    paid = payment("paid", "imp_9", customer_uid=None)

    assert decide_before(charge, [paid]) is paid


# Its answer


@pytest.mark.parametrize("fields", [SAME, *DIFFERENT], ids=repr)
@pytest.mark.parametrize("status", STATUSES)
def test_answer_ends_paid_failed_different_or_open(status: str, fields: dict[str, Any]) -> None:
    answer = payment(status, **fields)
    decision = decide_answer(CHARGE, answer)

    match status:
        case "paid" if fields == SAME:
            assert decision is answer
        case "failed":
            assert isinstance(decision, ChargeFailedError)
            assert decision.payment is answer
        case "paid" | "cancelled":
            assert isinstance(decision, PaymentMismatchError)
        case _:
            assert decision is None


@pytest.mark.parametrize("fields", DIFFERENT, ids=repr)
def test_error_for_a_different_payment_names_each_difference(fields: dict[str, Any]) -> None:
    decision = decide_answer(CHARGE, payment("cancelled", **fields))

    assert isinstance(decision, PaymentMismatchError)
    different = {name for name in SAME if fields[name] != SAME[name]}
    assert {each.field for each in decision.differences} == different | {"status"}
    assert decision.identifiers == {"merchant_uid": "order-1", "imp_uid": "imps_1"}


@pytest.mark.parametrize("missing", ["currency", "customer_uid"])
def test_field_that_portone_omits_is_not_a_difference(missing: str) -> None:
    without: dict[str, Any] = {missing: None}
    answer = payment(**without)

    assert decide_answer(CHARGE, answer) is answer


@pytest.mark.parametrize(("sent", "answered"), [("KRW", "KRW"), (None, "KRW"), ("usd", "USD")])
def test_currency_is_compared_with_the_default_and_without_case(
    sent: str | None, answered: str
) -> None:
    charge = Charge(merchant_uid="order-1", amount=Decimal(1000), currency=sent)
    answer = payment(currency=answered, customer_uid=None)

    assert decide_answer(charge, answer) is answer


def test_discount_of_a_promotion_is_accepted_only_if_one_was_sent() -> None:
    answer = payment(amount=Decimal(900), promotion=Promotion(discount=Decimal(100)))
    promoted = Charge(merchant_uid="order-1", amount=Decimal(1000), has_promotion=True)

    assert decide_answer(promoted, answer) is answer
    assert kind(decide_answer(CHARGE, answer)) is PaymentMismatchError
    assert kind(decide_answer(promoted, payment(amount=Decimal(900)))) is PaymentMismatchError


# After an open outcome


@given(payment_lists(), payment_lists())
def test_look_up_decides_by_what_is_new_and_of_this_charge(
    old: list[Payment], payments: list[Payment]
) -> None:
    decision = decide_later(CHARGE, payments, old)
    paid = with_status(payments, "paid")
    known = {(payment.imp_uid, payment.status) for payment in old}
    new = [
        payment
        for payment in payments
        if is_same(payment) and (payment.imp_uid, payment.status) not in known
    ]

    if len(paid) > 1:
        assert isinstance(decision, ChargedTwiceError)
        assert decision.payments == tuple(paid)
    elif paid:
        expected = paid[0] if is_same(paid[0]) else None
        assert decision is expected or isinstance(decision, PaymentMismatchError)
    elif with_status(new, "cancelled"):
        assert isinstance(decision, PaymentMismatchError)
    elif with_status(new, "failed"):
        assert isinstance(decision, ChargeFailedError)
        assert decision.payment in new
    else:
        assert decision is None


@given(payment_lists())
def test_look_up_without_a_first_one_never_ends_failed(payments: list[Payment]) -> None:
    decision = decide_later(CHARGE, payments, None)

    assert (decision is None) == (not with_status(payments, "paid"))
    assert not isinstance(decision, ChargeFailedError)


@pytest.mark.parametrize("fields", DIFFERENT, ids=repr)
def test_failure_of_a_different_charge_is_not_this_one(fields: dict[str, Any]) -> None:
    assert decide_later(CHARGE, [payment("failed", **fields)], []) is None


def test_retry_fails_only_by_a_failure_that_is_later() -> None:
    before = payment("failed", failed_at=datetime(2026, 12, 1, tzinfo=UTC))
    after = payment("failed", failed_at=datetime(2026, 12, 2, tzinfo=UTC))

    assert decide_later(CHARGE, [before], [before]) is None
    assert kind(decide_later(CHARGE, [after], [before])) is ChargeFailedError


@given(payment_lists())
def test_payment_is_returned_only_if_it_is_the_only_paid_one(payments: list[Payment]) -> None:
    for decision in (decide_before(CHARGE, payments), decide_later(CHARGE, payments, [])):
        if isinstance(decision, Payment):
            assert with_status(payments, "paid") == [decision]
            assert is_same(decision)
