"""``client.escrow``: deliveries of escrow payments."""

from __future__ import annotations

import json
import pickle
from collections.abc import Awaitable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneClient,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.models.escrow import (
    EscrowAddress,
    EscrowDelivery,
    EscrowLogis,
    EscrowProduct,
    EscrowReceiver,
    EscrowSender,
)
from portone_async.resources.escrow import DeliveryRegisteredError, EscrowNotFoundError
from portone_async.testing import FakePortOne, HtmlPage, Json, LostAnswer, Reset, Status
from tests.support.sample_bodies import SAMPLES

URL = "/escrows/logis/imp_1"
SENT = datetime(2026, 3, 1, tzinfo=UTC)
SENDER = EscrowSender(name="홍길동", tel="02-1", addr="서울", postcode="06234")
RECEIVER = EscrowReceiver(name="김철수", tel="010-2", addr="부산", postcode="48000")
LOGIS = EscrowLogis(company="CJGLS", invoice="000000000001", sent_at=SENT)


def register(client: PortOneClient, **more: Any) -> Awaitable[EscrowDelivery]:
    required: dict[str, Any] = {"sender": SENDER, "receiver": RECEIVER, "logis": LOGIS}
    return client.escrow.register("imp_1", **(required | more))


def update(client: PortOneClient, **more: Any) -> Awaitable[EscrowDelivery]:
    required: dict[str, Any] = {"sender": SENDER, "receiver": RECEIVER, "logis": LOGIS}
    return client.escrow.update("imp_1", **(required | more))


