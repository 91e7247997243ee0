"""Both ways of an exchange end alike on real sockets and over TLS, and leave nothing open."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from importlib import metadata
from typing import Any

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector

from portone_async._http.transport import Transport
from tests.client.test_two_ways import BODY, SCRIPTS, WHOLE, head
from tests.security.test_tls import HOST, good, trust
from tests.support.fault_server import Slowly, answer, play, reset
from tests.support.forced_way import WAYS, Way, forced
from tests.support.idle import is_released, leaves_nothing, turns, until
from tests.support.raw_server import close_listener, read_body
from tests.support.two_ways import Outcome, send

LARGE = b'"' + b"x" * 20_000_000 + b'"'
"""More than the buffers of a socket hold."""

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
"""Of the server, and of the client."""
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Lets a handler answer the first request, and answers each later one rightly."""

    def __init__(self, handle: Handler, *, is_eager: bool) -> None:
        self._handle = handle
        self._is_eager = is_eager
        self.requests = 0
        self.connections = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                received = await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                if self.requests == 1:
                    if not self._is_eager:
                        await read_body(received, reader)
                    await self._handle(reader, writer)
                else:
                    await read_body(received, reader)
                    writer.write(answer(b"reply %d" % self.requests))
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def served(
    handle: Handler, *, is_eager: bool = False, context: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[Server, str]]:
    server = Server(handle, is_eager=is_eager)
    listener = await asyncio.start_server(server.accept, HOST, 0, ssl=context)
    scheme = "http" if context is None else "https"
    try:
        yield server, f"{scheme}://{HOST}:{listener.sockets[0].getsockname()[1]}"
    finally:
        await close_listener(listener)
        for task in tuple(server.tasks):
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


class Result:
    """What the caller sees of two exchanges, and how many connections they took."""

    def __init__(self, outcomes: list[Outcome], connections: int) -> None:
        self.first, self.second = outcomes
        self.connections = connections


async def results(
    handle: Handler,
    *,
    is_eager: bool = False,
    tls: Contexts | None = None,
    ways: Sequence[Way] = WAYS,
    **request: Any,
) -> dict[Way, Result]:
    """Return the result of each way; fail if one leaves a task, descriptor or connection."""
    found: dict[Way, Result] = {}
    for way in ways:
        with forced(way) as exchanges:
            found[way] = await _result(handle, is_eager, tls, request)
        assert set(+exchanges) == {way}
    return found


async def _result(
    handle: Handler,
    is_eager: bool,
    tls: Contexts | None,
    request: dict[str, Any],
) -> Result:
    of_server, of_client = tls or (None, True)
    async with leaves_nothing():
        connector = TCPConnector(ssl=of_client)
        async with (
            served(handle, is_eager=is_eager, context=of_server) as (server, url),
            ClientSession(connector=connector) as session,
        ):
            transport = Transport(url, 1, session)
            transport.open(asyncio.get_running_loop())
            outcomes = [await send(transport, **request)]
            await turns(10)
            assert is_released(connector)
            outcomes.append(await send(transport))
            if outcomes[1].was_sent is False:
                outcomes[1] = await send(transport)
            await turns(1)
            assert is_released(connector)
            await transport.close()
            # The next request was answered: neither a broken connection nor another response.
            assert outcomes[1].body == b"reply %d" % server.requests
            return Result(outcomes, server.connections)


def assert_alike(found: dict[Way, Result]) -> Result:
    direct, session = found["direct"], found.get("session", found["direct"])
    assert direct.first == session.first
    assert direct.second == session.second
    assert direct.connections == session.connections
    return direct


def large_post(*, size: int = len(LARGE), seconds: float = 20.0) -> dict[str, Any]:
    return {"method": "POST", "body": LARGE[:size], "seconds": seconds}


# Large requests


