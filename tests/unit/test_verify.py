"""Test ``payments.verify`` and ``payments.wait_until_paid``."""

from __future__ import annotations

import asyncio
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async import (
    Cancellation,
    DeadlineExceededError,
    Difference,
    InvalidRequestError,
    Payment,
    PaymentMismatchError,
    PaymentNotFoundError,
    PaymentStatus,
    PortOneClient,
    Promotion,
    ServerError,
)
from portone_async.resources.payments._verify import differences
from tests.support.samples import CARD_PAID, NOT_FOUND, body, ok
from tests.support.scripted import PAID, UID, RefusingThrottle, reply, scripted_client, series
from tests.support.virtual_time import virtual_time

PAYMENT = Payment(
    imp_uid="imp_1",
    merchant_uid="order-1",
    status=PaymentStatus.PAID,
    amount=Decimal(1000),
    currency="KRW",
    sandbox=False,
)
NO_PAYMENT = reply(404, body(NOT_FOUND))


def compared(payment: Payment, **changes: Any) -> tuple[Difference, ...]:
    expected: dict[str, Any] = {
        "merchant_uid": "order-1",
        "amount": Decimal(1000),
        "currency": "KRW",
        "imp_uid": None,
        "discount": Decimal(0),
        "allow_sandbox": False,
    }
    return differences(payment, **(expected | changes))


def test_matching_payment_has_no_difference() -> None:
    assert compared(PAYMENT, imp_uid="imp_1") == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"merchant_uid": "order-2"}, "merchant_uid"),
        ({"status": PaymentStatus.READY}, "status"),
        ({"status": PaymentStatus("on_hold")}, "status"),
        ({"amount": Decimal(999)}, "amount"),
        ({"amount": Decimal("1000.01")}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": None}, "currency"),
        ({"cancel_amount": Decimal(1)}, "cancel_amount"),
        ({"cancel_history": (Cancellation(amount=Decimal(1)),)}, "cancel_history"),
        ({"promotion": Promotion(id="p", discount=Decimal(100))}, "promotion.discount"),
        ({"unreadable": ("promotion",)}, "promotion"),
        ({"unreadable": ("promotion.id",)}, "promotion"),
        ({"unreadable": ("cancel_history",)}, "cancel_history"),
        ({"unreadable": ("cancel_history[0].amount",)}, "cancel_history"),
        ({"sandbox": True}, "sandbox"),
        ({"sandbox": None}, "sandbox"),
    ],
    ids=str,
)
def test_each_differing_field_is_reported(change: dict[str, Any], field: str) -> None:
    assert [difference.field for difference in compared(replace(PAYMENT, **change))] == [field]


def test_other_imp_uid_is_a_difference() -> None:
    assert compared(PAYMENT, imp_uid="imp_2") == (Difference("imp_uid", "imp_2", "imp_1"),)


def test_unreadable_field_without_money_is_not_a_difference() -> None:
    assert compared(replace(PAYMENT, unreadable=("extension", "deposit_history[0]"))) == ()


def test_difference_holds_expected_and_actual_values() -> None:
    other = replace(
        PAYMENT, sandbox=None, cancel_history=(Cancellation(amount=Decimal(1)),), currency="USD"
    )

    assert compared(other) == (
        Difference("currency", "KRW", "USD"),
        Difference("cancel_history", "empty", "filled"),
        Difference("sandbox", "False", "None"),
    )


def test_all_differences_are_reported() -> None:
    other = replace(
        PAYMENT, amount=Decimal(1), currency="USD", sandbox=True, status=PaymentStatus.FAILED
    )

    assert {difference.field for difference in compared(other)} == {
        "amount",
        "currency",
        "sandbox",
        "status",
    }


@given(st.decimals("0", "1e12", places=2), st.decimals("0", "1e12", places=2))
def test_amounts_are_compared_exactly(paid: Decimal, expected: Decimal) -> None:
    reported = compared(replace(PAYMENT, amount=paid), amount=expected)

    assert bool(reported) is (paid != expected)


def test_expected_discount_is_not_a_difference() -> None:
    promoted = replace(PAYMENT, promotion=Promotion(discount=Decimal(100)))

    assert compared(promoted, discount=Decimal(100)) == ()
    assert [difference.field for difference in compared(PAYMENT, discount=Decimal(100))] == [
        "promotion.discount"
    ]


def test_sandbox_payment_is_accepted_with_allow_sandbox() -> None:
    for sandbox in (True, None, False):
        assert compared(replace(PAYMENT, sandbox=sandbox), allow_sandbox=True) == ()


@pytest.mark.parametrize("amount", [15000, Decimal("15000.00"), "15000"])
@virtual_time
async def test_verify_returns_the_payment_of_the_order(amount: Any) -> None:
    client, transport = scripted_client()
    payment = await client.payments.verify(UID, amount=amount)
    assert payment.merchant_uid == UID
    assert transport.sent[-1][1] == f"/payments/find/{UID}/paid"


@virtual_time
async def test_verify_by_imp_uid_checks_the_merchant_uid() -> None:
    client, transport = scripted_client()
    imp_uid = CARD_PAID["imp_uid"]
    payment = await client.payments.verify(UID, amount=15000, imp_uid=imp_uid)
    assert payment.imp_uid == imp_uid
    assert transport.sent[-1][1] == f"/payments/{imp_uid}?include_sandbox=true"
    with pytest.raises(PaymentMismatchError) as caught:
        await client.payments.verify("another-order", amount=15000, imp_uid=imp_uid)
    assert caught.value.differences == (Difference("merchant_uid", "another-order", UID),)


