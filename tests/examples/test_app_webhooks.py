"""The web apps of the examples, over HTTP: their webhooks."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import closing
from typing import Any

import pytest
from yarl import URL

from portone_async import Payment
from portone_async.testing import (
    Delay,
    Disconnect,
    Exchange,
    FakePortOne,
    Fault,
    HtmlPage,
    Reply,
    Status,
    TooManyRequests,
    Unauthorized,
)
from portone_async.testing.samples import add_samples
from portone_async.webhook import MAX_BODY
from tests.support.canaries import KEY, SECRET
from tests.support.example_apps import BUYER, FORM, JSON, App

NEWS = {"paid": "is paid", "cancelled": "is left", "too many": "too many"}


def hook_of(payment: Payment, **others: str) -> dict[str, str]:
    return {
        "imp_uid": payment.imp_uid,
        "merchant_uid": payment.merchant_uid,
        "status": payment.status.value,
    } | others


def logged(app: App, caplog: pytest.LogCaptureFixture, *words: str) -> list[tuple[int, str]]:
    """Return what the app has logged with one of some words, with its level."""
    lines = [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name == app.example.__name__
    ]
    return [line for line in lines if any(word in line[1] for word in words)]


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
    texts = caplog.text + "".join(answer.text for answer in answers)
    assert not any(value in texts for value in (KEY, SECRET, *BUYER.values()))
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
    (refusal,) = logged(app, caplog, "refused", "no order of this shop")
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
    (refusal,) = logged(app, caplog, "refused (400)")
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
    (refusal,) = logged(app, caplog, "refused (409)")
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