async def never_read(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def answering(*steps: bytes, then: Callable[[asyncio.StreamWriter], Any] | None = None) -> Handler:
    """Answer before the body of the request is read."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in steps:
            writer.write(step)
        await writer.drain()
        if then is None:
            await never_read(reader, writer)
        else:
            then(writer)

    return handle


# Before 3.14 aiohttp's session loses an exception when such a connection breaks, and logs it.
LARGE_WAYS: Sequence[Way] = WAYS if metadata.version("aiohttp") >= "3.14" else ("direct",)
# It warns of bodies that are longer than a megabyte.
ignores_size = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


@ignores_size
async def test_connection_of_an_early_answer_is_not_reused() -> None:
    found = await results(answering(WHOLE), is_eager=True, ways=LARGE_WAYS, **large_post())
    result = assert_alike(found)
    assert result.first.body == BODY
    assert result.connections == 2


@ignores_size
async def test_request_that_is_never_read_times_out() -> None:
    found = await results(never_read, is_eager=True, ways=LARGE_WAYS, **large_post(seconds=0.2))
    result = assert_alike(found)
    assert (result.first.kind, result.first.was_sent) == ("RequestTimeoutError", True)
    assert result.connections == 2


class ReadsLater:
    """Reads the first request after ``go`` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.received = 0

    async def __call__(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await self.go.wait()
        while part := await reader.read(2**16):
            self.received += len(part)


@ignores_size
@pytest.mark.parametrize("version", ["no TLS", "TLSv1_3"])
async def test_close_does_not_wait_for_a_request_that_is_never_read(
    authority: trustme.CA, way: Way, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_server, of_client = (None, True) if version == "no TLS" else contexts(authority, version)
    connector = partial(TCPConnector, ssl=of_client)
    monkeypatch.setattr("portone_async._http.session.TCPConnector", connector)
    handle = ReadsLater()
    async with (
        leaves_nothing(),
        served(handle, is_eager=True, context=of_server) as (server, url),
    ):
        transport = Transport(url, 1, None)
        transport.open(asyncio.get_running_loop())
        call = asyncio.create_task(send(transport, **large_post()))
        await until(lambda: bool(server.requests))
        async with asyncio.timeout(10):
            await transport.close()
            assert (await call).kind == "ClientClosedError"
        handle.go.set()
    assert handle.received < len(LARGE)


@ignores_size
async def test_rest_of_a_cancelled_request_is_not_sent() -> None:
    handle = ReadsLater()
    async with leaves_nothing(), served(handle, is_eager=True) as (server, url):
        transport = Transport(url, 1, None)
        transport.open(asyncio.get_running_loop())
        call = asyncio.create_task(send(transport, **large_post()))
        await until(lambda: bool(server.requests))
        await cancelled(call, transport)
        handle.go.set()
        await until(lambda: not server.tasks)
        await transport.close()
    assert handle.received < len(LARGE)


@ignores_size
@pytest.mark.parametrize("answered", [(), (WHOLE,)], ids=["silently", "after an answer"])
@pytest.mark.parametrize("end", [reset, asyncio.StreamWriter.close], ids=["RST", "FIN"])
async def test_connection_lost_during_a_write_is_an_answer_or_an_error(
    answered: tuple[bytes, ...], end: Callable[[asyncio.StreamWriter], Any]
) -> None:
    found = await results(
        answering(*answered, then=end), is_eager=True, ways=LARGE_WAYS, **large_post()
    )
    for result in found.values():
        # A reset may overtake the answer.
        is_answered = result.first.kind == "Reply"
        assert is_answered <= bool(answered)
        if not is_answered:
            assert (result.first.kind, result.first.was_sent) == ("ConnectionFailedError", True)
        assert result.connections == 2


# Small requests


async def test_half_closed_connection_is_not_reused() -> None:
    async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE)
        writer.write_eof()
        await reader.read()

    result = assert_alike(await results(half_close))
    assert result.first.body == BODY
    assert result.connections == 2


async def test_idle_connection_with_unsolicited_data_is_not_reused() -> None:
    async def add(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE)
        await turns(5)
        writer.write(answer(b"stale"))

    found = await results(add)
    for result in found.values():
        assert result.first.body == BODY
        # `results` checks that the answer to the next request is not the stale one.
        assert result.connections == 2


async def test_data_before_the_first_request_is_not_its_answer() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"greeting"))
        await reader.read()
        writer.close()

    for way in WAYS:
        async with leaves_nothing():
            listener = await asyncio.start_server(greet, HOST, 0)
            port = listener.sockets[0].getsockname()[1]
            with forced(way):
                async with ClientSession(connector=Slow()) as session:
                    transport = Transport(f"http://{HOST}:{port}", 1, session)
                    transport.open(asyncio.get_running_loop())
                    outcome = await send(transport)
                    await transport.close()
            await close_listener(listener)
        assert (outcome.kind, outcome.was_sent) == ("ConnectionFailedError", False)


class Slow(TCPConnector):
    """A connector whose new connections have received something before they are used."""

    async def _create_connection(self, *args: Any, **options: Any) -> Any:
        protocol = await super()._create_connection(*args, **options)
        await until(lambda: protocol.should_close)
        return protocol


@pytest.mark.parametrize("pause", [0.0, 0.001])
async def test_slow_response_is_read_alike(pause: float) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await play(Slowly(WHOLE, pause), writer)

    result = assert_alike(await results(drip))
    assert result.first.body == BODY
    assert result.connections == 1