@virtual_time
async def test_verify_reports_the_status_of_an_unpaid_order() -> None:
    ready = reply(200, ok(CARD_PAID | {"status": "ready", "amount": 1, "paid_at": 0}))
    client, _ = scripted_client(series(NO_PAYMENT, ready))
    with pytest.raises(PaymentMismatchError) as caught:
        await client.payments.verify(UID, amount=15000)
    error = caught.value
    assert error.differences == (
        Difference("status", "paid", "ready"),
        Difference("amount", "15000", "1"),
    )
    assert "status is ready, not paid" in str(error)
    assert "Do not ship" in str(error)
    assert "홍길동" not in str(error) + repr(vars(error))
    assert not error.is_transient
    assert pickle.loads(pickle.dumps(error)) == error


@virtual_time
async def test_verify_of_an_order_without_payments_raises_not_found() -> None:
    client, _ = scripted_client(lambda _: NO_PAYMENT)
    with pytest.raises(PaymentNotFoundError):
        await client.payments.verify(UID, amount=15000)


@virtual_time
async def test_verify_rejects_a_float_before_sending() -> None:
    client, transport = scripted_client()
    with pytest.raises(InvalidRequestError, match=r"not float$"):
        await client.payments.verify(UID, amount=150.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point
    assert not transport.sent


@pytest.mark.parametrize("name", ["amount", "discount"])
@pytest.mark.parametrize(
    "value", ["1,000", "1e3", "", None, True, -1, Decimal("NaN"), Decimal("Infinity")]
)
@virtual_time
async def test_verify_rejects_what_is_not_exact_money(name: str, value: Any) -> None:
    client, transport = scripted_client()
    arguments: dict[str, Any] = {"amount": 15000, name: value}
    with pytest.raises(InvalidRequestError, match=f"^{name} "):
        await client.payments.verify(UID, **arguments)
    assert not transport.sent


async def wait_for_payment(client: PortOneClient, timeout: float) -> Payment:  # noqa: ASYNC109 (an argument of the API)
    return await client.payments.wait_until_paid(UID, timeout=timeout)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), True, "5", None], ids=repr)
@virtual_time
async def test_wait_of_no_time_sends_nothing(seconds: Any) -> None:
    client, transport = scripted_client()
    with pytest.raises(InvalidRequestError, match="timeout must be seconds, more"):
        await wait_for_payment(client, seconds)
    assert not transport.sent


@virtual_time
async def test_wait_ends_when_the_payment_appears() -> None:
    client, transport = scripted_client(series(NO_PAYMENT, NO_PAYMENT, NO_PAYMENT, PAID))
    assert (await wait_for_payment(client, 30)).is_paid
    times = transport.times()
    assert [round(time - times[0], 1) for time in times] == [0.0, 0.5, 1.5, 3.5]


@virtual_time
async def test_wait_is_bounded_and_sends_few_requests() -> None:
    client, transport = scripted_client(lambda _: NO_PAYMENT)
    with pytest.raises(PaymentNotFoundError):
        await wait_for_payment(client, 30)
    times = transport.times()
    assert times[-1] - times[0] <= 30
    assert len(times) <= 13


@pytest.mark.parametrize("outcome", [reply(503), (100, PAID)], ids=["503", "hang"])
@virtual_time
async def test_wait_survives_an_outage_or_raises_its_error(outcome: Any) -> None:
    client, _ = scripted_client(lambda n: outcome if n < 6 else PAID)
    assert (await wait_for_payment(client, 500)).is_paid
    client, _ = scripted_client(lambda _: outcome)
    with pytest.raises((ServerError, DeadlineExceededError)):
        await wait_for_payment(client, 20)


@virtual_time
async def test_wait_ends_early_if_the_next_poll_would_be_late() -> None:
    client, transport = scripted_client(lambda _: NO_PAYMENT)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(PaymentNotFoundError):
        await wait_for_payment(client, 6)
    # Polls after 0, 0.5, 1.5 and 3.5 seconds; the next would be after 6.5.
    assert len(transport.times()) == 4
    assert loop.time() - began == pytest.approx(3.5, abs=0.1)


@virtual_time
async def test_late_response_ends_the_wait_with_the_previous_result() -> None:
    client, _ = scripted_client(series(NO_PAYMENT, (100, PAID)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(PaymentNotFoundError):
        await wait_for_payment(client, 7)
    assert loop.time() - began == pytest.approx(7, abs=0.1)


@virtual_time
async def test_unrelated_timeout_error_propagates_from_the_wait() -> None:
    client, _ = scripted_client(rate_limit=RefusingThrottle(left=1))
    with pytest.raises(TimeoutError, match="no permit is available"):
        await wait_for_payment(client, 20)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
@virtual_time
async def test_invalid_wait_timeout_is_rejected(seconds: float) -> None:
    client, transport = scripted_client()
    with pytest.raises(InvalidRequestError, match="timeout"):
        await wait_for_payment(client, seconds)
    assert not transport.sent
