"""Faults, as an HTTP client meets them."""

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
    Duplicate,
    Exchange,
    ExpiredToken,
    FakePortOne,
    Hang,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reply,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
    application,
)

ORDER = {"merchant_uid": "p", "amount": 1000}
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


async def fetch(
    server: FakePortOne, target: str = "/payments/find/o", method: str = "GET", **options: Any
) -> HttpReply:
    headers = {"Authorization": server.token or server.issue_token()}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.request(method, target, **options) as reply,
    ):
        return HttpReply(reply.status, reply.headers, await reply.read())


async def statuses(server: FakePortOne, number: int) -> list[int]:
    return [(await fetch(server)).status for _ in range(number)]


async def prepare(server: FakePortOne, merchant_uid: str) -> Any:
    """Send a request that PortOne processes once: a second one is refused."""
    order = ORDER | {"merchant_uid": merchant_uid}
    reply = await fetch(server, "/payments/prepare", "POST", json=order)
    return json.loads(reply.body)


async def get_token(server: FakePortOne) -> int:
    pair = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.post("/users/getToken", json=pair) as reply,
    ):
        return reply.status


async def on_the_wire(server: FakePortOne) -> bytes:
    """Send a request and return all bytes until the connection ends."""
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


# The queue


async def test_fault_affects_one_request(server: FakePortOne) -> None:
    server.fail(Status(503))
    assert await statuses(server, 3) == [503, 200, 200]


async def test_faults_affect_requests_in_order(server: FakePortOne) -> None:
    server.fail(Status(502), Status(503))
    assert await statuses(server, 3) == [502, 503, 200]


async def test_times_repeats_the_whole_series(server: FakePortOne) -> None:
    server.fail(Status(503), times=2)
    server.fail(Status(500), Status(502), times=2)
    assert await statuses(server, 7) == [503, 503, 500, 502, 500, 502, 200]


async def test_series_without_times_lasts_until_clear_faults(server: FakePortOne) -> None:
    server.fail(Status(502), Status(503), times=None)
    assert await statuses(server, 4) == [502, 503, 502, 503]
    server.clear_faults()
    assert await statuses(server, 2) == [200, 200]


async def test_clear_faults_removes_queued_faults(server: FakePortOne) -> None:
    server.fail(Status(503), times=5)
    server.fail(Status(503), on="/users/getToken")
    server.clear_faults()
    assert await statuses(server, 1) == [200]
    assert await get_token(server) == 200


async def test_fault_affects_only_paths_with_its_prefix(server: FakePortOne) -> None:
    server.add(merchant_uid="주문")
    server.fail(Status(503), on="/payments/find/주")

    assert await statuses(server, 1) == [200]
    assert (await fetch(server, "/payments/find/%EC%A3%BC%EB%AC%B8")).status == 503
    assert (await fetch(server, "/payments/find/%EC%A3%BC%EB%AC%B8")).status == 200


async def test_token_request_meets_a_fault_only_by_its_path(server: FakePortOne) -> None:
    server.fail(Status(503))
    assert await get_token(server) == 200
    assert await statuses(server, 1) == [503]

    server.fail(Status(502), on="/users/getToken")
    assert await statuses(server, 1) == [200]
    assert await get_token(server) == 502
    assert await get_token(server) == 200


async def test_fault_affects_only_requests_of_its_method(server: FakePortOne) -> None:
    server.fail(Status(503), method="POST")
    server.fail(Status(502), method="GET", on="/payments/prepare")

    assert await statuses(server, 2) == [200, 200]
    assert (await fetch(server, "/payments/prepare", "POST")).status == 503
    assert (await fetch(server, "/payments/prepare/o")).status == 502


async def test_fail_without_a_fault_or_with_a_bad_path_is_refused(server: FakePortOne) -> None:
    with pytest.raises(ValueError, match="needs a fault"):
        server.fail()
    with pytest.raises(ValueError, match="beginning of a path"):
        server.fail(Hang(), on="payments")
    with pytest.raises(ValueError, match="in capitals"):
        server.fail(Hang(), method="post")


async def test_any_object_with_meet_is_a_fault(server: FakePortOne) -> None:
    class Teapot:
        async def meet(self, exchange: Exchange) -> Reply:
            assert exchange.request.path == "/payments/find/o"
            assert exchange.reply().status == 200
            return Reply(418, b"short and stout")

    server.fail(Teapot())
    reply = await fetch(server)
    assert (reply.status, reply.body) == (418, b"short and stout")


