"""``client.convenience_store``: barcodes, issued once and revoked."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    Payment,
    PortOneClient,
)
from portone_async.resources.convenience_store import (
    BarcodeNotFoundError,
    MoneyReceivedError,
    SurplusPaymentsError,
)
from portone_async.testing import FakePortOne, HtmlPage, Json, LostAnswer, Reset, Status

URL = "/cvs"


def issue(client: PortOneClient, merchant_uid: str = "o", **more: Any) -> Awaitable[Payment]:
    required: dict[str, Any] = {"channel_key": "channel-key-1", "amount": 9900}
    return client.convenience_store.issue(merchant_uid, **(required | more))


async def test_barcode_waits_for_its_money(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)

    assert payment.status == "ready"
    assert payment.amount == 9900
    assert payment.raw["barcode"]
    look, post = server.requests[-2:]
    assert (look.method, look.path) == ("GET", "/payments/findAll/o")
    assert (post.method, post.target) == ("POST", URL)
    assert json.loads(post.body) == {
        "channel_key": "channel-key-1",
        "merchant_uid": "o",
        "amount": 9900,
    }
    paid = server.convenience_store.pay(payment.imp_uid)
    assert await client.payments.verify("o", amount=9900) == paid


async def test_issue_sends_every_parameter(server: FakePortOne, client: PortOneClient) -> None:
    texts = {
        "barcode": "880123",
        "name": "상품",
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
        "buyer_addr": "서울",
        "buyer_postcode": "06234",
        "confirm_url": "https://shop.example/confirm",
        "custom_data": "memo",
    }
    payment = await issue(
        client,
        **texts,
        expired_at=datetime(2030, 1, 1, tzinfo=UTC),
        notice_url=["https://shop.example/hook"],
        extra_body={"newer": 1},
    )

    assert json.loads(server.requests[-1].body) == {
        "channel_key": "channel-key-1",
        "merchant_uid": "o",
        "amount": 9900,
        **texts,
        "expired_at": 1893456000,
        "notice_url": ["https://shop.example/hook"],
        "newer": 1,
    }
    assert payment.raw["barcode"] == "880123"


async def test_order_that_was_paid_gets_no_barcode(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="o")

    with pytest.raises(OrderNumberUsedError):
        await issue(client)
    assert server.count(URL) == 0


async def test_lost_answer_issues_one_barcode(server: FakePortOne, client: PortOneClient) -> None:
    earlier = await issue(client)
    server.clear_requests()
    server.fail(LostAnswer(), on=URL)

    payment = await issue(client)

    assert payment.imp_uid != earlier.imp_uid
    assert server.count(URL, "POST") == 1


async def test_issue_without_a_trace_is_unknown(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="o", status="ready", amount=9900, pay_method="card", channel="pc")
    for fault in (Reset(), Status(503), HtmlPage(200)):
        server.clear_requests()
        server.fail(fault, on=URL)
        with pytest.raises(OutcomeUnknownError):
            await issue(client, settle=0)
        assert server.count(URL) == 1


@pytest.mark.parametrize(
    ("found", "fields"),
    [
        (True, {"pay_method": "cvs", "channel": "pc"}),
        (True, {"pay_method": "barcode", "channel": "api"}),
        (False, {"pay_method": "kakaopay", "channel": "pc"}),
        (False, {"pay_method": "vbank", "channel": "api"}),
        (False, {"pay_method": "cvs", "amount": 1}),
    ],
)
async def test_barcode_is_recognized_among_other_payments(
    server: FakePortOne, client: PortOneClient, found: bool, fields: dict[str, Any]
) -> None:
    class Appears(Reset, frozen=True):
        async def meet(self, exchange: Any) -> None:
            server.add(**({"merchant_uid": "o", "status": "ready", "amount": 9900} | fields))
            await super().meet(exchange)

    server.fail(Appears(), on=URL)

    if found:
        assert (await issue(client, settle=0)).status == "ready"
    else:
        with pytest.raises(OutcomeUnknownError):
            await issue(client, settle=0)


async def test_reuse_returns_the_waiting_barcode(
    server: FakePortOne, client: PortOneClient
) -> None:
    first = await issue(client, reuse=True)

    assert await issue(client, reuse=True) == first
    await issue(client)
    with pytest.raises(SurplusPaymentsError) as caught:
        await issue(client, reuse=True)
    assert caught.value.payment == first
    assert server.count(URL) == 2


async def test_refusal_of_portone_is_an_api_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json({"code": -1, "message": "계약 필요", "response": None}), on=URL)

    with pytest.raises(ApiError, match="계약 필요"):
        await issue(client)


@pytest.mark.parametrize(
    "wrong",
    [
        {"merchant_uid": "x" * 41},
        {"amount": 0.5},
        {"amount": 0},
        {"expired_at": 1893456000},
        {"notice_url": 5},
        {"extra_body": {"barcode": "1"}},
    ],
)
async def test_impossible_request_is_not_sent(
    server: FakePortOne, client: PortOneClient, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        await issue(client, **wrong)
    assert not server.requests


# close


async def test_unpaid_barcode_is_revoked_once(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)

    closed = await client.convenience_store.close(payment.imp_uid)

    assert closed.status == "cancelled"
    assert (server.requests[-1].method, server.requests[-1].target) == (
        *("DELETE", f"/cvs/{payment.imp_uid}"),
    )
    # PortOne's answer to a second one is not documented: the payment decides.
    assert await client.convenience_store.close(payment.imp_uid) == closed


async def test_paid_barcode_is_not_revoked(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)
    paid = server.convenience_store.pay(payment.imp_uid)

    with pytest.raises(MoneyReceivedError) as caught:
        await client.convenience_store.close(payment.imp_uid)
    assert caught.value.payment == paid


async def test_unknown_barcode_is_not_found(client: PortOneClient) -> None:
    with pytest.raises(BarcodeNotFoundError):
        await client.convenience_store.close("imp_missing")


@pytest.mark.parametrize(("fault", "deletes"), [(LostAnswer(), 1), (Reset(), 2), (Status(500), 2)])
async def test_close_is_settled_after_an_open_outcome(
    server: FakePortOne, client: PortOneClient, fault: Any, deletes: int
) -> None:
    payment = await issue(client)
    server.fail(fault, on=f"{URL}/")

    assert (await client.convenience_store.close(payment.imp_uid)).status == "cancelled"
    assert server.count(URL, "DELETE") == deletes


async def test_refused_close_of_a_waiting_barcode_is_reported(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(Json({"code": -1, "message": "기타 오류", "response": None}), on=f"{URL}/")

    with pytest.raises(ApiError, match="기타 오류"):
        await client.convenience_store.close(payment.imp_uid)


async def test_identifier_with_a_slash_is_not_sent(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(InvalidRequestError, match="slash"):
        await client.convenience_store.close("a/b")
    assert not server.requests
