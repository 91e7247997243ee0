"""The examples work, over HTTP and as processes."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest
from aiohttp.test_utils import TestServer
from yarl import URL

from portone_async import Payment, Timeouts
from portone_async.testing import (
    Delay,
    Disconnect,
    Exchange,
    ExpiredToken,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Json,
    Reply,
    Status,
    TooManyRequests,
    Unauthorized,
)
from portone_async.testing.samples import add_samples
from portone_async.webhook import MAX_BODY
from tests.support.custom_faults import Hanging
from tests.support.examples import fastapi_served, loaded, ran

KEY = "7700000000000042"
SECRET = "a-planted-secret-of-no-shop"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

BUYER = {
    "name": "검은 운동화",
    "buyer_name": "홍길동",
    "buyer_email": "gildong@example.com",
    "buyer_tel": "010-1234-5678",
    "buyer_addr": "서울시 어딘가",
    "card_number": "123456******7890",
    "vbank_num": "110-222-333333",
    "custom_data": '{"note": "a planted note"}',
}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    """Run a fake PortOne whose address and keys are in the environment."""
    async with FakePortOne(imp_key=KEY, imp_secret=SECRET) as server:
        monkeypatch.setenv("PORTONE_IMP_KEY", KEY)
        monkeypatch.setenv("PORTONE_IMP_SECRET", SECRET)
        monkeypatch.setenv("PORTONE_BASE_URL", server.url)
        monkeypatch.delenv("PORTONE_TIER", raising=False)
        yield server


@pytest.fixture
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEY", "SECRET"):
        monkeypatch.delenv(f"PORTONE_IMP_{name}", raising=False)
    for name in ("BASE_URL", "TIER"):
        monkeypatch.delenv(f"PORTONE_{name}", raising=False)


# The scripts


async def test_look_up_needs_no_account(without_keys: None) -> None:
    status, output, complaints = await ran("look_up.py", "ORD-PAID", "ORD-PARTIAL", "ORD-3")

    assert status == 0
    assert output.splitlines() == [
        "ORD-PAID: paid, 15000 KRW, balance 15000",
        "ORD-PARTIAL: cancelled, 20000 KRW, balance 15000",
        "ORD-3: no payment",
    ]
    assert "fake PortOne" in complaints


async def test_look_up_uses_the_keys_of_the_environment(server: FakePortOne) -> None:
    server.add(merchant_uid="A/1", amount=700, **BUYER)

    status, output, complaints = await ran("look_up.py", "A/1", "..", "ORD-1")

    assert (status, complaints) == (0, "")
    assert output.splitlines() == [
        "A/1: paid, 700 KRW, balance 700",
        "..: not known: merchant_uid must not be '..'",
        "ORD-1: no payment",
    ]


async def test_look_up_reports_a_failure_not_a_missing_payment(server: FakePortOne) -> None:
    server.add(merchant_uid="A-1")
    # So long that the client does not wait for it.
    server.fail(TooManyRequests(retry_after="3600"), on="/payments/find/A-2")
    server.fail(HtmlPage(404), on="/payments/find/A-3")

    status, output, _ = await ran("look_up.py", "A-2", "A-3")

    assert status == 0
    limited, wrong = output.splitlines()
    assert limited == "A-2: not known, ask again later (RateLimitedError)"
    assert wrong.startswith("A-3: not known: GET /payments/find/{merchant_uid}")
    assert "no payment" not in output


async def test_look_up_explains_rejected_keys(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "another-planted-secret")

    status, output, complaints = await ran("look_up.py", *(f"A-{number}" for number in range(50)))

    assert (status, output) == (1, "")
    assert complaints.startswith("ended: POST /users/getToken: 401")
    assert "Traceback" not in complaints
    assert "planted" not in complaints


async def test_look_up_prints_its_usage() -> None:
    status, _, complaints = await ran("look_up.py")

    assert (status, complaints) == (1, "usage: look_up.py ORDER...\n")


async def test_custom_endpoint_needs_no_account(without_keys: None) -> None:
    status, output, complaints = await ran("custom_endpoint.py", "004", "123-45")

    assert (status, output) == (0, "홍길동\n")
    assert "fake PortOne" in complaints


async def test_custom_endpoint_uses_the_keys_of_the_environment(server: FakePortOne) -> None:
    server.fail(ExpiredToken())

    assert await ran("custom_endpoint.py", "004", "123-45") == (0, "홍길동\n", "")
    assert server.count("/vbanks/holder") == 2
    assert server.requests[-1].query == (("bank_code", "004"), ("bank_num", "123-45"))


async def test_custom_endpoint_prints_what_portone_reports(server: FakePortOne) -> None:
    refusal = {"code": -1, "message": "123-45 계좌를 찾을 수 없습니다.", "response": None}
    server.fail(Json(refusal))

    status, output, complaints = await ran("custom_endpoint.py", "004", "123-45")

    assert (status, output) == (1, "")
    assert complaints.startswith("GET /vbanks/holder (bank_code='004'): 200, code -1: *** 계좌를")


# The apps


@asynccontextmanager
async def aiohttp_served(example: Any) -> AsyncGenerator[str, None]:
    async with TestServer(example.create_app()) as server:
        yield str(server.make_url("")).rstrip("/")


Served = Callable[[Any], AbstractAsyncContextManager[str]]
SERVED: dict[str, Served] = {"fastapi_app": fastapi_served, "aiohttp_app": aiohttp_served}


class App:
    """One of the two apps, running, and a visitor of it."""

    def __init__(self, example: Any, url: str, visitor: httpx.AsyncClient) -> None:
        self.example = example
        self.url = url
        self._visitor = visitor

    async def get(self, target: str) -> httpx.Response:
        return await self._visitor.get(self.url + target)

    async def hook(self, fields: dict[str, Any], kind: str = JSON) -> httpx.Response:
        body = urlencode(fields) if kind == FORM else json.dumps(fields)
        return await self.post(body.encode(), kind)

    async def post(self, body: bytes, kind: str = JSON) -> httpx.Response:
        target = f"{self.url}/webhooks/portone"
        return await self._visitor.post(target, content=body, headers={"Content-Type": kind})

    def sell(self, merchant_uid: str, price: int) -> Any:
        """Have an order in the shop."""
        order = self.example.Order(Decimal(price))
        self.example.ORDERS[merchant_uid] = order
        return order

    def events(self, caplog: pytest.LogCaptureFixture, word: str) -> int:
        """How often the app has told of something."""
        return sum(
            record.name == self.example.__name__ and word in record.getMessage()
            for record in caplog.records
        )


@pytest.fixture(params=sorted(SERVED))
async def example(request: pytest.FixtureRequest, server: FakePortOne) -> Any:
    return loaded(request.param)


@pytest.fixture
async def app(example: Any, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    served = SERVED[request.node.callspec.params["example"]]
    # No proxy of this machine's environment comes between.
    async with served(example) as url, httpx.AsyncClient(trust_env=False) as visitor:
        yield App(example, url, visitor)


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

    async with served(example) as url, httpx.AsyncClient(trust_env=False) as visitor:
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

    async with served(example) as url, httpx.AsyncClient(trust_env=False) as visitor:
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


# Webhooks

NEWS = {"paid": "is paid", "cancelled": "is left", "too many": "too many"}


def hook_of(payment: Payment, **others: str) -> dict[str, str]:
    return {
        "imp_uid": payment.imp_uid,
        "merchant_uid": payment.merchant_uid,
        "status": payment.status.value,
    } | others


def told(app: App, caplog: pytest.LogCaptureFixture, *words: str) -> list[tuple[int, str]]:
    """Return what the app has logged with one of some words, with its level."""
    lines = [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name == app.example.__name__
    ]
    return [line for line in lines if any(word in line[1] for word in words)]


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize("kind", [JSON, FORM])
async def test_webhook_of_a_valid_payment_pays_the_order_once(
    server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    order = app.sell("A/1", 1000)
    payment = server.add(merchant_uid="A/1", amount=1000, **BUYER)

    answers = [await app.hook(hook_of(payment), kind) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert (order.state, order.imp_uid) == ("paid", payment.imp_uid)
    assert [app.events(caplog, word) for word in NEWS.values()] == [1, 0, 0]
    told = caplog.text + "".join(answer.text for answer in answers)
    assert not any(value in told for value in (KEY, SECRET, *BUYER.values()))
    # Anybody may ask.
    assert payment.imp_uid not in answers[0].text
    assert "paid" not in answers[0].text


async def test_concurrent_duplicates_pay_the_order_once(
    server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    order = app.sell("A-1", 1000)
    payment = server.add(merchant_uid="A-1", amount=1000)
    server.fail(Delay(0.02), times=5, on="/payments/")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(app.hook(hook_of(payment))) for _ in range(5)]

    assert [task.result().status_code for task in tasks] == [200] * 5
    assert order.state == "paid"
    assert app.events(caplog, NEWS["paid"]) == 1


class Held:
    """An answer that is made, and held back."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.go = threading.Event()

    async def meet(self, exchange: Exchange, /) -> Reply:
        answer = exchange.reply()
        self.came.set()
        assert await asyncio.to_thread(self.go.wait, 60)
        return answer


