"""The fake as a server: its life, its clock, its limit and what it remembers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp
import pytest

from portone_async import testing
from portone_async.testing import Delay, FakePortOne, Hang, Status

NOW = 1770000000.0


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    # Time stands still, but for advance().
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 0.0)
    async with FakePortOne(now=NOW) as server:
        yield server


async def ask(server: FakePortOne, target: str = "/payments/find/o", **options: Any) -> Reply:
    headers = {"Authorization": server.issue_token()}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.request(options.pop("method", "GET"), target, **options) as reply,
    ):
        return Reply(reply.status, reply.headers, await reply.read())


# Its life


async def test_two_servers_know_nothing_of_each_other() -> None:
    async with FakePortOne() as one, FakePortOne() as other:
        one.add(merchant_uid="o")
        assert one.url != other.url
        assert (await ask(one)).status == 200
        assert (await ask(other)).status == 404
        assert one.issue_token() != other.issue_token()


async def test_the_port_may_be_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with FakePortOne(port=port) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        assert (await ask(server)).status == 404


async def test_a_port_in_use_is_an_error_that_leaves_nothing_behind(server: FakePortOne) -> None:
    tasks = asyncio.all_tasks()
    second = FakePortOne(port=int(server.url.rpartition(":")[2]))
    with pytest.raises(OSError, match="address already in use"):
        await second.__aenter__()

    assert asyncio.all_tasks() == tasks
    assert "closed" in repr(second)


async def test_the_url_is_there_only_while_the_server_listens() -> None:
    server = FakePortOne()
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.url
    async with server:
        with pytest.raises(RuntimeError, match="running already"):
            await server.__aenter__()
        assert (await ask(server)).status == 404
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.url


async def test_a_server_may_be_opened_again_with_all_that_it_knows() -> None:
    server = FakePortOne()
    async with server:
        server.add(merchant_uid="o")
    async with server:
        assert (await ask(server)).status == 200


@pytest.mark.parametrize("fault", [Hang(), Delay(3600)])
async def test_closing_is_prompt_though_requests_hang(fault: Any) -> None:
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    async with FakePortOne() as server:
        server.fail(fault, times=None)
        asking = [asyncio.create_task(ask(server)) for _ in range(5)]
        while len(server.requests) < 5:
            await asyncio.sleep(0)
        began = loop.time()

    took = loop.time() - began
    left = asyncio.all_tasks() - before - set(asking)
    assert took < 5
    assert not left
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(end, aiohttp.ClientConnectionError) for end in ends)


async def test_closing_is_prompt_though_half_a_request_is_on_its_way() -> None:
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    async with FakePortOne() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url[17:]))
        writer.write(b"POST /users/getToken HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert server._listener is not None
        while not server._listener._in_flight:
            await asyncio.sleep(0)
        began = loop.time()

    assert loop.time() - began < 5
    assert asyncio.all_tasks() == before
    assert await reader.read() == b""
    assert server.requests == []
    writer.close()
    await writer.wait_closed()


async def test_closing_leaves_no_task_of_an_idle_connection() -> None:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        async with FakePortOne() as server, session.get(f"{server.url}/payments/x") as reply:
            assert reply.status == 401
        assert asyncio.all_tasks() == before


async def test_the_repr_of_a_server_shows_no_secret(server: FakePortOne) -> None:
    server.add()
    server.issue_token()
    assert repr(server) == f"<FakePortOne {server.url}, payments=1>"


async def test_the_keys_may_be_chosen() -> None:
    server = FakePortOne(imp_key="k", imp_secret="s")
    assert (server.imp_key, server.imp_secret) == ("k", "s")


# Its clock


async def test_the_clock_starts_where_it_is_told_to_and_moves_both_ways(
    server: FakePortOne,
) -> None:
    assert server.now == NOW
    server.advance(90.5)
    assert server.now == NOW + 90.5
    server.advance(-100)
    assert server.now == NOW - 9.5


async def test_the_clock_shows_real_time_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portone_async.testing.clock.time", lambda: 5000.0)
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 10.0)
    server = FakePortOne()
    assert server.now == 5000.0
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 12.5)
    assert server.now == 5002.5


async def test_replies_are_dated_by_the_servers_clock(server: FakePortOne) -> None:
    server.advance(3600)
    reply = await ask(server)

    assert parsedate_to_datetime(reply.headers["Date"]).timestamp() == NOW + 3600
    assert reply.headers["Server"] == "Apache"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


# Its limit


async def test_beyond_the_rate_limit_is_429_until_the_bucket_fills(server: FakePortOne) -> None:
    server.rate_limit = (0.5, 2)

    assert [(await ask(server)).status for _ in range(2)] == [404, 404]
    refused = await ask(server)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    assert refused.body == b"Too Many Requests"

    server.advance(1.5)
    refused = await ask(server)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    server.advance(0.5)
    assert [(await ask(server)).status for _ in range(2)] == [404, 429]


async def test_the_bucket_holds_no_more_than_the_burst(server: FakePortOne) -> None:
    server.rate_limit = (10.0, 2)
    server.advance(3600)
    assert [(await ask(server)).status for _ in range(3)] == [404, 404, 429]


async def test_moving_the_clock_back_takes_no_permits_away(server: FakePortOne) -> None:
    server.rate_limit = (1.0, 2)
    server.advance(-3600)
    assert [(await ask(server)).status for _ in range(2)] == [404, 404]


async def test_the_rate_limit_counts_requests_for_a_token() -> None:
    async with FakePortOne(rate_limit=(0.001, 1)) as server:
        assert server.rate_limit == (0.001, 1)
        pair = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}
        asked = {"method": "POST", "json": pair}
        assert (await ask(server, "/users/getToken", **asked)).status == 200
        assert (await ask(server, "/users/getToken", **asked)).status == 429
        server.rate_limit = None
        assert (await ask(server, "/users/getToken", **asked)).status == 200


async def test_a_request_beyond_the_limit_meets_no_fault(server: FakePortOne) -> None:
    server.rate_limit = (1.0, 1)
    server.fail(Status(500), Status(503))
    assert [(await ask(server)).status for _ in range(2)] == [500, 429]
    server.rate_limit = None
    assert (await ask(server)).status == 503


@pytest.mark.parametrize("limit", [(0.0, 1), (-1.0, 1), (1.0, 0)])
async def test_a_limit_that_lets_nothing_through_is_refused(limit: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        FakePortOne(rate_limit=limit)


# What it remembers


async def test_a_request_is_kept_as_it_came(server: FakePortOne) -> None:
    before = asyncio.get_running_loop().time()
    await ask(
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


async def test_the_target_is_kept_byte_for_byte(server: FakePortOne) -> None:
    target = "/payments/./find//%ec%a3%bc%2f%7E?a[]=%5B&b"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url[17:]))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    await writer.wait_closed()

    assert server.requests[0].target == target
    assert server.requests[0].path_segments == ("payments", ".", "find", "", "주/~")


async def test_requests_are_kept_in_order_and_counted_by_path(server: FakePortOne) -> None:
    for target in ("/payments/find/a", "/payments/imp_1", "/payments/find/%EC%A3%BC"):
        await ask(server, target)
    await ask(server, "/users/getToken", method="POST")

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


async def test_the_repr_of_a_request_is_fit_for_a_log(server: FakePortOne) -> None:
    await ask(server, "/users/getToken", method="POST", json={"imp_secret": "hush"})
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