@pytest.fixture(autouse=True)
def _paid(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", escrow=True, pay_method="trans")


async def test_delivery_is_registered_and_read(server: FakePortOne, client: PortOneClient) -> None:
    delivery = await register(client)

    assert (delivery.company, delivery.invoice, delivery.sent_at) == (
        *("CJGLS", "000000000001", SENT),
    )
    assert delivery.applied_at is not None
    assert await client.escrow.get("imp_1") == delivery
    post = server.requests[-2]
    assert (post.method, post.target) == ("POST", URL)
    assert json.loads(post.body) == {
        "sender": {"name": "홍길동", "tel": "02-1", "addr": "서울", "postcode": "06234"},
        "receiver": {"name": "김철수", "tel": "010-2", "addr": "부산", "postcode": "48000"},
        "logis": {"company": "CJGLS", "invoice": "000000000001", "sent_at": 1772323200},
    }


async def test_register_sends_every_parameter(server: FakePortOne, client: PortOneClient) -> None:
    lines = EscrowAddress(address_line_1="테헤란로 1", address_line_2="101호")
    await register(
        client,
        sender=EscrowSender(name="홍", relationship="본인", formed_address=lines),
        receiver={"name": "김", "formed_address": {"address_line_1": "길 1"}},
        logis=EscrowLogis(
            company="HANJIN", invoice="1", sent_at=SENT, receiving_at="20260303", address="서울"
        ),
        products=[
            EscrowProduct(
                id="p-1",
                name="책",
                amount=Decimal("10.50"),
                code="B1",
                currency="USD",
                quantity=2,
                tag="도서",
            ),
            {"id": "p-2", "name": "펜", "amount": 1000},
        ],
        send_email=False,
        extra_body={"newer": 1},
    )

    body = server.requests[-1].body
    assert b'"amount":10.5,' in body
    assert json.loads(body) == {
        "sender": {
            "name": "홍",
            "relationship": "본인",
            "formed_address": {"address_line_1": "테헤란로 1", "address_line_2": "101호"},
        },
        "receiver": {"name": "김", "formed_address": {"address_line_1": "길 1"}},
        "logis": {
            "company": "HANJIN",
            "invoice": "1",
            "sent_at": 1772323200,
            "receiving_at": "20260303",
            "address": "서울",
        },
        "products": [
            {
                "id": "p-1",
                "name": "책",
                "amount": 10.5,
                "code": "B1",
                "currency": "USD",
                "quantity": 2,
                "tag": "도서",
            },
            {"id": "p-2", "name": "펜", "amount": 1000},
        ],
        "send_email": False,
        "newer": 1,
    }


async def test_update_replaces_the_delivery(server: FakePortOne, client: PortOneClient) -> None:
    await register(client)
    logis = EscrowLogis(company="EPOST", invoice="2", sent_at=SENT)

    delivery = await update(client, logis=logis, products=[{"id": "p", "name": "n", "amount": 1}])

    assert (delivery.company, delivery.invoice) == ("EPOST", "2")
    assert await client.escrow.get("imp_1") == delivery
    assert (server.requests[-2].method, server.requests[-2].target) == ("PUT", URL)
    assert json.loads(server.requests[-2].body)["products"] == [
        {"id": "p", "name": "n", "amount": 1}
    ]


async def test_unknown_courier_becomes_etc(client: PortOneClient) -> None:
    logis = EscrowLogis(company="NEWPOST", invoice="1", sent_at=SENT)

    assert (await register(client, logis=logis)).company == "ETC"
    assert (await register(client, logis=logis)).company == "ETC"


async def test_payment_without_a_delivery_is_not_found(client: PortOneClient) -> None:
    with pytest.raises(EscrowNotFoundError) as caught:
        await client.escrow.get("imp_1")
    assert caught.value.status == 409


async def test_unknown_payment_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    server.remove("imp_1")

    for attempt in (client.escrow.get("imp_1"), register(client), update(client)):
        with pytest.raises(EscrowNotFoundError) as caught:
            await attempt
        assert caught.value.status == 404


async def test_404_of_a_gateway_is_not_a_missing_delivery(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(404), on=URL)

    with pytest.raises(UnexpectedResponseError):
        await client.escrow.get("imp_1")


# A second delivery


async def test_registering_twice_returns_the_delivery(
    server: FakePortOne, client: PortOneClient
) -> None:
    delivery = await register(client)

    assert await register(client) == delivery
    assert [each.method for each in server.requests[-3:]] == ["POST", "POST", "GET"]


@pytest.mark.parametrize("other", [{"company": "EPOST"}, {"invoice": "2"}])
async def test_other_delivery_is_reported(client: PortOneClient, other: dict[str, Any]) -> None:
    delivery = await register(client)
    logis = {"company": "CJGLS", "invoice": "000000000001", "sent_at": SENT} | other

    with pytest.raises(DeliveryRegisteredError, match="another delivery") as caught:
        await register(client, logis=logis)

    assert caught.value.delivery == delivery
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value
    assert (caught.value.status, caught.value.code) == (409, -1)


async def test_payment_without_escrow_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.update("imp_1", escrow=False)

    with pytest.raises(ApiError, match="등록할 수 없습니다") as caught:
        await register(client)
    assert type(caught.value) is ApiError
    assert caught.value.status == 409


async def test_unsupported_pg_is_refused(server: FakePortOne, client: PortOneClient) -> None:
    server.update("imp_1", pg_provider="nice")

    for attempt in (client.escrow.get("imp_1"), register(client), update(client)):
        with pytest.raises(ApiError, match="지원되지 않는") as caught:
            await attempt
        assert caught.value.status == 400


async def test_delivery_that_cannot_be_changed_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.update("imp_1", pg_provider="nice_v2")
    await register(client)

    with pytest.raises(ApiError) as caught:
        await update(client)
    assert not isinstance(caught.value, EscrowNotFoundError)
    assert caught.value.status == 409


async def test_500_in_an_envelope_is_a_verdict(server: FakePortOne, client: PortOneClient) -> None:
    trouble = Json({"code": -1, "message": "오류", "response": None}, status=500)
    for attempt in (client.escrow.get("imp_1"), register(client), update(client)):
        server.fail(trouble, on=URL)
        with pytest.raises(ApiError) as caught:
            await attempt
        assert not isinstance(caught.value, ServerError)
    assert server.count(URL) == 3


# Open outcomes


async def test_register_finds_its_delivery_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on=URL)

    assert (await register(client)).invoice == "000000000001"
    assert server.count(URL, "POST") == 1


@pytest.mark.parametrize("fault", [Reset(), Status(503), HtmlPage(500)])
async def test_register_is_sent_again_if_nothing_is_registered(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)

    assert (await register(client)).company == "CJGLS"
    assert server.count(URL, "POST") == 2


async def test_lost_answer_with_another_delivery_is_reported(
    server: FakePortOne, client: PortOneClient
) -> None:
    await register(client)
    server.fail(Reset(), on=URL)

    with pytest.raises(DeliveryRegisteredError):
        await register(client, logis={"company": "EPOST", "invoice": "2", "sent_at": SENT})