# Over TLS


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="tls", params=["TLSv1_2", "TLSv1_3"])
def _tls(authority: trustme.CA, request: pytest.FixtureRequest) -> Contexts:
    return contexts(authority, request.param)


@cache
def contexts(authority: trustme.CA, version: str) -> Contexts:
    """Return contexts that hold no state of a connection."""
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.maximum_version = of_server.minimum_version = ssl.TLSVersion[version]
    of_server.num_tickets = 5  # Each arrives as unsolicited data.
    with good(authority).tempfile() as path:
        of_server.load_cert_chain(path)
    return of_server, trust(authority)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "another answer behind it"])
async def test_response_over_tls_is_read_alike(tls: Contexts, name: str) -> None:
    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in SCRIPTS[name]:
            await play(step, writer)

    assert_alike(await results(handle, tls=tls))


async def test_two_answers_over_tls_are_read_alike(tls: Contexts) -> None:
    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE + answer(b"stale"))

    for result in (await results(handle, tls=tls)).values():
        assert result.first.body == BODY
        assert result.connections == 2


@pytest.mark.parametrize("sent", [b"", head("200 OK"), WHOLE[:-9], head("200 OK") + BODY])
async def test_tls_cut_without_a_close_notify_is_read_alike(tls: Contexts, sent: bytes) -> None:
    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await turns(5)
        # Of the socket below TLS: it sends a FIN, and nothing before it.
        writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    assert_alike(await results(cut, tls=tls))


async def test_connection_over_tls_is_reused(tls: Contexts) -> None:
    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE)

    result = assert_alike(await results(handle, tls=tls))
    assert result.connections == 1


async def test_tls_that_breaks_in_a_record_is_an_error(tls: Contexts) -> None:
    async def garble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE[:-9])
        await turns(5)
        os.write(writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
        await asyncio.sleep(0)

    result = assert_alike(await results(garble, tls=tls))
    assert (result.first.kind, result.first.was_sent) == ("ConnectionFailedError", True)
    assert result.connections == 2


@ignores_size
async def test_large_request_over_tls_arrives_whole(tls: Contexts) -> None:
    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE)

    result = assert_alike(await results(handle, tls=tls, **large_post(size=3_000_000)))
    assert result.first.body == BODY
    assert result.connections == 1


# Ended from outside


async def in_pieces(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for start in range(0, len(WHOLE), 20):
        writer.write(WHOLE[start : start + 20])
        await turns(3)


End = Callable[[asyncio.Task[Outcome], Transport], Awaitable[Any]]


async def cancelled(call: asyncio.Task[Outcome], _: Transport) -> None:
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()


async def closed(call: asyncio.Task[Outcome], transport: Transport) -> None:
    await transport.close()
    await turns(3)
    assert call.done()
    outcome = call.result()
    # The response may have arrived in this very turn.
    assert outcome.kind == "ClientClosedError" or outcome.body == BODY


@pytest.mark.parametrize("end", [cancelled, closed])
@pytest.mark.parametrize("version", ["no TLS", "TLSv1_2", "TLSv1_3"])
async def test_exchange_ended_at_any_turn_leaves_nothing(
    authority: trustme.CA, way: Way, version: str, end: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: set[int] = set()
    of_server, of_client = (None, True) if version == "no TLS" else contexts(authority, version)
    # Of the client, which closes them: those of a passed session stay open.
    connectors: list[TCPConnector] = []

    def connector(**options: Any) -> TCPConnector:
        connectors.append(TCPConnector(ssl=of_client, **options))
        return connectors[-1]

    monkeypatch.setattr("portone_async._http.session.TCPConnector", connector)

    async def end_after(count: int) -> bool:
        async with (
            leaves_nothing(),
            served(in_pieces, context=of_server) as (server, url),
        ):
            transport = Transport(url, 1, None)
            transport.open(asyncio.get_running_loop())
            call = asyncio.create_task(send(transport))
            await turns(count)
            is_over = call.done()
            if is_over:
                assert (await call).body == BODY
            else:
                requests.add(server.requests)
                await end(call, transport)
            await turns(2)
            assert is_released(connectors[-1])
            del call
            if end is cancelled or is_over:
                assert (await send(transport)).kind == "Reply"
                await transport.close()
        return is_over

    async with asyncio.timeout(60):
        count = 0
        while not await end_after(count):
            count += 1
    gc.collect()  # Warns of a connection that was dropped.
    assert requests == {0, 1}  # Before and after the request was sent.
