"""Faults on order: each as a client on the wire meets it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import aiohttp
import pytest

from portone_async.testing import (
    Body,
    CutBody,
    Delay,
    Disconnect,
    Exchange,
    ExpiredToken,
    FakePortOne,
    Hang,
    HtmlPage,
    Json,
    Reply,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
)

UNAUTHORIZED = b'{"code":-1,"message":"Unauthorized","response":null}'


class HttpReply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


@pytest.fixture
async def server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        server.add(merchant_uid="o", amount=1000)
        yield server


async def ask(server: FakePortOne, target: str = "/payments/find/o") -> HttpReply:
    headers = {"Authorization": server.token or server.issue_token()}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.get(target) as reply,
    ):
        return HttpReply(reply.status, reply.headers, await reply.read())


async def statuses(server: FakePortOne, number: int) -> list[int]:
    return [(await ask(server)).status for _ in range(number)]


async def get_token(server: FakePortOne) -> int:
    pair = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.post("/users/getToken", json=pair) as reply,
    ):
        return reply.status


async def on_the_wire(server: FakePortOne) -> bytes:
    """All that comes back on one connection, until it ends."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        token = server.issue_token()
        writer.write(
            f"GET /payments/find/o HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
        )
        return await reader.read()
    finally:
        writer.close()


# The script


async def test_a_fault_is_met_once_and_then_all_is_well(server: FakePortOne) -> None:
    server.fail(Status(503))
    assert await statuses(server, 3) == [503, 200, 200]


async def test_several_faults_are_met_one_after_another(server: FakePortOne) -> None:
    server.fail(Status(502), Status(503))
    assert await statuses(server, 3) == [502, 503, 200]


async def test_times_plays_the_whole_row_again(server: FakePortOne) -> None:
    server.fail(Status(503), times=2)
    server.fail(Status(500), Status(502), times=2)
    assert await statuses(server, 7) == [503, 503, 500, 502, 500, 502, 200]


async def test_without_times_only_heal_ends_it(server: FakePortOne) -> None:
    server.fail(Status(502), Status(503), times=None)
    assert await statuses(server, 4) == [502, 503, 502, 503]
    server.clear_faults()
    assert await statuses(server, 2) == [200, 200]


async def test_heal_drops_what_was_not_met_yet(server: FakePortOne) -> None:
    server.fail(Status(503), times=5)
    server.fail(Status(503), on="/users/getToken")
    server.clear_faults()
    assert await statuses(server, 1) == [200]
    assert await get_token(server) == 200


async def test_only_paths_that_begin_so_meet_the_fault(server: FakePortOne) -> None:
    server.add(merchant_uid="주문")
    server.fail(Status(503), on="/payments/find/주")

    assert await statuses(server, 1) == [200]
    assert (await ask(server, "/payments/find/%EC%A3%BC%EB%AC%B8")).status == 503
    assert (await ask(server, "/payments/find/%EC%A3%BC%EB%AC%B8")).status == 200


async def test_a_request_for_a_token_meets_a_fault_only_when_told_to(server: FakePortOne) -> None:
    server.fail(Status(503))
    assert await get_token(server) == 200
    assert await statuses(server, 1) == [503]

    server.fail(Status(502), on="/users/getToken")
    assert await statuses(server, 1) == [200]
    assert await get_token(server) == 502
    assert await get_token(server) == 200


async def test_nothing_to_fail_with_is_an_error(server: FakePortOne) -> None:
    with pytest.raises(ValueError, match="needs a fault"):
        server.fail()
    with pytest.raises(ValueError, match="beginning of a path"):
        server.fail(Hang(), on="payments")


async def test_anything_with_meet_is_a_fault(server: FakePortOne) -> None:
    class Teapot:
        async def meet(self, exchange: Exchange) -> Reply:
            assert exchange.request.path == "/payments/find/o"
            assert exchange.reply().status == 200
            return Reply(418, b"short and stout")

    server.fail(Teapot())
    reply = await ask(server)
    assert (reply.status, reply.body) == (418, b"short and stout")


