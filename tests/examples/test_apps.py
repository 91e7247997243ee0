"""The web apps of the examples, over HTTP: look-ups, failures, logs and shutdown."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp.test_utils import TestServer
from yarl import URL

from portone_async import Timeouts
from portone_async.testing import (
    Disconnect,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Json,
    Status,
    TooManyRequests,
    Unauthorized,
)
from tests.support.canaries import KEY, SECRET
from tests.support.custom_faults import Hanging
from tests.support.example_apps import BUYER, SERVED, App, aiohttp_served
from tests.support.examples import loaded


async def test_payment_is_returned_without_its_buyer(server: FakePortOne, app: App) -> None:
    payment = server.add(
        merchant_uid="A-1", status="cancelled", amount=20000, cancel_amount=5000, **BUYER
    )
    assert payment.paid_at is not None

    answer = await app.get("/orders/A-1/payment")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "merchant_uid": "A-1",
        "status": "cancelled",
        "amount": "20000",
        "balance": "15000",
        "currency": "KRW",
        "paid_at": payment.paid_at.isoformat().replace("+00:00", "Z"),
    }
    assert not any(value in answer.text for value in BUYER.values())


@pytest.mark.parametrize(
    ("order", "target"),
    [
        ("2026/11/23-1", "/orders/2026%2F11%2F23-1/payment"),
        ("2026/11/23-1", "/orders/2026/11/23-1/payment"),
        ("A/payment", "/orders/A%2Fpayment/payment"),
        ("주문 1+1?#%2F", "/orders/%EC%A3%BC%EB%AC%B8%201+1%3F%23%252F/payment"),
    ],
)
async def test_any_order_number_reaches_portone_unchanged(
    server: FakePortOne, app: App, order: str, target: str
) -> None:
    server.add(merchant_uid=order, amount=1)
    # httpx sends a target as it is given; what it quotes itself is not at issue here.
    async with aiohttp.ClientSession() as visitor:
        answer = await visitor.get(URL(app.url + target, encoded=True))
        async with answer:
            assert (await answer.json())["merchant_uid"] == order


async def test_status_can_be_requested(server: FakePortOne, app: App) -> None:
    server.add(merchant_uid="A-1", amount=1000)
    server.add(merchant_uid="A-1", status="ready")

    assert (await app.get("/orders/A-1/payment?status=paid")).json()["status"] == "paid"
    assert (await app.get("/orders/A-1/payment")).json()["status"] == "ready"


@pytest.mark.parametrize(
    ("target", "faults", "status", "error"),
    [
        ("/orders/B-1/payment", (), 404, "PaymentNotFoundError"),
        ("/orders/A-1/payment?status=failed", (), 404, "PaymentNotFoundError"),
        ("/orders/A-1/payment?status=not%20a%20word", (), 422, "InvalidRequestError"),
        ("/orders/A-1/payment", (TooManyRequests("7"),), 503, "RateLimitedError"),
        ("/orders/A-1/payment", (Status(500), Status(503)), 503, "TransientError"),
        ("/orders/A-1/payment", (Disconnect(), HtmlPage(200)), 503, "TransientError"),
        ("/orders/A-1/payment", (HtmlPage(404),), 502, "PortOneError"),
        ("/orders/A-1/payment", (Unauthorized(), Unauthorized()), 502, "PortOneError"),
        ("/orders/A-1/payment", (Json({"code": 0, "response": {}}),), 502, "PortOneError"),
    ],
)
async def test_each_failure_has_a_status_and_a_public_message(
    *,
    server: FakePortOne,
    app: App,
    target: str,
    faults: tuple[Fault, ...],
    status: int,
    error: str,
) -> None:
    server.add(merchant_uid="A-1", **BUYER)
    if faults:
        server.fail(*faults)

    answer = await app.get(target)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json().keys() == {"error", "message"}
    assert answer.headers["Content-Type"] == "application/json"
    # Neither the request to PortOne, nor its response, nor the buyer.
    for inner in (KEY, SECRET, server.url, "getToken", "find", "<html", *BUYER.values()):
        assert inner not in answer.text


async def test_request_ends_with_the_timeout_of_the_app(
    server: FakePortOne, example: Any, request: pytest.FixtureRequest
) -> None:
    server.fail(Hang(), times=None)
    example.TIMEOUTS = Timeouts(total=1)
    served = SERVED[request.node.callspec.params["example"]]

    async with served(example) as url, httpx.AsyncClient(timeout=None, trust_env=False) as visitor:
        answer = await visitor.get(f"{url}/orders/A-1/payment")

    assert (answer.status_code, answer.json()["error"]) == (504, "TimeoutError")
    assert server.count("/payments/find") == 1


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        (TooManyRequests("7"), "7"),
        (Status(503, headers={"Retry-After": "30"}), "30"),
        (Status(503), None),
    ],
)
async def test_retry_after_is_passed_on(
    server: FakePortOne, app: App, fault: Fault, header: str | None
) -> None:
    server.fail(fault, times=2)

    answer = await app.get("/orders/A-1/payment")

    assert answer.status_code == 503
    assert answer.headers.get("Retry-After") == header


async def test_one_fault_is_not_visible_to_visitors(server: FakePortOne, app: App) -> None:
    server.add(merchant_uid="A-1")
    server.fail(Status(503))

    assert (await app.get("/orders/A-1/payment")).status_code == 200


async def test_log_has_the_details_that_visitors_do_not_see(
    server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    server.add(merchant_uid="A-1", **BUYER)
    server.fail(HtmlPage(404))

    await app.get("/orders/A-1/payment")
    await app.get("/orders/B-1/payment")

    logged = [record for record in caplog.records if record.name == app.example.__name__]
    # A missing payment is an ordinary answer.
    assert [record.levelno for record in logged] == [logging.WARNING, logging.INFO]
    for record, order in zip(logged, ("A-1", "B-1"), strict=True):
        request = f"GET /payments/find/{{merchant_uid}} (merchant_uid='{order}'): "
        assert request in record.getMessage()
        assert "404" in record.getMessage()
    assert not any(value in caplog.text for value in (KEY, SECRET, *BUYER.values()))


async def test_visitors_share_one_token(server: FakePortOne, app: App) -> None:
    server.add(merchant_uid="A-1")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(app.get("/orders/A-1/payment")) for _ in range(10)]

    assert {task.result().status_code for task in tasks} == {200}
    assert server.count("/users/getToken") == 1


async def test_client_is_closed_with_the_app(
    server: FakePortOne,
    example: Any,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients: list[Any] = []
    real = example.PortOneClient.from_env

    def noted(**options: Any) -> Any:
        clients.append(real(**options))
        return clients[-1]

    monkeypatch.setattr(example.PortOneClient, "from_env", noted)
    served = SERVED[request.node.callspec.params["example"]]

    async with served(example) as url, httpx.AsyncClient(timeout=None, trust_env=False) as visitor:
        await visitor.get(f"{url}/orders/A-1/payment")
        await visitor.get(f"{url}/orders/A-1/payment")
        assert [" closed" in repr(client) for client in clients] == [False]

    assert [" closed" in repr(client) for client in clients] == [True]


async def test_app_without_keys_does_not_start(without_keys: None) -> None:
    example = loaded("aiohttp_app")

    with pytest.raises(example.InvalidRequestError, match="PORTONE_IMP_KEY is not set"):
        async with aiohttp_served(example):
            pass


async def test_look_up_is_cancelled_when_the_visitor_leaves(server: FakePortOne) -> None:
    server.add(merchant_uid="A-1")
    hanging = Hanging()
    server.fail(hanging)
    example = loaded("aiohttp_app")
    example.TIMEOUTS = Timeouts(total=None, attempt=None)
    # As run_app() has it in the example.
    async with (
        TestServer(example.create_app(), handler_cancellation=True) as app,
        aiohttp.ClientSession(app.make_url("")) as visitor,
    ):
        impatient = asyncio.create_task(_visited(visitor))
        await hanging.reached()
        impatient.cancel()
        await hanging.left()

        assert await _visited(visitor) == 200


async def _visited(visitor: aiohttp.ClientSession) -> int:
    async with visitor.get("/orders/A-1/payment") as answer:
        return answer.status