async def test_later_look_up_wins_over_a_slow_earlier_one(server: FakePortOne, app: App) -> None:
    order = app.sell("A-1", 1000)
    payment = server.add(merchant_uid="A-1", amount=1000)
    await app.hook({**hook_of(payment), "imp_uid": "imp_1"})  # there is a token now
    held = Held()
    server.fail(held)
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(app.hook(hook_of(payment)))
        assert await asyncio.to_thread(held.came.wait, 60)
        server.update(payment.imp_uid, status="cancelled")
        later = group.create_task(app.hook(hook_of(payment)))
        # It waits for the first, or has been answered before it.
        await asyncio.wait([later], timeout=0.05)
        held.go.set()

    assert {slow.result().status_code, later.result().status_code} == {200}
    assert order.state == "cancelled"


@pytest.mark.parametrize("given_back", [1000, 300])
async def test_refund_cancels_the_order_once(
    server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture, given_back: int
) -> None:
    order = app.sell("A-1", 1000)
    payment = server.add(merchant_uid="A-1", amount=1000)
    await app.hook(hook_of(payment))
    server.update(payment.imp_uid, status="cancelled", cancel_amount=given_back)

    # What the hook says is hearsay: that it is paid, here.
    answers = [await app.hook(hook_of(payment)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200] * 2
    assert order.state == "cancelled"
    assert app.events(caplog, NEWS["cancelled"]) == 1
    assert app.events(caplog, f"{1000 - given_back} is left") == 1


@pytest.mark.parametrize("status", ["ready", "failed", "cancelled"])
async def test_invalid_payment_leaves_the_order_open(
    server: FakePortOne, app: App, status: str
) -> None:
    order = app.sell("A-1", 1000)
    payment = server.add(merchant_uid="A-1", amount=1000, status=status)

    answer = await app.hook(hook_of(payment, status="paid"))

    assert (answer.status_code, order.state) == (200, "open")


async def test_second_payment_is_reported_and_pays_nothing(
    server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    order = app.sell("A-1", 1000)
    first, second = (server.add(merchant_uid="A-1", amount=1000) for _ in range(2))
    await app.hook(hook_of(first))

    assert (await app.hook(hook_of(second))).status_code == 200
    server.update(second.imp_uid, status="cancelled")
    assert (await app.hook(hook_of(second))).status_code == 200

    # That the second was given back takes nothing from the first.
    assert (order.state, order.imp_uid) == ("paid", first.imp_uid)
    assert [app.events(caplog, word) for word in NEWS.values()] == [1, 0, 1]


@pytest.mark.parametrize(
    ("fields", "hook", "status"),
    [
        ({}, {"imp_uid": "imp_000000000000"}, 404),
        ({}, {"merchant_uid": "B-9"}, 404),
        ({}, {"merchant_uid": "B-1"}, 409),
        ({"amount": 999}, {}, 409),
        ({"currency": "USD"}, {}, 409),
        ({"sandbox": True}, {}, 409),
        ({"status": "ready", "amount": 1}, {}, 409),
    ],
    ids=["forged", "unknown order", "another order", "amount", "currency", "test", "ready"],
)
async def test_webhook_without_an_order_changes_nothing(
    *,
    server: FakePortOne,
    app: App,
    caplog: pytest.LogCaptureFixture,
    fields: dict[str, Any],
    hook: dict[str, str],
    status: int,
) -> None:
    orders = [app.sell("A-1", 1000), app.sell("B-1", 1000)]
    payment = server.add(**{"merchant_uid": "A-1", "amount": 1000} | BUYER | fields)

    answer = await app.hook(hook_of(payment) | hook)

    assert answer.status_code == status
    assert [order.state for order in orders] == ["open", "open"]
    # What the payment says otherwise is not for who sent this.
    assert not any(value in answer.text for value in (*BUYER.values(), "999", "1000", "USD"))
    assert not any(value in caplog.text for value in BUYER.values())
    # The log names what was refused.
    (refusal,) = told(app, caplog, "refused", "no order of this shop")
    assert (hook_of(payment) | hook)["imp_uid" if "imp_uid" in hook else "merchant_uid"] in refusal[
        1
    ]
    assert refusal[0] == (logging.INFO if "imp_uid" in hook else logging.WARNING)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"imp_uid": 1, "merchant_uid": "A-1", "status": "paid"}', JSON),
        (b"imp_uid=imp_1&status=paid", FORM),
        (b'{"imp_uid": "imp_1", "merchant_uid": "A-1", "status": "paid"}', FORM),
        (b" " * (MAX_BODY + 1), JSON),
        (b"x" * 3_000_000, JSON),
    ],
)
async def test_invalid_webhook_is_rejected_without_a_look_up(
    *, server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture, body: bytes, kind: str
) -> None:
    app.sell("A-1", 1000)

    answer = await app.post(body, kind)

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidWebhookError")
    assert server.count("/") == 0
    (refusal,) = told(app, caplog, "refused (400)")
    assert refusal[0] == logging.WARNING


