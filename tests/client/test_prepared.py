"""``client.prepared``: amounts registered before payment."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    Call,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneClient,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.call import Repeat
from portone_async.models.prepared import PreparedPayment
from portone_async.resources.prepared import AlreadyPreparedError, PreparedNotFoundError
from portone_async.testing import FakePortOne, HtmlPage, Json, LostAnswer, Reset, Status
from tests.support.sample_bodies import SAMPLES

URL = "/payments/prepare"


def answer(**fields: Any) -> Json:
    return Json({"code": 0, "message": None, "response": fields})


async def test_create_registers_exact_amount_and_currency(
    server: FakePortOne, client: PortOneClient
) -> None:
    prepared = await client.prepared.create("o", amount=Decimal("10.50"), currency="USD")

    assert prepared == PreparedPayment(merchant_uid="o", amount=Decimal("10.5"), currency="USD")
    assert await client.prepared.get("o") == prepared
    post = server.requests[-2]
    assert (post.method, post.target) == ("POST", URL)
    assert post.body == b'{"merchant_uid":"o","amount":10.5,"currency":"USD"}'


async def test_omitted_parameters_are_not_sent(server: FakePortOne, client: PortOneClient) -> None:
    await client.prepared.create("o", amount="900", extra_body={"newer": [1]})
    await client.prepared.update("o", amount=901)

    assert [json.loads(each.body) for each in server.requests[-2:]] == [
        {"merchant_uid": "o", "amount": 900, "newer": [1]},
        {"merchant_uid": "o", "amount": 901},
    ]


async def test_update_replaces_the_amount(server: FakePortOne, client: PortOneClient) -> None:
    await client.prepared.create("o", amount=900)

    prepared = await client.prepared.update("o", amount=1000, currency="KRW")

    assert prepared.amount == (await client.prepared.get("o")).amount == 1000
    assert (server.requests[-2].method, server.requests[-2].target) == ("PUT", URL)


async def test_same_amount_registered_twice_is_a_success(
    server: FakePortOne, client: PortOneClient
) -> None:
    first = await client.prepared.create("o", amount=900)

    assert await client.prepared.create("o", amount=900, currency="KRW") == first
    assert [each.method for each in server.requests[-3:]] == ["POST", "POST", "GET"]


@pytest.mark.parametrize(("amount", "currency"), [(901, None), (900, "USD")])
async def test_other_registered_amount_is_reported(
    client: PortOneClient, amount: int, currency: str | None
) -> None:
    await client.prepared.create("o", amount=900)

    with pytest.raises(AlreadyPreparedError, match="another amount") as caught:
        await client.prepared.create("o", amount=amount, currency=currency)

    assert caught.value.prepared == await client.prepared.get("o")
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value
    assert caught.value.identifiers == {"merchant_uid": "o"}
    assert not caught.value.is_transient


async def test_code_1_without_a_registered_amount_is_an_api_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json({"code": 1, "message": "기타 오류", "response": None}), on=URL)

    with pytest.raises(ApiError, match="기타 오류") as caught:
        await client.prepared.create("o", amount=900)
    assert type(caught.value) is ApiError


async def test_create_finds_its_amount_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on=URL)

    prepared = await client.prepared.create("o", amount=900)

    assert prepared.amount == 900
    assert server.count(URL, "POST") == 1


@pytest.mark.parametrize("fault", [Reset(), Status(503), HtmlPage(502)])
async def test_create_is_sent_again_if_nothing_is_registered(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)

    assert (await client.prepared.create("o", amount=900)).amount == 900
    assert server.count(URL, "POST") == 2


async def test_lost_answer_with_another_registered_amount_is_reported(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.prepared.create("o", amount=900)
    server.fail(Reset(), on=URL)

    with pytest.raises(AlreadyPreparedError):
        await client.prepared.create("o", amount=1000)


async def test_create_is_unknown_if_no_look_up_is_answered(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(503), times=None, on=URL)

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.prepared.create("o", amount=900, settle=0)

    assert server.count(URL, "POST") == 1
    assert "look-up failed" in str(caught.value)


async def test_update_is_retried_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.prepared.create("o", amount=900)
    server.fail(LostAnswer(), Status(503), on=URL)

    assert (await client.prepared.update("o", amount=901)).amount == 901
    assert server.count(URL, "PUT") == 3


async def test_ensure_registers_compares_and_replaces(
    server: FakePortOne, client: PortOneClient
) -> None:
    methods: list[list[str]] = []
    for amount, currency in ((900, None), (900, None), (901, None), (901, "USD"), (901, "USD")):
        server.clear_requests()
        prepared = await client.prepared.ensure("o", amount=amount, currency=currency)
        assert prepared.amount == amount
        assert prepared.currency == (currency or "KRW")
        methods.append([each.method for each in server.requests if each.path.startswith(URL)])

    assert methods == [
        ["POST"],
        ["POST", "GET"],
        ["POST", "GET", "PUT"],
        ["POST", "GET", "PUT"],
        ["POST", "GET"],
    ]


async def test_ensure_sets_a_currency_that_portone_does_not_return(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.prepared.create("o", amount=900)
    server.fail(answer(merchant_uid="o", amount=900), on=f"{URL}/o")

    await client.prepared.ensure("o", amount=900, currency="KRW")

    assert server.requests[-1].method == "PUT"


async def test_order_number_with_a_slash_is_ensured_without_a_look_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.prepared.ensure("a/b", amount=900)
    with pytest.raises(AlreadyPreparedError) as caught:
        await client.prepared.create("a/b", amount=900)
    assert caught.value.prepared is None
    assert (await client.prepared.ensure("a/b", amount=901)).amount == 901
    assert server.count(URL, "GET") == 0
    with pytest.raises(InvalidRequestError, match="slash"):
        await client.prepared.get("a/b")


async def test_missing_amount_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    with pytest.raises(PreparedNotFoundError) as caught:
        await client.prepared.get("o")
    assert (caught.value.status, caught.value.code) == (404, -1)
    with pytest.raises(PreparedNotFoundError):
        await client.prepared.update("o", amount=1)
    assert server.count(URL) == 2


async def test_404_of_a_gateway_is_not_a_missing_amount(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(404), on=URL)

    with pytest.raises(UnexpectedResponseError):
        await client.prepared.get("o")


async def test_get_is_retried_and_ends_as_an_outage(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(500), times=None, on=URL)

    with pytest.raises(ServerError):
        await client.prepared.get("o")
    assert server.count(URL) > 1


@pytest.mark.parametrize(
    "fields", [{"merchant_uid": "other", "amount": 900}, {"merchant_uid": "o", "amount": 1}]
)
async def test_response_about_another_amount_is_rejected(
    server: FakePortOne, client: PortOneClient, fields: dict[str, Any]
) -> None:
    await client.prepared.create("o", amount=900)
    server.fail(answer(**fields), on=URL)

    with pytest.raises(UnexpectedResponseError, match="another"):
        await client.prepared.update("o", amount=900)


async def test_odd_response_is_read(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(answer(merchant_uid="o", amount="900.0", new={"a": [1]}), on=URL)

    prepared = await client.prepared.get("o")

    assert prepared.amount == 900
    assert prepared.currency is None
    assert prepared.raw["new"] == {"a": [1]}


@pytest.mark.parametrize(
    "amount", [1.5, True, float("nan"), Decimal("Infinity"), "1,000", "", None, -1, [1]]
)
async def test_invalid_amount_is_not_sent(
    server: FakePortOne, client: PortOneClient, amount: Any
) -> None:
    for method in (client.prepared.create, client.prepared.update, client.prepared.ensure):
        with pytest.raises(InvalidRequestError, match="amount"):
            await method("o", amount=amount)
    assert not server.requests


@pytest.mark.parametrize("merchant_uid", ["", "..", "a\n", 5])
async def test_invalid_order_number_is_not_sent(
    server: FakePortOne, client: PortOneClient, merchant_uid: Any
) -> None:
    for method in (client.prepared.create, client.prepared.update):
        with pytest.raises(InvalidRequestError, match="merchant_uid"):
            await method(merchant_uid, amount=1)
    with pytest.raises(InvalidRequestError, match="merchant_uid"):
        await client.prepared.get(merchant_uid)
    assert not server.requests


@pytest.mark.parametrize("name", ["prepare_ok", "prepare_updated_ok"])
async def test_sample_decodes(server: FakePortOne, client: PortOneClient, name: str) -> None:
    sample = SAMPLES[name]
    server.fail(Json(sample.body), on=URL)

    prepared = await client.prepared.get(sample.body["response"]["merchant_uid"])

    assert prepared.raw == sample.body["response"]
    assert not prepared.unreadable


async def test_sample_of_a_duplicate_is_looked_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(SAMPLES["prepare_duplicate_code1"].body), on=URL)

    with pytest.raises(ApiError, match="이미 등록된"):
        await client.prepared.create("o", amount=1)
    assert [each.method for each in server.requests[-2:]] == ["POST", "GET"]


async def test_each_operation_has_its_class_of_repetition(client: PortOneClient) -> None:
    calls: list[Call[Any]] = []

    class Recorder:
        async def call(self, call: Call[Any]) -> Any:
            calls.append(call)
            return PreparedPayment(merchant_uid="o", amount=Decimal(1))

        exclusive = client.exclusive

    prepared = type(client.prepared)(Recorder())
    await prepared.create("o", amount=1)
    await prepared.update("o", amount=1)
    await prepared.get("o")

    assert [call.repeat for call in calls] == [Repeat.GUARDED, Repeat.SET, Repeat.READ]
