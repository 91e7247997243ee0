"""``client.charges``: charges by a billing key and by a card, against the fake."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from portone_async import (
    ApiError,
    ChargedTwiceError,
    ChargeFailedError,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    Payment,
    PaymentMismatchError,
    PortOneClient,
    PortOneError,
    UnauthorizedError,
    order_number,
)
from portone_async.resources.charges import ChargedKeyNotFoundError
from portone_async.testing import (
    CutBody,
    Disconnect,
    Duplicate,
    Exchange,
    ExpiredToken,
    FakePortOne,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reply,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
)
from portone_async.testing.endpoints.payments import Payments
from tests.support.canaries import renderings
from tests.support.sample_bodies import SAMPLES

Charging: TypeAlias = Callable[..., Awaitable[Payment]]
AGAIN, ONETIME = "/subscribe/payments/again", "/subscribe/payments/onetime"
CHARGE = "/subscribe/payments"
CARD = {"card_number": "1234-5600-0000-7890", "expiry": "2030-12"}


def by_key(client: PortOneClient, **fields: Any) -> Awaitable[Payment]:
    given: dict[str, Any] = {
        "merchant_uid": "order-1",
        "amount": 9900,
        "name": "구독",
        "settle": 0,
    } | fields
    return client.charges.with_billing_key(given.pop("customer_uid", "member-1"), **given)


def by_card(client: PortOneClient, **fields: Any) -> Awaitable[Payment]:
    given: dict[str, Any] = {
        "merchant_uid": "order-1",
        "amount": 9900,
        "settle": 0,
        **CARD,
    } | fields
    return client.charges.with_card(**given)


BOTH = pytest.mark.parametrize("charge", [by_key, by_card])


@pytest.fixture(autouse=True)
def _key(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="member-1")


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


# What is sent, and what comes back


async def test_charge_of_a_key_sends_every_parameter(
    server: FakePortOne, client: PortOneClient
) -> None:
    given: dict[str, Any] = {
        "currency": "KRW",
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
        "buyer_addr": "서울",
        "buyer_postcode": "06234",
        "card_quota": 3,
        "interest_free_by_merchant": True,
        "use_card_point": False,
        "custom_data": '{"a":1}',
        "notice_url": "https://shop.example/webhook",
        "browser_ip": "203.0.113.1",
        "product_type": "digital",
        "product_count": 2,
        "cash_receipt_type": "anonymous",
        "bypass": "{}",
        "extra": {"naverUseCfm": "20261231"},
        "promotion_id": "promotion-id-1",
        "channel_key": "channel-1",
    }
    payment = await by_key(
        client,
        amount=Decimal("9900.00"),
        tax_free=100,
        vat_amount="890.5",
        extra_body={"vat": 7},
        **given,
    )

    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", AGAIN)
    assert json.loads(request.body) == {
        "customer_uid": "member-1",
        "merchant_uid": "order-1",
        "amount": 9900,
        "name": "구독",
        "tax_free": 100,
        "vat_amount": 890.5,
        "vat": 7,
        **given,
    }
    assert payment.is_paid
    assert payment.amount == 9900
    assert payment.customer_uid == "member-1"
    assert payment.imp_uid.startswith("imps_")
    assert payment.channel == "api"


async def test_charge_of_a_card_sends_every_parameter(
    server: FakePortOne, client: PortOneClient
) -> None:
    given: dict[str, Any] = {
        **CARD,
        "birth": "900101",
        "pwd_2digit": "12",
        "cvc": "123",
        "customer_uid": "member-2",
        "pg": "nice.mid",
        "name": "전화 주문",
        "currency": "KRW",
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
        "buyer_addr": "서울",
        "buyer_postcode": "06234",
        "card_quota": 0,
        "interest_free_by_merchant": False,
        "use_card_point": True,
        "custom_data": {"memo": 1},
        "notice_url": "https://shop.example/webhook",
        "browser_ip": "203.0.113.1",
        "secure_3d_charge_id": "c",
        "secure_3d_token": "t",
        "product_type": "real",
        "promotion_id": "promotion-id-1",
        "bypass": "{}",
    }
    payment = await by_card(client, tax_free=1, vat_amount=2, channel_group_id="group-1", **given)

    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", ONETIME)
    assert json.loads(request.body) == {
        "merchant_uid": "order-1",
        "amount": 9900,
        "tax_free": 1,
        "vat_amount": 2,
        "channelGroupId": "group-1",
        **given,
    }
    assert payment.is_paid
    assert payment.custom() == {"memo": 1}


@BOTH
async def test_charge_looks_its_number_up_once_before(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    payment = await charge(client)

    assert await client.payments.find("order-1") == payment
    assert [request.method for request in server.requests] == ["POST", "GET", "POST", "GET"]
    assert server.requests[1].path == "/payments/findAll/order-1"


@BOTH
async def test_look_up_before_can_be_switched_off(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    await charge(client, check_number=False)

    assert server.count("/payments") == 0


async def test_card_is_stored_as_a_key_on_request(client: PortOneClient) -> None:
    await by_card(client, customer_uid="member-2")

    payment = await by_key(client, customer_uid="member-2", merchant_uid="order-2")
    assert payment.customer_uid == "member-2"


@pytest.mark.parametrize("name", ["again_paid", "onetime_paid"])
async def test_sample_of_a_paid_charge_is_returned(
    server: FakePortOne, client: PortOneClient, name: str
) -> None:
    sample = SAMPLES[name]
    response = sample.body["response"]
    server.fail(Json(sample.body), on=CHARGE)
    given = {"merchant_uid": response["merchant_uid"], "amount": response["amount"]}
    if name == "again_paid":
        payment = await by_key(client, customer_uid=response["customer_uid"], **given)
    else:
        payment = await by_card(client, **given)

    assert payment.raw == response
    assert payment.is_paid


async def test_unknown_fields_and_odd_types_of_a_payment_are_tolerated(
    server: FakePortOne, client: PortOneClient
) -> None:
    body = SAMPLES["again_paid"].body
    response = body["response"] | {
        "merchant_uid": "order-1",
        "customer_uid": "member-1",
        "newer": [1],
        "card_quota": {"odd": 1},
    }
    server.fail(Json(body | {"response": response}), on=CHARGE)

    payment = await by_key(client)

    assert payment.raw["newer"] == [1]
    assert payment.unreadable == ("card_quota",)


# Second deliveries


@BOTH
async def test_second_delivery_returns_the_paid_payment(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    first = await charge(client)

    assert await charge(client) == first
    assert server.count(CHARGE) == 1


async def test_second_delivery_by_another_client_charges_once(server: FakePortOne) -> None:
    payments: list[Payment] = []
    for _ in range(2):
        async with server.client() as client:
            number = order_number("subscription-1", 12, prefix="SUB")
            payments.append(await by_key(client, merchant_uid=number))

    assert payments[0] == payments[1]
    assert server.count(CHARGE) == 1


@BOTH
@pytest.mark.parametrize("other", [{"amount": 9901}, {"currency": "USD"}, {"customer_uid": "x"}])
async def test_number_of_a_different_charge_is_refused_unsent(
    server: FakePortOne, client: PortOneClient, charge: Charging, other: dict[str, Any]
) -> None:
    first = await charge(client)

    with pytest.raises(OrderNumberUsedError) as caught:
        await charge(client, **other)

    assert caught.value.payments == (first,)
    assert not caught.value.is_transient
    assert server.count(CHARGE) == 1


@BOTH
@pytest.mark.parametrize("status", ["ready", "failed", "cancelled", "pending"])
async def test_number_with_an_unpaid_payment_is_refused_unsent(
    server: FakePortOne, client: PortOneClient, charge: Charging, status: str
) -> None:
    server.add(merchant_uid="order-1", amount=9900, customer_uid="member-1", status=status)

    with pytest.raises(OrderNumberUsedError, match=f"has imp_[0-9]+ {status}"):
        await charge(client)

    assert server.count(CHARGE) == 0


@BOTH
async def test_two_paid_payments_of_a_number_are_both_reported(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    twice = [server.add(merchant_uid="order-1", amount=9900) for _ in range(2)]

    with pytest.raises(ChargedTwiceError) as caught:
        await charge(client)

    assert {each.imp_uid for each in caught.value.payments} == {each.imp_uid for each in twice}
    assert server.count(CHARGE) == 0


@BOTH
async def test_failing_look_up_before_sends_nothing(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(Status(503), times=None, on="/payments/findAll")

    with pytest.raises(PortOneError) as caught:
        await charge(client)

    assert not isinstance(caught.value, OutcomeUnknownError)
    assert server.count(CHARGE) == 0


# Failures


@BOTH
async def test_failed_charge_is_an_error_with_its_payment(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.charges.fail_next("[3095]한도초과")

    with pytest.raises(ChargeFailedError) as caught:
        await charge(client)

    assert caught.value.payment == await client.payments.find("order-1", status="failed")
    assert caught.value.payment.fail_reason == "[3095]한도초과"
    assert not caught.value.is_transient


async def test_error_names_the_operation_and_no_person(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.charges.fail_next("심어둔 사유")

    with pytest.raises(ChargeFailedError) as failed:
        await by_key(client, buyer_name="심어둔이름")
    with pytest.raises(OrderNumberUsedError) as used:
        await by_key(client, buyer_name="심어둔이름")

    for error in (failed.value, used.value):
        assert error.endpoint == "POST /subscribe/payments/again"
        assert error.identifiers["merchant_uid"] == "order-1"
        assert not [text for text in renderings(error) if "심어둔" in text]


async def test_sample_of_a_failed_charge_is_an_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    sample = SAMPLES["again_failed_status"]
    server.fail(Json(sample.body), on=CHARGE)

    with pytest.raises(ChargeFailedError):
        await by_key(client, merchant_uid=sample.body["response"]["merchant_uid"])


async def test_unknown_key_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    server.billing_keys.remove("member-1")

    with pytest.raises(ChargedKeyNotFoundError) as caught:
        await by_key(client)

    assert caught.value.message == "등록되지 않은 구매자입니다."
    assert caught.value.code == 1
    assert server.count(CHARGE) == 1


@pytest.mark.parametrize(
    "name",
    [
        "again_unknown_customer_code1",
        "again_rejected_minus1",
        "again_duplicate_merchant_uid",
        "onetime_card_rejected_minus1",
    ],
)
async def test_sample_of_a_refusal_is_an_api_error(
    server: FakePortOne, client: PortOneClient, name: str
) -> None:
    server.fail(Json(SAMPLES[name].body), on=CHARGE)

    with pytest.raises(ApiError) as caught:
        await (by_card if name.startswith("onetime") else by_key)(client)

    assert caught.value.message == SAMPLES[name].body["message"]
    assert "same merchant_uid" in str(caught.value) or name.endswith("code1")


@BOTH
async def test_refused_charge_is_looked_up_once(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.charges.refuse_next("거절", code=1)

    with pytest.raises(ApiError, match="거절") as caught:
        await charge(client)

    assert not caught.value.is_transient
    assert server.count(CHARGE) == 1
    assert server.count("/payments/findAll") == 2


class RefusedWithRecord:
    """Refuse the charge, and leave a payment of a status all the same."""

    def __init__(self, status: str) -> None:
        self._fields: dict[str, Any] = {"status": status, "merchant_uid": "order-1", "amount": 9900}

    async def meet(self, exchange: Exchange) -> Reply:
        exchange.account.state(Payments).add(**self._fields)
        return await Json(answer(None, code=-1, message="거절")).meet(exchange)


@BOTH
async def test_refusal_that_left_a_failed_payment_ends_failed(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(RefusedWithRecord("failed"), on=CHARGE)

    with pytest.raises(ChargeFailedError) as caught:
        await charge(client)

    assert caught.value.payment == await client.payments.find("order-1")


@BOTH
async def test_failed_payment_proves_nothing_without_the_look_up_before(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(RefusedWithRecord("failed"), on=CHARGE)

    with pytest.raises(ApiError, match="거절") as caught:
        await charge(client, check_number=False)

    assert type(caught.value) is ApiError


@BOTH
async def test_refused_second_delivery_returns_the_paid_payment(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    first = await charge(client)

    assert await charge(client, check_number=False) == first
    assert server.count(CHARGE) == 2


@BOTH
async def test_refusal_stays_the_answer_if_its_look_up_fails(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.charges.refuse_next("거절")
    server.fail(Status(503), times=None, on="/payments/findAll")

    with pytest.raises(ApiError, match="거절"):
        await charge(client, check_number=False)

    assert server.count(CHARGE) == 1


@BOTH
@pytest.mark.parametrize("fields", [{"amount": 9901}, {"currency": "USD"}])
async def test_paid_answer_that_differs_is_never_accepted(
    server: FakePortOne, client: PortOneClient, charge: Charging, fields: dict[str, Any]
) -> None:
    body = SAMPLES["again_paid"].body
    response = body["response"] | {"merchant_uid": "order-1", "customer_uid": None} | fields
    server.fail(Json(body | {"response": response}), on=CHARGE)

    with pytest.raises(PaymentMismatchError) as caught:
        await charge(client)

    assert [each.field for each in caught.value.differences] == list(fields)
    assert server.count(CHARGE) == 1


@BOTH
@pytest.mark.parametrize("status", [400, 404, 409])
async def test_error_status_in_an_envelope_is_a_refusal(
    server: FakePortOne, client: PortOneClient, charge: Charging, status: int
) -> None:
    server.fail(Json(answer(None, code=-1, message="거절"), status), on=CHARGE)

    with pytest.raises(ApiError) as caught:
        await charge(client)

    assert caught.value.status == status
    assert server.count(CHARGE) == 1


@BOTH
async def test_rejected_token_is_renewed_and_the_charge_sent_once_more(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(ExpiredToken(), on=CHARGE)

    assert (await charge(client)).is_paid
    assert server.count(CHARGE) == 2


@BOTH
async def test_token_that_stays_rejected_is_not_looked_up(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(Unauthorized(), times=2, on=CHARGE)

    with pytest.raises(UnauthorizedError):
        await charge(client)

    assert server.count("/payments/findAll") == 1


@BOTH
async def test_429_is_not_sent_again(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(TooManyRequests(retry_after="0"), on=CHARGE)

    with pytest.raises(ApiError) as caught:
        await charge(client)

    assert caught.value.status == 429
    assert server.count(CHARGE) == 1


# Open outcomes

LOST = [LostAnswer(), CutBody(), LateProcessing(0)]
NEVER_PROCESSED = [Reset(), Disconnect(), HtmlPage(), Status(503), Status(500), HtmlPage(404)]


@BOTH
@pytest.mark.parametrize("fault", LOST, ids=repr)
async def test_lost_answer_of_a_paid_charge_is_looked_up(
    server: FakePortOne, client: PortOneClient, charge: Charging, fault: Any
) -> None:
    server.fail(fault, on=CHARGE)

    payment = await charge(client)

    assert payment == await client.payments.find("order-1")
    assert payment.is_paid
    assert server.count(CHARGE) == 1


@BOTH
async def test_lost_answer_of_a_failed_charge_ends_failed(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.charges.fail_next()
    server.fail(LostAnswer(), on=CHARGE)

    with pytest.raises(ChargeFailedError) as caught:
        await charge(client)

    assert caught.value.payment.status == "failed"
    assert server.count(CHARGE) == 1


@BOTH
@pytest.mark.parametrize("fault", NEVER_PROCESSED, ids=repr)
async def test_outcome_without_a_trace_is_unknown_and_never_sent_again(
    server: FakePortOne, client: PortOneClient, charge: Charging, fault: Any
) -> None:
    server.fail(fault, on=CHARGE)

    with pytest.raises(OutcomeUnknownError) as caught:
        await charge(client)

    assert not caught.value.is_transient
    assert caught.value.identifiers["merchant_uid"] == "order-1"
    assert len(caught.value.evidence) == 2
    assert server.count(CHARGE) == 1


@BOTH
async def test_json_500_leaves_the_outcome_open(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(Json(answer(None, code=-1, message="오류"), 500), on=CHARGE)

    with pytest.raises(OutcomeUnknownError):
        await charge(client)


@BOTH
async def test_charge_that_appears_later_is_found_by_its_second_delivery(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.charges.hide_next(60)
    server.fail(LostAnswer(), on=CHARGE)
    with pytest.raises(OutcomeUnknownError):
        await charge(client)

    server.advance(60)

    assert (await charge(client)).is_paid
    assert server.count(CHARGE) == 1


@BOTH
@pytest.mark.parametrize("status", ["ready", "pending", "reviewing"])
async def test_answer_that_is_neither_paid_nor_failed_is_looked_up(
    server: FakePortOne, client: PortOneClient, charge: Charging, status: str
) -> None:
    body = SAMPLES["again_paid"].body
    response = body["response"] | {"merchant_uid": "order-1", "status": status}
    server.fail(Json(body | {"response": response}), on=CHARGE)

    with pytest.raises(OutcomeUnknownError) as caught:
        await charge(client)

    assert f"is {status}" in str(caught.value)
    assert server.count("/payments/findAll") == 2


@BOTH
async def test_payment_of_another_order_is_not_an_answer(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(Json(SAMPLES["again_paid"].body), on=CHARGE)

    with pytest.raises(OutcomeUnknownError, match="another merchant_uid"):
        await charge(client)


class CancelledMeanwhile:
    """Process the charge, cancel a part of it, and lose the answer."""

    async def meet(self, exchange: Exchange) -> None:
        exchange.reply()
        payments = exchange.account.state(Payments)
        (entry,) = payments.of_order("order-1")
        payments.update(entry.imp_uid, status="cancelled", cancel_amount=100)
        exchange.reset()


@BOTH
async def test_paid_payment_that_was_cancelled_meanwhile_is_not_returned(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.fail(CancelledMeanwhile(), on=CHARGE)

    with pytest.raises(PaymentMismatchError) as caught:
        await charge(client)

    assert [str(each) for each in caught.value.differences] == ["status is cancelled, not paid"]


@BOTH
async def test_charge_that_was_processed_twice_reports_both(
    server: FakePortOne, client: PortOneClient, charge: Charging
) -> None:
    server.charges.refuses_used_numbers = False
    server.fail(Duplicate(), on=CHARGE)
    await charge(client)

    with pytest.raises(ChargedTwiceError) as caught:
        await charge(client)

    assert len(caught.value.payments) == 2


# Arguments

BAD_NUMBERS = ["a/b", "a\\b", "a" * 41, "", ".", "..", "a\n", None, 1]


@BOTH
@pytest.mark.parametrize("number", BAD_NUMBERS, ids=repr)
async def test_number_that_could_not_be_found_again_is_not_sent(
    server: FakePortOne, client: PortOneClient, charge: Charging, number: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="merchant_uid"):
        await charge(client, merchant_uid=number)

    assert not server.requests


@BOTH
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("amount", value) for value in (True, 1.5, "1,000", Decimal("NaN"), -1, 0, None)),
        ("amount", "9900.5"),  # KRW has no decimals.
        *(("tax_free", value) for value in (True, 1.5, -1, 9901)),
        *(("vat_amount", value) for value in (True, 1.5, -1, 9901)),
        ("settle", -1),
        ("settle", float("nan")),
        ("extra_body", {"amount": 1}),
        ("extra_body", {"buyer_name": "이름"}),
        ("extra_body", {"ratio": 1.5}),
        ("name", "\ud800"),
        ("name", b"bytes"),
    ],
    ids=repr,
)
async def test_argument_that_can_never_be_right_is_not_sent(
    server: FakePortOne, client: PortOneClient, charge: Charging, name: str, value: Any
) -> None:
    with pytest.raises(InvalidRequestError):
        await charge(client, **{name: value})

    assert not server.requests


async def test_parts_of_an_amount_may_be_all_of_it(client: PortOneClient) -> None:
    charged = await by_key(client, amount="9.90", currency="USD", tax_free="9.00", vat_amount="0.9")

    assert charged.amount == Decimal("9.90")


async def test_error_keeps_the_digits_of_an_order_number(
    server: FakePortOne, client: PortOneClient
) -> None:
    personal = {"expiry": "2030-12", "birth": "900101", "pwd_2digit": "17", "cvc": "203"}
    number = "ORD-20301217-900101-17"
    server.fail(Json(SAMPLES["again_rejected_minus1"].body), on=ONETIME)

    with pytest.raises(ApiError) as caught:
        await by_card(client, merchant_uid=number, **personal)

    assert caught.value.identifiers == {"merchant_uid": number}
    assert number in str(caught.value)


async def test_error_has_no_card_number_that_an_order_number_has(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(SAMPLES["again_rejected_minus1"].body), on=ONETIME)

    with pytest.raises(ApiError) as caught:
        await by_card(client, merchant_uid="card 1234560000007890")

    assert caught.value.identifiers == {"merchant_uid": "card ***"}


@pytest.mark.parametrize("customer_uid", ["", None, 5])
async def test_key_without_a_name_is_not_sent(
    server: FakePortOne, client: PortOneClient, customer_uid: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="customer_uid"):
        await by_key(client, customer_uid=customer_uid)

    assert not server.requests


async def test_name_of_a_key_may_have_a_slash(server: FakePortOne, client: PortOneClient) -> None:
    server.billing_keys.add(customer_uid="a/b")

    assert (await by_key(client, customer_uid="a/b")).customer_uid == "a/b"


async def test_amount_in_cents_is_exact(server: FakePortOne, client: PortOneClient) -> None:
    payment = await by_key(client, amount="12.30", currency="USD")

    assert payment.amount == Decimal("12.3")
    assert b'"amount":12.3,' in server.requests[-1].body