@pytest.mark.parametrize("error", [AssertionError, TimeoutError])
async def test_a_fault_that_breaks_is_logged_and_answered_with_500(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    class Broken:
        async def meet(self, _: Exchange) -> Reply:
            raise error("of its own")

    server.fail(Broken())
    assert await statuses(server, 2) == [500, 200]
    assert [request.status for request in server.requests] == [500, 200]
    assert "Broken failed on RecordedRequest(GET /payments/find/o -> None)" in caplog.text
    assert "of its own" in caplog.text
    server.errors.clear()


# The faults


@pytest.mark.parametrize("status", [403, 500, 502, 503, 504, 599])
async def test_a_bare_status_comes_with_a_page_of_apache(server: FakePortOne, status: int) -> None:
    server.fail(Status(status))
    reply = await ask(server)

    assert reply.status == status
    assert reply.headers["Content-Type"] == "text/html; charset=iso-8859-1"
    assert (reply.body.decode()).startswith('<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">')
    assert f"<title>{status} " in reply.body.decode()


@pytest.mark.parametrize(
    ("body", "sent"), [("꽉 참", "꽉 참".encode()), (b"\xff", b"\xff"), ("", b"")]
)
async def test_a_status_may_have_a_body_and_headers(
    server: FakePortOne, body: str | bytes, sent: bytes
) -> None:
    server.fail(Status(503, body, {"Retry-After": "7"}))
    reply = await ask(server)

    assert (reply.body, reply.headers["Retry-After"]) == (sent, "7")


async def test_a_redirect_can_be_made(server: FakePortOne) -> None:
    server.fail(Status(302, headers={"Location": "/payments/find/none"}))
    assert (await ask(server)).status == 404
    assert [request.status for request in server.requests] == [302, 404]


async def test_a_delayed_answer_is_the_right_one_and_late(server: FakePortOne) -> None:
    loop = asyncio.get_running_loop()
    server.fail(Delay(0.05))
    began = loop.time()
    asking = asyncio.create_task(ask(server))
    reply = await asking

    assert loop.time() - began >= 0.05
    assert json.loads(reply.body)["response"]["merchant_uid"] == "o"


async def arrived(server: FakePortOne) -> None:
    while not server.requests:
        await asyncio.sleep(0)


async def test_a_hanging_request_is_never_answered_and_others_are(server: FakePortOne) -> None:
    server.fail(Hang())
    hanging = asyncio.create_task(ask(server))
    await arrived(server)

    assert (await ask(server)).status == 200
    assert not hanging.done()
    assert [request.status for request in server.requests] == [None, 200]
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


async def test_a_hanging_request_is_let_go_when_its_client_leaves(server: FakePortOne) -> None:
    ended = threading.Event()

    class Watched:
        async def meet(self, _: Exchange) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.set()

    server.fail(Watched())
    hanging = asyncio.create_task(ask(server))
    await arrived(server)
    hanging.cancel()
    assert await asyncio.to_thread(ended.wait, 60)


async def test_a_reset_is_a_reset(server: FakePortOne) -> None:
    server.fail(Reset())
    with pytest.raises(ConnectionResetError):
        await on_the_wire(server)
    assert server.requests[0].status is None


async def test_a_disconnect_ends_in_good_order_without_a_byte(server: FakePortOne) -> None:
    server.fail(Disconnect())
    assert await on_the_wire(server) == b""
    assert server.requests[0].status is None


async def test_a_client_sees_a_disconnect_as_one(server: FakePortOne) -> None:
    server.fail(Disconnect(), times=None)  # aiohttp asks twice of its own accord
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(server)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
async def test_a_cut_body_is_shorter_than_its_head_promises(
    server: FakePortOne, keep: float
) -> None:
    whole = (await ask(server)).body
    server.fail(CutBody(keep))
    head, _, body = (await on_the_wire(server)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[: int(len(whole) * keep)]
    assert server.requests[-1].status == 200


async def test_a_client_sees_a_cut_body_as_a_payload_error(server: FakePortOne) -> None:
    server.fail(CutBody())
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask(server)


@pytest.mark.parametrize("keep", [-0.1, 1])
async def test_a_cut_keeps_a_share_of_the_body(keep: float) -> None:
    with pytest.raises(ValueError, match="share"):
        CutBody(keep)


async def test_a_maintenance_page_may_come_with_200(server: FakePortOne) -> None:
    server.fail(HtmlPage(), HtmlPage(503))
    reply = await ask(server)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "시스템 점검 중입니다" in reply.body.decode()
    assert await statuses(server, 1) == [503]


async def test_any_json_can_be_sent(server: FakePortOne) -> None:
    server.fail(Json([{"amount": Decimal("10.05")}], status=201))
    reply = await ask(server)

    assert (reply.status, reply.headers["Content-Type"]) == (201, "application/json; charset=UTF-8")
    assert reply.body == b'[{"amount":10.05}]'


async def test_any_bytes_can_be_sent(server: FakePortOne) -> None:
    server.fail(Body(b"\x00\xff", status=206, headers={"X-Odd": "1"}))
    reply = await ask(server)

    assert (reply.status, reply.body, reply.headers["X-Odd"]) == (206, b"\x00\xff", "1")


async def test_an_expired_token_is_refused_from_then_on(server: FakePortOne) -> None:
    token = server.issue_token()
    server.fail(ExpiredToken())
    reply = await ask(server)

    assert (reply.status, reply.body) == (401, UNAUTHORIZED)
    assert server.token is None
    assert server.issue_token() != token


async def test_unauthorized_leaves_the_token_valid(server: FakePortOne) -> None:
    token = server.issue_token()
    server.fail(Unauthorized())
    reply = await ask(server)

    assert (reply.status, reply.body) == (401, UNAUTHORIZED)
    assert server.token == token
    assert await statuses(server, 1) == [200]


@pytest.mark.parametrize("retry_after", ["1", "Wed, 21 Oct 2026 07:28:00 GMT", None])
async def test_too_many_requests_says_when_to_come_back(
    server: FakePortOne, retry_after: Any
) -> None:
    server.fail(TooManyRequests(retry_after))
    reply = await ask(server)

    assert (reply.status, reply.body) == (429, b"Too Many Requests")
    assert reply.headers.get("Retry-After") == retry_after
    assert reply.headers["Content-Type"] == "text/plain"


async def test_too_many_requests_asks_for_a_second_when_nothing_is_said() -> None:
    assert TooManyRequests().retry_after == "1"
