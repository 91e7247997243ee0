"""``client.payco``: order states."""

from __future__ import annotations

import json

import pytest

from portone_async import (
    ApiError,
    ConnectionFailedError,
    InvalidRequestError,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.models.payco import PaycoStatus
from portone_async.testing import FakePortOne, Json, LostAnswer


async def test_status_is_set(server: FakePortOne, client: PortOneClient) -> None:
    payment = server.add(pg_provider="payco")

    status = await client.payco.set_order_status(
        payment.imp_uid, status="DELIVERY_START", extra_body={"memo": 1}
    )

    assert status == PaycoStatus(status="DELIVERY_START")
    sent = server.requests[-1]
    assert (sent.method, sent.target) == ("POST", f"/payco/orders/status/{payment.imp_uid}")
    assert json.loads(sent.body) == {"status": "DELIVERY_START", "memo": 1}


async def test_unknown_status_is_refused_by_portone(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = server.add(pg_provider="payco")

    with pytest.raises(ApiError, match="but \\[asdf\\]") as caught:
        await client.payco.set_order_status(payment.imp_uid, status="asdf")

    assert caught.value.status == 400
    assert not caught.value.is_transient


async def test_lost_answer_sets_the_same_status_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = server.add(pg_provider="payco")
    server.fail(LostAnswer())

    status = await client.payco.set_order_status(payment.imp_uid, status="CANCELED")

    assert status.status == "CANCELED"
    assert server.count("/payco", "POST") == 2


async def test_lost_answers_end_as_a_transient_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = server.add(pg_provider="payco")
    server.fail(LostAnswer(), times=None)

    with pytest.raises(ConnectionFailedError):
        await client.payco.set_order_status(payment.imp_uid, status="CANCELED")


async def test_unknown_payment_is_an_api_error(server: FakePortOne, client: PortOneClient) -> None:
    with pytest.raises(ApiError) as caught:
        await client.payco.set_order_status("imp_0", status="CANCELED")

    assert caught.value.identifiers == {"imp_uid": "imp_0"}


async def test_odd_response_is_read_in_part(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(Json({"code": 0, "message": None, "response": {"status": 1, "new": "x"}}))

    status = await client.payco.set_order_status("imp_1", status="CANCELED")

    assert (status.status, status.unreadable, status.raw["new"]) == (None, ("status",), "x")


async def test_response_without_an_object_is_unexpected(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json({"code": 0, "message": None, "response": None}))

    with pytest.raises(UnexpectedResponseError):
        await client.payco.set_order_status("imp_1", status="CANCELED")


async def test_invalid_arguments_are_not_sent(server: FakePortOne, client: PortOneClient) -> None:
    with pytest.raises(InvalidRequestError):
        await client.payco.set_order_status("a/b", status="CANCELED")
    with pytest.raises(InvalidRequestError, match="repeats"):
        await client.payco.set_order_status("a", status="CANCELED", extra_body={"status": "x"})

    assert not server.requests
