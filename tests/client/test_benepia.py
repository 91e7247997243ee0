"""``client.benepia``: points and payments, against the fake."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

import pytest

from portone_async import (
    ApiError,
    ChargeFailedError,
    InvalidRequestError,
    OutcomeUnknownError,
    Payment,
    PortOneClient,
)
from portone_async.models.benepia import BenepiaPoints
from portone_async.testing import FakePortOne, Json, LostAnswer, Reset, Status
from tests.support.sample_bodies import SAMPLES

URL = "/benepia/payment"
ACCOUNT: dict[str, Any] = {
    "benepia_user": "user-1",
    "benepia_password": "password-1",
    "channel_key": "channel-1",
}


def pay(client: PortOneClient, **fields: Any) -> Awaitable[Payment]:
    given: dict[str, Any] = {
        "merchant_uid": "order-1",
        "amount": 9900,
        "name": "상품",
        "benepia_member_code": "code-1",
        "settle": 0,
    }
    return client.benepia.pay(**(ACCOUNT | given | fields))


@pytest.fixture(autouse=True)
def _account(server: FakePortOne) -> None:
    server.benepia.add("user-1", "password-1", point=120_000)


async def test_points_are_read(server: FakePortOne, client: PortOneClient) -> None:
    assert await client.benepia.points(**ACCOUNT) == BenepiaPoints(point=120_000)

    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", "/benepia/point")
    assert json.loads(request.body) == ACCOUNT


async def test_sample_of_points_is_returned(server: FakePortOne, client: PortOneClient) -> None:
    sample = SAMPLES["benepia_point_ok"].body
    server.fail(Json(sample), on="/benepia")

    assert (await client.benepia.points(**ACCOUNT)).raw == sample["response"]


async def test_points_are_retried_after_an_outage(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(503), Reset(), on="/benepia")

    assert (await client.benepia.points(**ACCOUNT)).point == 120_000


async def test_wrong_password_is_an_error_and_not_retried(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.benepia.add("user-1", "another")

    with pytest.raises(ApiError) as caught:
        await client.benepia.points(**ACCOUNT)

    assert caught.value.status == 500
    assert not caught.value.is_transient
    assert server.count("/benepia") == 1


async def test_payment_sends_every_parameter(server: FakePortOne, client: PortOneClient) -> None:
    given: dict[str, Any] = {
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
        "buyer_addr": "서울",
        "buyer_postcode": "06234",
        "notice_url": ["https://shop.example/a", "https://shop.example/b"],
        "custom_data": "memo",
    }
    payment = await pay(client, **given, extra_body={"newer": 1})

    assert payment.is_paid
    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", URL)
    assert json.loads(request.body) == {
        **ACCOUNT,
        **given,
        "benepia_member_code": "code-1",
        "merchant_uid": "order-1",
        "amount": 9900,
        "name": "상품",
        "newer": 1,
    }
    assert (await client.benepia.points(**ACCOUNT)).point == 120_000 - 9900


async def test_one_webhook_url_is_sent_as_a_list(
    server: FakePortOne, client: PortOneClient
) -> None:
    await pay(client, notice_url="https://shop.example")

    assert json.loads(server.requests[-1].body)["notice_url"] == ["https://shop.example"]


async def test_payment_without_a_member_code_needs_the_word_test(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(InvalidRequestError, match="test=True"):
        await pay(client, benepia_member_code=None)
    assert not server.requests

    payment = await pay(client, benepia_member_code=None, test=True)

    assert payment.sandbox is True
    assert "benepia_member_code" not in json.loads(server.requests[-1].body)
    assert (await client.benepia.points(**ACCOUNT)).point == 120_000


async def test_member_code_and_the_word_test_exclude_each_other(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(InvalidRequestError, match="test=True"):
        await pay(client, test=True)

    assert not server.requests


async def test_second_delivery_returns_the_paid_payment(
    server: FakePortOne, client: PortOneClient
) -> None:
    assert await pay(client) == await pay(client)
    assert server.count(URL) == 1


async def test_failed_payment_is_an_error_with_it(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.charges.fail_next("한도초과")

    with pytest.raises(ChargeFailedError) as caught:
        await pay(client)

    assert caught.value.payment == await client.payments.find("order-1")


async def test_json_500_is_looked_up_once_and_then_a_refusal(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(ApiError) as caught:
        await pay(client, amount=1_000_000)

    assert caught.value.status == 500
    assert not caught.value.is_transient
    assert server.count(URL) == 1
    assert server.count("/payments/findAll") == 2


class PaidAnd500:
    """Process the payment, and answer 500 in an envelope."""

    async def meet(self, exchange: Any) -> Any:
        exchange.reply()
        return await Json({"code": -1, "message": "오류", "response": None}, 500).meet(exchange)


async def test_json_500_of_a_paid_payment_returns_it(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(PaidAnd500(), on=URL)

    assert (await pay(client)).is_paid
    assert server.count(URL) == 1


async def test_lost_answer_is_looked_up(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(LostAnswer(), on=URL)

    assert (await pay(client)).is_paid
    assert server.count(URL) == 1


@pytest.mark.parametrize("fault", [Reset(), Status(500), Status(503)], ids=repr)
async def test_outcome_without_a_trace_is_unknown_and_not_sent_again(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)

    with pytest.raises(OutcomeUnknownError):
        await pay(client)

    assert server.count(URL) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount", 1.5), ("amount", True), ("merchant_uid", "a/b"), ("merchant_uid", "a" * 41)],
)
async def test_argument_that_can_never_be_right_is_not_sent(
    server: FakePortOne, client: PortOneClient, name: str, value: Any
) -> None:
    with pytest.raises(InvalidRequestError, match=name):
        await pay(client, **{name: value})

    assert not server.requests