async def test_delivery_that_is_shown_late_ends_unknown(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.escrow.visible_after = 1800
    server.fail(LostAnswer(), on=URL)

    with pytest.raises(OutcomeUnknownError) as caught:
        await register(client, settle=0)

    assert "409 for a repetition" in str(caught.value)
    server.advance(1801)
    assert (await register(client)).invoice == "000000000001"


async def test_first_409_without_a_delivery_is_a_refusal(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.escrow.visible_after = 1800
    await register(client)

    with pytest.raises(ApiError) as caught:
        await register(client)
    assert caught.value.status == 409


async def test_register_is_unknown_if_no_look_up_is_answered(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on=URL)
    server.fail(Status(503), times=None, on=URL)

    with pytest.raises(OutcomeUnknownError):
        await register(client, settle=0)


async def test_update_is_repeated_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    await register(client)
    server.fail(LostAnswer(), Status(503), on=URL)

    assert (await update(client)).company == "CJGLS"
    assert server.count(URL, "PUT") == 3


# Requests and responses


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "홍길동"},
        {"logis": {"company": "CJGLS", "invoice": "1", "sent_at": 1.5}},
        {"logis": {"company": "CJGLS", "invoice": "1", "sent_at": datetime(2026, 3, 1)}},  # noqa: DTZ001 (without a time zone)
        {"products": [{"id": "p", "name": "n", "amount": 0.5}]},
        {"products": "book"},
        {"products": ["book"]},
        {"extra_body": {"logis": {}}},
    ],
)
async def test_impossible_request_is_not_sent(
    server: FakePortOne, client: PortOneClient, wrong: dict[str, Any]
) -> None:
    for method in (register, update):
        with pytest.raises(InvalidRequestError):
            await method(client, **wrong)
    assert not server.requests


@pytest.mark.parametrize("imp_uid", ["", "..", "a/b"])
async def test_identifier_that_is_unsafe_in_a_path_is_not_sent(
    server: FakePortOne, client: PortOneClient, imp_uid: str
) -> None:
    with pytest.raises(InvalidRequestError):
        await client.escrow.get(imp_uid)
    assert not server.requests


def test_people_are_in_no_repr() -> None:
    address = EscrowAddress(address_line_1="테헤란로 1")
    sender = EscrowSender(name="홍길동", tel="010", formed_address=address)
    logis = EscrowLogis(company="CJGLS", invoice="1", sent_at=SENT, address="서울")
    product = EscrowProduct(id="p", name="책", amount=1)

    assert repr(sender) == "EscrowSender()"
    assert repr(address) == "EscrowAddress()"
    assert "서울" not in repr(logis)
    assert "책" not in repr(product)


async def test_odd_delivery_is_read(server: FakePortOne, client: PortOneClient) -> None:
    odd: dict[str, Any] = {"company": 5, "invoice": None, "sent_at": "1772331300", "new": {}}
    server.fail(Json({"code": 0, "message": None, "response": odd}), on=URL)

    delivery = await client.escrow.get("imp_1")

    assert (delivery.company, delivery.invoice, delivery.applied_at) == (None, None, None)
    assert delivery.sent_at == datetime(2026, 3, 1, 2, 15, tzinfo=UTC)
    assert delivery.unreadable == ("company",)
    assert delivery.raw == odd


async def test_sample_decodes(server: FakePortOne, client: PortOneClient) -> None:
    sample = SAMPLES["escrow_logis_ok"].body
    server.fail(Json(sample), on=URL)

    delivery = await client.escrow.get("imp_1")

    assert delivery.raw == sample["response"]
    assert not delivery.unreadable


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("escrow_no_payment_404", EscrowNotFoundError),
        ("escrow_not_allowed_409", ApiError),
        ("escrow_pg_not_supported_400", ApiError),
    ],
)
async def test_sample_of_a_refusal_has_its_error(
    server: FakePortOne, client: PortOneClient, name: str, error: type[ApiError]
) -> None:
    sample = SAMPLES[name]
    server.fail(Json(sample.body, status=sample.status), on=URL)

    with pytest.raises(error) as caught:
        await register(client)
    assert type(caught.value) is error
    assert caught.value.message == sample.body["message"]