async def test_sample_orders_match_the_payments_of_the_fake(
    server: FakePortOne, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    add_samples(server)
    async with server.client() as client:
        hooks = {order: hook_of(await client.payments.find(order)) for order in app.example.ORDERS}

    answers = {order: (await app.hook(hook)).status_code for order, hook in hooks.items()}

    assert answers == {"ORD-PAID": 200, "ORD-SANDBOX": 409}
    assert app.example.ORDERS["ORD-PAID"].state == "paid"
    (refusal,) = told(app, caplog, "refused (409)")
    assert "merchant_uid='ORD-SANDBOX'" in refusal[1]
    assert "sandbox" in refusal[1]


async def test_endless_body_is_rejected_early(app: App) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(app.url).port)
    with closing(writer):
        writer.write(
            b"POST /webhooks/portone HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        piece = b" " * (MAX_BODY // 2)
        for _ in range(3):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()

        # There is more to come, and yet this is the answer.
        async with asyncio.timeout(60):
            assert b" 400 " in await reader.readline()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "fault", [Status(503), Disconnect(), TooManyRequests("0"), HtmlPage(404), Unauthorized()]
)
async def test_outage_leaves_the_order_and_requests_redelivery(
    server: FakePortOne, app: App, fault: Fault
) -> None:
    order = app.sell("A-1", 1000)
    payment = server.add(merchant_uid="A-1", amount=1000)
    server.fail(fault, times=None)

    # Only after a 5xx does PortOne send again.
    assert (await app.hook(hook_of(payment))).status_code >= 500
    assert order.state == "open"

    server.clear_faults()
    assert (await app.hook(hook_of(payment))).status_code == 200
    assert order.state == "paid"
