"""The refund handler of ``examples/fastapi_app.py``, over HTTP against a fake PortOne."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from portone_async import Payment
from portone_async.testing import FakePortOne, Json, LostAnswer
from tests.support.canaries import BUYER, KEY, SECRET
from tests.support.custom_faults import Hanging, LostForGood, ProcessedThenHanging
from tests.support.examples import EXAMPLES, ROOT, fastapi_served, loaded

CANCEL = "/payments/cancel"
REFUND = "/orders/ORD-PAID/refunds/R-1"


@pytest.fixture(name="payment")
def _payment(server: FakePortOne) -> Payment:
    return server.add(merchant_uid="ORD-PAID", amount=15000, **BUYER)


@pytest.fixture(name="app")
async def _app(server: FakePortOne) -> AsyncIterator[httpx.AsyncClient]:
    example = loaded("fastapi_app")
    example.SETTLE = 0
    async with fastapi_served(example) as url, httpx.AsyncClient(base_url=url, timeout=None) as app:
        yield app


def cancelled(server: FakePortOne) -> list[int]:
    """Return the amounts that the server has cancelled of the order."""
    (entry,) = server.payments.of_order("ORD-PAID")
    return [int(each["amount"]) for each in entry.record.get("cancel_history") or ()]


def posts(server: FakePortOne) -> int:
    return server.count(CANCEL, "POST")


async def test_refund_is_made_once_for_a_repeated_request(
    server: FakePortOne, app: httpx.AsyncClient, payment: Payment
) -> None:
    body = {"amount": "5000", "reason": "returned"}
    answers = [await app.put(REFUND, json=body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json() == {"key": "R-1", "refunded": "5000", "balance": "10000"}
    assert len({answer.text for answer in answers}) == 1
    assert (posts(server), cancelled(server)) == (1, [5000])
    (request,) = (request for request in server.requests if request.path == CANCEL)
    sent = json.loads(request.body)
    assert sent["imp_uid"] == payment.imp_uid
    assert sent["checksum"] == 15000


@pytest.mark.usefixtures("payment")
async def test_two_requests_at_the_same_time_refund_once(
    server: FakePortOne, app: httpx.AsyncClient
) -> None:
    body = {"amount": "all", "reason": "returned"}
    answers = await asyncio.gather(*(app.put(REFUND, json=body) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert (posts(server), cancelled(server)) == (1, [15000])


@pytest.mark.usefixtures("payment")
async def test_another_key_is_another_refund(server: FakePortOne, app: httpx.AsyncClient) -> None:
    for key in ("R-1", "R-10"):
        body = {"amount": "5000", "reason": "returned"}
        assert (await app.put(f"/orders/ORD-PAID/refunds/{key}", json=body)).status_code == 200
    assert cancelled(server) == [5000, 5000]


@pytest.mark.usefixtures("payment")
async def test_lost_answer_is_looked_up(server: FakePortOne, app: httpx.AsyncClient) -> None:
    server.fail(LostAnswer(), on=CANCEL)
    answer = await app.put(REFUND, json={"amount": "5000", "reason": "returned"})
    assert (answer.status_code, answer.json()["refunded"]) == (200, "5000")
    assert (posts(server), cancelled(server)) == (1, [5000])


async def test_unknown_refund_is_a_504_that_may_be_repeated(
    server: FakePortOne, app: httpx.AsyncClient, payment: Payment
) -> None:
    server.fail(LostForGood(server), on=CANCEL)
    first = await app.put(REFUND, json={"amount": "5000", "reason": "returned"})
    server.clear_faults()
    second = await app.put(REFUND, json={"amount": "5000", "reason": "returned"})

    assert (first.status_code, first.json()["error"]) == (504, "OutcomeUnknownError")
    assert second.status_code == 200
    assert (posts(server), cancelled(server)) == (1, [5000])
    assert_public(first, server, payment)


async def test_pending_refund_is_a_202(server: FakePortOne, app: httpx.AsyncClient) -> None:
    payment = server.add(merchant_uid="ORD-PAID", amount=15000, pg_provider="paypal_v2", **BUYER)
    answer = await app.put(REFUND, json={"amount": "all", "reason": "returned"})
    assert (answer.status_code, answer.json()["error"]) == (202, "CancelPendingError")
    assert_public(answer, server, payment)


async def test_pending_refund_is_not_sent_again(
    server: FakePortOne, app: httpx.AsyncClient
) -> None:
    server.add(merchant_uid="ORD-PAID", amount=15000, pg_provider="paypal_v2", **BUYER)
    first, again = [await app.put(REFUND, json={"amount": 1, "reason": "returned"}) for _ in "12"]
    server.advance(server.refunds.pending_seconds)
    made = await app.put(REFUND, json={"amount": 1, "reason": "returned"})

    assert (first.status_code, again.status_code, made.status_code) == (202, 202, 200)
    assert (posts(server), cancelled(server)) == (1, [1])


async def test_refund_that_may_be_pending_is_not_sent_again_after_a_lost_answer(
    server: FakePortOne, app: httpx.AsyncClient
) -> None:
    server.add(merchant_uid="ORD-PAID", amount=15000, pg_provider="paypal_v2", **BUYER)
    server.fail(LostAnswer(), on=CANCEL)
    first, again = [await app.put(REFUND, json={"amount": 1, "reason": "returned"}) for _ in "12"]

    assert (first.status_code, again.status_code) == (504, 202)
    assert posts(server) == 1


async def test_refused_refund_is_a_409(
    server: FakePortOne, app: httpx.AsyncClient, payment: Payment
) -> None:
    refusal = {"code": -1, "message": f"{BUYER['buyer_name']} refused", "response": None}
    server.fail(Json(refusal), on=CANCEL)
    answer = await app.put(REFUND, json={"amount": "all", "reason": "returned"})
    assert (answer.status_code, answer.json()["error"]) == (409, "CancelRefusedError")
    assert_public(answer, server, payment)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/orders/ORD-NONE/refunds/R-1", {"amount": "all", "reason": "r"}, 404),
        ("/orders/ORD-SANDBOX/refunds/R-1", {"amount": "all", "reason": "r"}, 404),
        (REFUND, {}, 422),
        (REFUND, {"reason": "r"}, 422),
        (REFUND, {"amuont": "5000", "reason": "r"}, 422),
        (REFUND, {"amount": "15001", "reason": "r"}, 422),
        (REFUND, {"amount": "0", "reason": "r"}, 422),
        (REFUND, {"amount": "0.5", "reason": "r"}, 422),
        ("/orders/ORD-PAID/refunds/a%20key", {"amount": "all", "reason": "r"}, 422),
    ],
)
async def test_impossible_refund_sends_nothing(
    *,
    server: FakePortOne,
    app: httpx.AsyncClient,
    payment: Payment,
    path: str,
    body: dict[str, str],
    status: int,
) -> None:
    answer = await app.put(path, json=body)
    assert answer.status_code == status
    assert posts(server) == 0
    assert_public(answer, server, payment)


def assert_public(answer: httpx.Response, server: FakePortOne, payment: Payment) -> None:
    """Assert that a response names neither the buyer, nor keys, nor the request to PortOne."""
    secret = (KEY, SECRET, server.url, CANCEL, payment.imp_uid, *BUYER.values())
    assert not [text for text in secret if text in answer.text]


# Killed in the middle


class Process:
    """The app as a process, on a socket that stays open when it is killed."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.set_inheritable(True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        descriptor = self._listener.fileno()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "fastapi_app:app"),
            *("--fd", str(descriptor)),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[descriptor],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(name="process")
async def _process(server: FakePortOne) -> AsyncIterator[Process]:
    process = Process()
    await process.start()
    try:
        yield process
    finally:
        await process.kill()
        process.close()


@pytest.mark.skipif(sys.platform == "win32", reason="the socket is inherited")
@pytest.mark.usefixtures("payment")
@pytest.mark.parametrize("fault", [Hanging, ProcessedThenHanging])
async def test_refund_of_a_killed_app_is_made_once(
    server: FakePortOne, process: Process, fault: type[Hanging]
) -> None:
    body: dict[str, Any] = {"amount": "5000", "reason": "returned"}
    stuck = fault()
    server.fail(stuck, on=CANCEL)
    # Connections wait in the socket's queue until an app accepts them.
    async with httpx.AsyncClient(base_url=process.url, timeout=60, trust_env=False) as staff:
        first = asyncio.create_task(staff.put(REFUND, json=body))
        await stuck.reached()
        await process.kill()
        with pytest.raises(httpx.TransportError):
            await first
        await process.start()
        answers = [await staff.put(REFUND, json=body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == {"key": "R-1", "refunded": "5000", "balance": "10000"}
    assert cancelled(server) == [5000]
    assert posts(server) == (1 if fault is ProcessedThenHanging else 2)
