"""Faults under load: every request has a permit, and every call ends."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector
from multidict import CIMultiDict

from portone_async import (
    Attempt,
    Call,
    ConnectionFailedError,
    Payment,
    PortOneClient,
    RateLimit,
    RateLimitedError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    Timeouts,
    TransientError,
)
from portone_async._http.reply import Reply
from portone_async.testing import Delay, FakePortOne, Hang, Status, TooManyRequests
from tests.conftest import AT_ONCE
from tests.support.idle import leaves_nothing, until
from tests.support.ports import free_port
from tests.support.raw_server import raw_server
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import PAID, UID, reply, scripted_client, series, token_reply
from tests.support.stopwatch import Stopwatch, timed
from tests.support.virtual_time import virtual_time
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

DAY = 86400
NOW = 1795406400  # Mon, 23 Nov 2026 04:00:00 GMT
PATIENT = RetryPolicy(attempts=10**6, backoff_initial=0.01, backoff_max=0.1, budget=None)
CALLS = 200


@pytest.fixture(name="server")
async def _server() -> AsyncGenerator[FakePortOne]:
    async with leaves_nothing(), FakePortOne() as server:
        server.add(merchant_uid=UID)
        yield server


class Permits:
    """A throttle that counts permits and grants each at once."""

    def __init__(self) -> None:
        self.taken = 0

    async def acquire(self, *, priority: bool = False) -> None:
        self.taken += 1

    async def pause(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


def date(seconds: float) -> str:
    return formatdate(NOW + seconds, usegmt=True)


@one_way
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        pytest.param([("Retry-After", "7")], 7, id="seconds"),
        pytest.param([("Retry-After", "0")], 0, id="none at all"),
        pytest.param([("Retry-After", "7"), ("Date", date(DAY))], 7, id="seconds, wrong clock"),
        pytest.param([("Retry-After", "7.9")], None, id="fraction"),
        pytest.param([("Retry-After", date(7)), ("Date", date(0))], 7, id="date"),
        pytest.param([("Retry-After", date(-7)), ("Date", date(0))], 0, id="date gone by"),
        pytest.param(
            [("Retry-After", date(DAY + 7)), ("Date", date(DAY))], 7, id="clock a day ahead"
        ),
        pytest.param(
            [("Retry-After", date(7 - DAY)), ("Date", date(-DAY))], 7, id="clock a day behind"
        ),
        pytest.param([("Retry-After", date(DAY + 7))], None, id="a day ahead, no Date"),
        pytest.param([("Retry-After", date(7 - DAY))], None, id="a day behind, no Date"),
        pytest.param([("Retry-After", "soon")], None, id="garbage"),
        pytest.param([("Retry-After", "-7")], None, id="negative"),
        pytest.param([("Retry-After", "1" + "0" * 20)], None, id="10^20"),
        pytest.param([("Retry-After", "")], None, id="empty"),
        pytest.param([("Retry-After", "7"), ("Retry-After", "30")], 7, id="two headers"),
        pytest.param([("Retry-After", "7, 30")], None, id="two in one"),
    ],
)
@virtual_time
async def test_valid_retry_after_is_obeyed_and_an_invalid_one_ignored(
    headers: list[tuple[str, str]], waited: float | None, status: int
) -> None:
    refusal = Reply(status, CIMultiDict(headers), b"<html>")
    client, transport = scripted_client(series(PAID, refusal, PAID), retry=AT_ONCE)
    await client.payments.find(UID)
    await client.payments.find(UID)
    _, refused, again = transport.times()
    assert (waited or 0) <= again - refused < (waited or 0) + 0.1


@pytest.mark.parametrize("retry_after", ["61", "3600", "999999999", date(3600)])
@pytest.mark.parametrize("clock", [0, DAY, -DAY])
async def test_too_long_retry_after_ends_the_call_for_any_server_clock(
    retry_after: str, clock: float
) -> None:
    async with leaves_nothing(), FakePortOne(now=NOW) as server:
        server.advance(clock)
        server.add(merchant_uid=UID)
        if retry_after.endswith("GMT"):
            retry_after = formatdate(server.now + 3600, usegmt=True)
        server.fail(TooManyRequests(retry_after))
        async with server.client(rate_limit=None) as client:
            error, took = await timed(client.payments.find(UID))
            assert type(error) is RateLimitedError
            assert error.retry_after is not None
            assert error.retry_after > 60
            assert "retry_after_max" in (error.gave_up or "")
            assert server.count("/payments") == 1
            assert took.net < 0.5


@one_way
@pytest.mark.parametrize("rate_limit", [RateLimit(1000, 50), None])
@virtual_time
async def test_429_for_one_call_in_five_pauses_all(rate_limit: RateLimit | None) -> None:
    loop = asyncio.get_running_loop()
    refused: list[float] = []

    def answer(number: int) -> Any:
        if number % 5:
            return 0.02, PAID
        refused.append(loop.time() + 0.02)
        return 0.02, reply(429, b"", Retry_After="1")

    client, transport = scripted_client(
        answer,
        rate_limit=rate_limit,
        retry=RetryPolicy(attempts=20, backoff_initial=0.0, budget=None),
        timeouts=Timeouts(total=None, attempt=None),
    )
    payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(CALLS)])
    assert all(each.is_paid for each in payments)
    times = transport.times()
    assert len(times) == CALLS + len(refused)
    for at in refused:
        # A tick of the virtual clock, in which calls that were let in before are sent.
        assert not [time for time in times if at + 1e-3 < time < at + 1]


async def test_429_for_one_call_in_five_pauses_all_on_a_real_server(
    server: FakePortOne,
) -> None:
    fine = Delay(0)
    server.fail(fine, fine, fine, fine, TooManyRequests("1"), times=CALLS // 5)
    async with (
        server.client(rate_limit=None, max_in_flight=CALLS, retry=AT_ONCE) as client,
        Stopwatch() as watch,
    ):
        payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(CALLS)])
    assert all(each.is_paid for each in payments)
    assert watch.seconds >= 0.99
    statuses = Counter(each.status for each in server.requests if "payments" in each.path)
    assert statuses == {200: CALLS, 429: CALLS // 5}


async def test_burst_of_5xx_fails_no_call(server: FakePortOne) -> None:
    server.fail(Status(500), Status(502), Status(503), Status(504), times=50)
    async with server.client(rate_limit=None, retry=PATIENT) as client:
        payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(CALLS)])
    assert all(each.is_paid for each in payments)
    assert server.count("/payments") == CALLS + 200


async def test_outage_costs_no_more_requests_than_the_budget(
    server: FakePortOne,
) -> None:
    server.fail(Status(503), times=None)
    policy = RetryPolicy(attempts=10, backoff_initial=0.01, backoff_max=0.02)
    async with server.client(rate_limit=None, retry=policy) as client:
        async with Stopwatch() as watch:
            results = await asyncio.gather(
                *[client.payments.find(UID) for _ in range(CALLS)], return_exceptions=True
            )
        assert {type(each) for each in results} == {ServerError}
        assert server.count("/payments") == CALLS + 500 // 5
        assert watch.net < 5
        server.clear_faults()
        assert (await client.payments.find(UID)).is_paid


# What happens to connections


def http(content: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


class Shop:
    """Answers by hand, and keeps hold of its connections to break them."""

    def __init__(self) -> None:
        self.connections: list[socket.socket] = []

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        connection = writer.get_extra_info("socket")
        if connection not in self.connections:
            self.connections.append(connection)
        await self.answer(writer, number)

    async def answer(self, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(http(token_reply().body if number == 1 else ok(CARD_PAID)))


def _fin(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The descriptor stays open for its transport; this ends the connection under it.
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("end", [_fin, _reset], ids=["FIN", "gone"])
@pytest.mark.parametrize("calls", [1, 20])
async def test_connection_closed_during_the_request_is_one_attempt(end: Any, calls: int) -> None:
    """Check that aiohttp does not resend by itself: such a request would have no permit."""
    attempts: list[Attempt] = []
    permits = Permits()
    shop = Shop()
    async with (
        leaves_nothing(),
        raw_server(shop.handle) as raw,
        PortOneClient(
            "key",
            "secret",
            base_url=raw.url,
            rate_limit=permits,
            max_in_flight=calls,
            retry=AT_ONCE,
            on_attempt=attempts.append,
        ) as client,
    ):
        await client.payments.find(UID)
        await asyncio.gather(*[client.payments.find(UID) for _ in range(calls)])
        before, arrived, paid = len(attempts), len(raw.requests), permits.taken
        for connection in shop.connections:
            end(connection)
        # No turn of the loop in between: the pool cannot know yet.
        results = await asyncio.gather(*[client.payments.find(UID) for _ in range(calls)])

        assert all(each.is_paid for each in results)
        made = attempts[before:]
        assert Counter(each.error for each in made) == {None: calls, "ConnectionFailedError": calls}
        assert permits.taken - paid == len(made)
        if end is _fin:
            # It can still read: what was sent on the closed connection has arrived, too.
            assert len(raw.requests) - arrived == len(made)
        else:
            assert len(raw.requests) - arrived == calls


async def test_call_that_is_not_idempotent_is_not_resent_after_a_close() -> None:
    shop = Shop()
    async with (
        leaves_nothing(),
        raw_server(shop.handle) as raw,
        PortOneClient("k", "s", base_url=raw.url, rate_limit=None, retry=AT_ONCE) as client,
    ):
        await client.payments.find(UID)
        for connection in shop.connections:
            _fin(connection)
        with pytest.raises(ConnectionFailedError) as caught:
            await client.call(Call("POST", "/payments/cancel", Payment, body={"imp_uid": "x"}))
        assert caught.value.was_sent
        assert len(caught.value.attempts) == 1
        assert (await client.payments.find(UID)).is_paid
        assert sum(b"/payments/cancel" in head for head in raw.requests) <= 1


async def test_half_open_connection_times_out_and_is_not_reused() -> None:
    class Vanishing(Shop):
        async def answer(self, writer: asyncio.StreamWriter, number: int) -> None:
            if number == 3:
                # As after a crash or behind a firewall that forgot: nothing comes any more.
                writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads, too
                await asyncio.get_running_loop().create_future()
            await super().answer(writer, number)

    async with (
        leaves_nothing(),
        raw_server(Vanishing().handle) as raw,
        PortOneClient(
            "k",
            "s",
            base_url=raw.url,
            max_in_flight=1,
            retry=AT_ONCE,
            timeouts=Timeouts(total=60, attempt=1),
        ) as client,
    ):
        assert (await client.payments.find(UID)).is_paid
        assert raw.connections == 1
        payment, took = await timed(client.payments.find(UID))
        assert payment.is_paid
        assert took.seconds >= 1
        assert took.net < 1.1
        assert len(raw.requests) == 4
        assert raw.connections == 2
        await client.payments.find(UID)
        assert raw.connections == 2


async def test_calls_behind_a_hanging_one_continue_after_its_timeout(
    server: FakePortOne,
) -> None:
    server.fail(Hang())
    async with (
        server.client(
            max_in_flight=1,
            rate_limit=None,
            retry=RetryPolicy(attempts=1),
            timeouts=Timeouts(total=1),
        ) as client,
        Stopwatch() as watch,
    ):
        results = await asyncio.gather(
            *[client.payments.find(UID) for _ in range(50)], return_exceptions=True
        )
    hung, *others = results
    assert isinstance(hung, TransientError)
    # Waiting for a place is no part of a call's own time.
    assert all(isinstance(each, Payment) for each in others)
    assert watch.seconds >= 0.99
    assert server.count("/payments") == 50


async def test_exhausted_pool_of_a_session_is_a_connect_timeout(
    server: FakePortOne,
) -> None:
    async with (
        ClientSession(connector=TCPConnector(limit=1)) as session,
        server.client(
            session=session,
            retry=RetryPolicy(attempts=2, backoff_initial=0),
            rate_limit=None,
            timeouts=Timeouts(total=5, connect=0.15),
        ) as client,
    ):
        await client.payments.find(UID)
        server.fail(Hang(), on="/elsewhere")
        others = asyncio.create_task(session.get(f"{server.url}/elsewhere").__aenter__())
        await until(lambda: server.count("/elsewhere") == 1)
        sent = len(server.requests)
        error, took = await timed(client.payments.find(UID))
        assert type(error) is RequestTimeoutError
        assert error.was_sent is False
        assert len(error.attempts) == 2
        assert took.seconds >= 0.29
        assert took.net < 0.35
        assert len(server.requests) == sent

        others.cancel()
        await asyncio.wait({others})
        assert (await client.payments.find(UID)).is_paid


async def restarted(stack: AsyncExitStack, port: int, seconds: float) -> FakePortOne:
    """Kill the server that ``stack`` holds; after ``seconds`` start another in its place."""
    await stack.aclose()
    await asyncio.sleep(seconds)
    server = await stack.enter_async_context(FakePortOne(port=port))
    server.add(merchant_uid=UID, amount=2)
    return server


async def test_server_restart_under_load_fails_no_patient_call() -> None:
    port = free_port()
    async with leaves_nothing(), AsyncExitStack() as stack:
        server = await stack.enter_async_context(FakePortOne(port=port))
        server.add(merchant_uid=UID, amount=1)
        server.fail(Delay(0.02), times=None)
        async with server.client(
            rate_limit=None, retry=PATIENT, timeouts=Timeouts(total=120, attempt=60)
        ) as client:
            calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(CALLS)]
            await until(lambda: server.count("/payments") >= 50)
            fresh = await restarted(stack, port, 0.2)
            payments = await asyncio.gather(*calls)
        # It knows nothing of the token of the one before it.
        assert fresh.count("/users/getToken") == 1
    assert {each.amount for each in payments} == {1, 2}


async def test_impatient_calls_fail_during_a_restart_and_then_recover() -> None:
    port = free_port()
    async with leaves_nothing(), AsyncExitStack() as stack:
        server = await stack.enter_async_context(FakePortOne(port=port))
        server.add(merchant_uid=UID, amount=1)
        server.fail(Delay(0.02), times=None)
        async with server.client(
            rate_limit=None, retry=RetryPolicy(backoff_initial=0.01), timeouts=Timeouts(total=60)
        ) as client:
            calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(CALLS)]
            await until(lambda: server.count("/payments") >= 50)
            await stack.aclose()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(each) for each in results} == {Payment, ConnectionFailedError}
            await restarted(stack, port, 0)
            fresh = await asyncio.gather(*[client.payments.find(UID) for _ in range(50)])
            assert {each.amount for each in fresh} == {2}