@pytest.mark.parametrize("error", [AssertionError, TimeoutError])
async def test_exception_in_a_fault_is_logged_and_becomes_a_500(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    class Broken:
        async def meet(self, _: Exchange) -> Reply:
            raise error("planted")

    server.fail(Broken())
    assert await statuses(server, 2) == [500, 200]
    assert [request.status for request in server.requests] == [500, 200]
    assert "Broken failed on RecordedRequest(GET /payments/find/o -> None)" in caplog.text
    assert "planted" in caplog.text
    server.errors.clear()


# The faults


@pytest.mark.parametrize("status", [403, 500, 502, 503, 504, 599])
async def test_status_without_a_body_sends_apaches_page(server: FakePortOne, status: int) -> None:
    server.fail(Status(status))
    reply = await fetch(server)

    assert reply.status == status
    assert reply.headers["Content-Type"] == "text/html; charset=iso-8859-1"
    assert (reply.body.decode()).startswith('<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">')
    assert f"<title>{status} " in reply.body.decode()


@pytest.mark.parametrize(
    ("body", "sent"), [("꽉 참", "꽉 참".encode()), (b"\xff", b"\xff"), ("", b"")]
)
async def test_status_can_have_a_body_and_headers(
    server: FakePortOne, body: str | bytes, sent: bytes
) -> None:
    server.fail(Status(503, body, {"Retry-After": "7"}))
    reply = await fetch(server)

    assert (reply.body, reply.headers["Retry-After"]) == (sent, "7")


async def test_status_can_redirect(server: FakePortOne) -> None:
    server.fail(Status(302, headers={"Location": "/payments/find/none"}))
    assert (await fetch(server)).status == 404
    assert [request.status for request in server.requests] == [302, 404]


async def test_delay_sends_the_right_reply_late(server: FakePortOne) -> None:
    loop = asyncio.get_running_loop()
    server.fail(Delay(0.05))
    started = loop.time()
    fetching = asyncio.create_task(fetch(server))
    reply = await fetching

    assert loop.time() - started >= 0.05
    assert json.loads(reply.body)["response"]["merchant_uid"] == "o"


async def arrived(server: FakePortOne) -> None:
    while not server.requests:
        await asyncio.sleep(0)


async def test_hang_blocks_only_its_own_request(server: FakePortOne) -> None:
    server.fail(Hang())
    hanging = asyncio.create_task(fetch(server))
    await arrived(server)

    assert (await fetch(server)).status == 200
    assert not hanging.done()
    assert [request.status for request in server.requests] == [None, 200]
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


async def test_hanging_request_is_cancelled_when_its_client_leaves(server: FakePortOne) -> None:
    ended = threading.Event()

    class Watched:
        async def meet(self, _: Exchange) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.set()

    server.fail(Watched())
    hanging = asyncio.create_task(fetch(server))
    await arrived(server)
    hanging.cancel()
    assert await asyncio.to_thread(ended.wait, 60)


async def test_reset_resets_the_connection(server: FakePortOne) -> None:
    server.fail(Reset())
    with pytest.raises(ConnectionResetError):
        await on_the_wire(server)
    assert server.requests[0].status is None


async def test_disconnect_closes_the_connection_without_a_byte(server: FakePortOne) -> None:
    server.fail(Disconnect())
    assert await on_the_wire(server) == b""
    assert server.requests[0].status is None


async def test_disconnect_raises_server_disconnected_in_aiohttp(server: FakePortOne) -> None:
    server.fail(Disconnect(), times=None)  # aiohttp retries once by itself
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await fetch(server)


async def test_lost_answer_breaks_the_connection_after_the_work(server: FakePortOne) -> None:
    server.fail(LostAnswer())
    with pytest.raises(aiohttp.ClientOSError):
        await prepare(server, "p")

    assert server.requests[-1].status is None
    assert (await prepare(server, "p"))["code"] == 1


async def test_late_processing_answers_at_once_and_works_later(server: FakePortOne) -> None:
    server.fail(LateProcessing(30))
    assert (await fetch(server, "/payments/prepare", "POST", json=ORDER)).status == 504

    server.advance(29)
    assert (await fetch(server, "/payments/prepare/p")).status == 404
    server.advance(2)
    assert (await fetch(server, "/payments/prepare/p")).status == 200


async def test_late_processing_can_answer_by_any_fault(server: FakePortOne) -> None:
    server.fail(LateProcessing(30, Reset()))
    with pytest.raises(aiohttp.ClientOSError):
        await prepare(server, "p")

    server.advance(31)
    assert (await prepare(server, "p"))["code"] == 1


async def test_late_processing_checks_the_token_at_once(server: FakePortOne) -> None:
    server.fail(LateProcessing(30), times=2, method="POST")
    await fetch(server, "/payments/prepare", "POST", json=ORDER)
    server.revoke_token()
    server.advance(31)
    assert (await fetch(server, "/payments/prepare/p")).status == 200

    headers = {"Authorization": "another"}
    async with aiohttp.ClientSession(server.url, headers=headers) as session:
        await session.post("/payments/prepare", json=ORDER | {"merchant_uid": "q"})
    server.advance(31)
    assert (await fetch(server, "/payments/prepare/q")).status == 404


async def test_duplicate_processes_twice_and_sends_the_first_reply(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.fail(Duplicate())
    first = await prepare(server, "p")
    assert (first["code"], first["response"]["amount"]) == (0, 1000)
    assert len(server.requests) == 1

    replies: list[Reply] = []
    respond = application.respond

    def recorded(*args: Any) -> Reply:
        replies.append(respond(*args))
        return replies[-1]

    monkeypatch.setattr(application, "respond", recorded)
    server.fail(Duplicate())
    await prepare(server, "q")
    assert [json.loads(reply.body)["code"] for reply in replies] == [0, 1]


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
async def test_cut_body_is_shorter_than_its_content_length(
    server: FakePortOne, keep: float
) -> None:
    whole = (await fetch(server)).body
    server.fail(CutBody(keep))
    head, _, body = (await on_the_wire(server)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[: int(len(whole) * keep)]
    assert server.requests[-1].status == 200


async def test_cut_body_raises_a_payload_error_in_aiohttp(server: FakePortOne) -> None:
    server.fail(CutBody())
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(server)


@pytest.mark.parametrize("keep", [-0.1, 1])
async def test_cut_body_share_outside_its_range_is_refused(keep: float) -> None:
    with pytest.raises(ValueError, match="share"):
        CutBody(keep)


async def test_html_page_can_have_status_200(server: FakePortOne) -> None:
    server.fail(HtmlPage(), HtmlPage(503))
    reply = await fetch(server)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "시스템 점검 중입니다" in reply.body.decode()
    assert await statuses(server, 1) == [503]


async def test_json_sends_any_value(server: FakePortOne) -> None:
    server.fail(Json([{"amount": Decimal("10.05")}], status=201))
    reply = await fetch(server)

    assert (reply.status, reply.headers["Content-Type"]) == (201, "application/json; charset=UTF-8")
    assert reply.body == b'[{"amount":10.05}]'


async def test_body_sends_exactly_its_bytes(server: FakePortOne) -> None:
    server.fail(Body(b"\x00\xff", status=206, headers={"X-Odd": "1"}))
    reply = await fetch(server)

    assert (reply.status, reply.body, reply.headers["X-Odd"]) == (206, b"\x00\xff", "1")


async def test_expired_token_stays_invalid(server: FakePortOne) -> None:
    token = server.issue_token()
    server.fail(ExpiredToken())
    reply = await fetch(server)

    assert (reply.status, reply.body) == (401, UNAUTHORIZED)
    assert server.token is None
    assert server.issue_token() != token


async def test_unauthorized_leaves_the_token_valid(server: FakePortOne) -> None:
    token = server.issue_token()
    server.fail(Unauthorized())
    reply = await fetch(server)

    assert (reply.status, reply.body) == (401, UNAUTHORIZED)
    assert server.token == token
    assert await statuses(server, 1) == [200]


@pytest.mark.parametrize("retry_after", ["1", "Wed, 21 Oct 2026 07:28:00 GMT", None])
async def test_too_many_requests_sends_retry_after(server: FakePortOne, retry_after: Any) -> None:
    server.fail(TooManyRequests(retry_after))
    reply = await fetch(server)

    assert (reply.status, reply.body) == (429, b"Too Many Requests")
    assert reply.headers.get("Retry-After") == retry_after
    assert reply.headers["Content-Type"] == "text/plain"


async def test_too_many_requests_defaults_to_one_second() -> None:
    assert TooManyRequests().retry_after == "1"
