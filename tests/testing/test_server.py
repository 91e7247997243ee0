"""The fake as a server: opening and closing, clock, rate limit, recorded requests."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import web

from portone_async import testing
from portone_async.testing import Delay, FakePortOne, Hang, Status

NOW = 1770000000.0


class HttpReply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    # Time moves only by advance().
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 0.0)
    async with FakePortOne(now=NOW) as server:
        yield server


async def fetch(server: FakePortOne, target: str = "/payments/find/o", **options: Any) -> HttpReply:
    headers = {"Authorization": server.issue_token()}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.request(options.pop("method", "GET"), target, **options) as reply,
    ):
        return HttpReply(reply.status, reply.headers, await reply.read())


# Opening and closing


async def test_servers_do_not_share_state() -> None:
    async with FakePortOne() as first, FakePortOne() as second:
        first.add(merchant_uid="o")
        assert first.url != second.url
        assert (await fetch(first)).status == 200
        assert (await fetch(second)).status == 404
        assert first.issue_token() != second.issue_token()


async def test_port_can_be_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with FakePortOne(port=port) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        assert (await fetch(server)).status == 404


async def test_port_in_use_is_an_error_and_leaves_no_task(server: FakePortOne) -> None:
    tasks = asyncio.all_tasks()
    second = FakePortOne(port=int(server.url.rpartition(":")[2]))
    with pytest.raises(OSError, match="address already in use"):
        await second.__aenter__()

    assert asyncio.all_tasks() == tasks
    assert "closed" in repr(second)


async def test_url_is_available_only_while_listening() -> None:
    server = FakePortOne()
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.url
    async with server:
        with pytest.raises(RuntimeError, match="running already"):
            await server.__aenter__()
        assert (await fetch(server)).status == 404
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.url


async def test_reopened_server_keeps_its_payments() -> None:
    server = FakePortOne()
    async with server:
        server.add(merchant_uid="o")
    async with server:
        assert (await fetch(server)).status == 200


@pytest.mark.parametrize("fault", [Hang(), Delay(3600)])
async def test_close_does_not_wait_for_hanging_requests(fault: Any) -> None:
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    async with FakePortOne() as server:
        server.fail(fault, times=None)
        fetching = [asyncio.create_task(fetch(server)) for _ in range(5)]
        while len(server.requests) < 5:
            await asyncio.sleep(0)
        started = loop.time()

    took = loop.time() - started
    left = asyncio.all_tasks() - before - set(fetching)
    assert took < 5
    assert not left
    ends = await asyncio.gather(*fetching, return_exceptions=True)
    assert all(isinstance(end, aiohttp.ClientConnectionError) for end in ends)


async def test_close_does_not_wait_for_half_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = threading.Event()
    read = web.BaseRequest.read

    async def signal_and_read(request: web.BaseRequest) -> bytes:
        reading.set()
        return await read(request)

    monkeypatch.setattr(web.BaseRequest, "read", signal_and_read)
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    async with FakePortOne() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url[17:]))
        writer.write(b"POST /users/getToken HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        while not reading.is_set():
            await asyncio.sleep(0)
        started = loop.time()

    assert loop.time() - started < 5
    assert asyncio.all_tasks() == before
    assert await reader.read() == b""
    assert server.requests == []
    writer.close()
    await writer.wait_closed()


async def test_close_leaves_no_task_of_an_idle_connection() -> None:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        async with FakePortOne() as server, session.get(f"{server.url}/payments/x") as reply:
            assert reply.status == 401
        assert asyncio.all_tasks() == before


async def test_server_repr_omits_the_secret(server: FakePortOne) -> None:
    server.add()
    server.issue_token()
    assert repr(server) == f"<FakePortOne {server.url}, payments=1>"


async def test_keys_can_be_chosen() -> None:
    server = FakePortOne(imp_key="k", imp_secret="s")
    assert (server.imp_key, server.imp_secret) == ("k", "s")


# The clock


async def test_clock_starts_at_now_and_moves_both_ways(
    server: FakePortOne,
) -> None:
    assert server.now == NOW
    server.advance(90.5)
    assert server.now == NOW + 90.5
    server.advance(-100)
    assert server.now == NOW - 9.5


async def test_clock_defaults_to_real_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portone_async.testing.clock.time", lambda: 5000.0)
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 10.0)
    server = FakePortOne()
    assert server.now == 5000.0
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 12.5)
    assert server.now == 5002.5


async def test_date_header_follows_the_servers_clock(server: FakePortOne) -> None:
    server.advance(3600)
    reply = await fetch(server)

    assert parsedate_to_datetime(reply.headers["Date"]).timestamp() == NOW + 3600
    assert reply.headers["Server"] == "Apache"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


# The rate limit


async def test_requests_above_the_rate_limit_get_429(server: FakePortOne) -> None:
    server.rate_limit = (0.5, 2)

    assert [(await fetch(server)).status for _ in range(2)] == [404, 404]
    refused = await fetch(server)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    assert refused.body == b"Too Many Requests"

    server.advance(1.5)
    refused = await fetch(server)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    server.advance(0.5)
    assert [(await fetch(server)).status for _ in range(2)] == [404, 429]


async def test_bucket_holds_at_most_the_burst(server: FakePortOne) -> None:
    server.rate_limit = (10.0, 2)
    server.advance(3600)
    assert [(await fetch(server)).status for _ in range(3)] == [404, 404, 429]


async def test_moving_the_clock_back_removes_no_permits(server: FakePortOne) -> None:
    server.rate_limit = (1.0, 2)
    server.advance(-3600)
    assert [(await fetch(server)).status for _ in range(2)] == [404, 404]


async def test_rate_limit_counts_token_requests() -> None:
    async with FakePortOne(rate_limit=(0.001, 1)) as server:
        assert server.rate_limit == (0.001, 1)
        pair = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}
        options = {"method": "POST", "json": pair}
        assert (await fetch(server, "/users/getToken", **options)).status == 200
        assert (await fetch(server, "/users/getToken", **options)).status == 429
        server.rate_limit = None
        assert (await fetch(server, "/users/getToken", **options)).status == 200


async def test_request_above_the_limit_meets_no_fault(server: FakePortOne) -> None:
    server.rate_limit = (1.0, 1)
    server.fail(Status(500), Status(503))
    assert [(await fetch(server)).status for _ in range(2)] == [500, 429]
    server.rate_limit = None
    assert (await fetch(server)).status == 503


@pytest.mark.parametrize("limit", [(0.0, 1), (-1.0, 1), (1.0, 0)])
async def test_rate_limit_of_zero_is_refused(limit: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        FakePortOne(rate_limit=limit)


# Recorded requests


async def test_request_is_recorded_unchanged(server: FakePortOne) -> None:
    before = asyncio.get_running_loop().time()
    await fetch(
        server,
        "/payments/find/%ec%a3%bc+1?sorting=-paid&q=a+b&q=",
        method="POST",
        data=b"body",
        headers={"X-Odd": "Yes"},
    )
    (request,) = server.requests

    assert request.method == "POST"
    assert request.path_segments == ("payments", "find", "주+1")
    assert request.path == "/payments/find/주+1"
    assert request.query == (("sorting", "-paid"), ("q", "a b"), ("q", ""))
    assert request.headers["x-odd"] == "Yes"
    assert request.headers["authorization"] == server.token
    assert request.body == b"body"
    assert request.status == 405
    assert before <= request.at <= asyncio.get_running_loop().time()


async def test_target_is_recorded_unchanged(server: FakePortOne) -> None:
    target = "/payments/./find//%ec%a3%bc%2f%7E?a[]=%5B&b"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url[17:]))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    await writer.wait_closed()

    assert server.requests[0].target == target
    assert server.requests[0].path_segments == ("payments", ".", "find", "", "주/~")


async def test_requests_are_recorded_in_order_and_counted(server: FakePortOne) -> None:
    for target in ("/payments/find/a", "/payments/imp_1", "/payments/find/%EC%A3%BC"):
        await fetch(server, target)
    await fetch(server, "/users/getToken", method="POST")

    assert [request.target[:14] for request in server.requests] == [
        "/payments/find",
        "/payments/imp_",
        "/payments/find",
        "/users/getToke",
    ]
    assert [request.status for request in server.requests] == [404, 404, 404, 400]
    assert server.count("/") == 4
    assert server.count("/payments") == 3
    assert server.count("/payments/find/주") == 1
    assert server.count("/", "POST") == 1
    assert server.count("/payments", method="POST") == 0
    server.clear_requests()
    assert server.requests == []
    assert server.count("/") == 0


async def test_request_repr_omits_keys_and_tokens(server: FakePortOne) -> None:
    await fetch(server, "/users/getToken", method="POST", json={"imp_secret": "hush"})
    (request,) = server.requests

    assert repr(request) == "RecordedRequest(POST /users/getToken -> 400)"
    assert request.__rich_repr__() == [
        ("method", "POST"),
        ("target", "/users/getToken"),
        ("status", 400),
    ]


# The package


def test_public_names_are_sorted_and_complete() -> None:
    assert testing.__all__ == tuple(sorted(testing.__all__))
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name
