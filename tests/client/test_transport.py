"""Exceptions of aiohttp are translated, and broken replies raise the right class."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, TCPConnector
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from portone_async import (
    CertificateError,
    ClientClosedError,
    ConnectionFailedError,
    MalformedResponseError,
    PortOneClient,
    PortOneError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
    UnexpectedResponseError,
    WrongLoopError,
)
from portone_async._http import exchange as _exchange
from portone_async._http import transport as _transport
from portone_async.testing import Disconnect, FakePortOne, Hang
from tests.conftest import AT_ONCE
from tests.support.idle import assert_idle
from tests.support.raw_server import RawServer, raw_server
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import UID, token_reply
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

ONCE = RetryPolicy(attempts=1)
KEY: Any = ConnectionKey("h", 443, True, True, None, None, None)
URL_ = "https://api.iamport.kr"


def raised(error: BaseException) -> PortOneError:
    assert isinstance(error, aiohttp.ClientError | OSError)
    return _transport._failure(error)


@one_way
@pytest.mark.parametrize(
    ("error", "kind", "was_sent"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), ConnectionFailedError, False),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "dns")), ConnectionFailedError, False),
        (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "tls")), ConnectionFailedError, False),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(1, "p")), ConnectionFailedError, False),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("x")),
            CertificateError,
            None,
        ),
        (aiohttp.ServerFingerprintMismatch(b"a", b"b", "h", 1), CertificateError, None),
        (aiohttp.ConnectionTimeoutError("x"), RequestTimeoutError, False),
        (aiohttp.SocketTimeoutError("x"), RequestTimeoutError, True),
        (aiohttp.ServerTimeoutError("x"), RequestTimeoutError, True),
        (TimeoutError(), RequestTimeoutError, True),
        (aiohttp.ServerDisconnectedError(), ConnectionFailedError, True),
        (aiohttp.ClientOSError(104, "reset"), ConnectionFailedError, True),
        (aiohttp.ClientConnectionResetError("x"), ConnectionFailedError, True),
        (ConnectionResetError(104, "reset"), ConnectionFailedError, True),
        (aiohttp.ClientPayloadError("홍길동"), ConnectionFailedError, True),
        (aiohttp.ClientError("x"), ConnectionFailedError, True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_exception_of_aiohttp_is_translated(
    error: BaseException, kind: type[PortOneError], was_sent: bool | None
) -> None:
    translated = raised(error)

    assert type(translated) is kind
    assert getattr(translated, "was_sent", None) is was_sent
    assert "홍길동" not in str(translated)


@one_way
def test_truncated_body_is_named_in_the_error() -> None:
    assert raised(aiohttp.ClientPayloadError()).reason == "the response was cut short or corrupted"


@one_way
def test_reply_that_is_not_http_is_malformed_and_not_quoted() -> None:
    info: Any = aiohttp.RequestInfo(URL(URL_), "GET", {}, URL(URL_))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # never read
    translated = raised(aiohttp.ClientResponseError(info, (), status=400, message="홍길동"))

    assert type(translated) is MalformedResponseError
    assert "홍길동" not in str(translated)


@one_way
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), ConnectionFailedError),
        (aiohttp.ServerDisconnectedError(), ConnectionFailedError),
        (TimeoutError(), RequestTimeoutError),
    ],
)
async def test_mocked_exception_is_retried_and_translated(
    mocks: Any, error: Exception, kind: type[PortOneError]
) -> None:
    mocks.post(f"{URL_}/users/getToken", body=token_reply().body)
    mocks.get(f"{URL_}/payments/find/order-1", exception=error, repeat=True)
    async with PortOneClient("k", "s", retry=AT_ONCE) as client:
        with pytest.raises(kind) as caught:
            await client.payments.find("order-1")

    assert len(caught.value.attempts) == 4
    assert caught.value.__cause__ is caught.value.__context__ is None


@one_way
async def test_request_has_the_documented_shape(mocks: Any) -> None:
    mocks.post(f"{URL_}/users/getToken", body=token_reply("tok").body)
    url = URL(f"{URL_}/payments/find/a%20b%2B/paid?sorting=-paid", encoded=True)
    mocks.get(url, body=ok(CARD_PAID | {"merchant_uid": "a b+"}))
    async with PortOneClient("k", "s", tier="A01") as client:
        await client.payments.find("a b+", status="paid", sorting="-paid")

    (request,) = mocks.requests["GET", url]
    assert (
        request.kwargs["headers"].items() >= {"Authorization": "Bearer tok", "Tier": "A01"}.items()
    )
    assert request.kwargs["allow_redirects"] is False
    assert request.kwargs["data"] is None


@asynccontextmanager
async def answering(answer: bytes, *, times: int = 10**6) -> AsyncGenerator[RawServer]:
    """Serve a token, then these bytes, then close the connection."""
    token = token_reply().body

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        if raw.requests[-1].startswith(b"POST"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(token), token))
            await writer.drain()
            return
        content = answer if number <= times + 1 else http(ok(CARD_PAID))
        writer.write(content)
        await writer.drain()
        writer.close()

    async with raw_server(handle) as raw:
        yield raw


def http(content: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(content) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


BODY = ok(CARD_PAID)
GZIPPED = gzip.compress(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(BODY, length=len(BODY) + 9), ConnectionFailedError),
        (http(BODY[:50], length=len(BODY)), ConnectionFailedError),
        (CHUNKED + b"%x\r\n%s\r\n" % (len(BODY), BODY), ConnectionFailedError),
        (CHUNKED + b"zz\r\n", None),
        (http(GZIPPED[:-20], "Content-Encoding: gzip"), None),
        (http(BODY, "Content-Encoding: gzip"), ConnectionFailedError),
        (b"", ConnectionFailedError),
        (b"HTTP/1.1 200 OK\r\n", ConnectionFailedError),
        (b"GARBAGE\r\n\r\n", MalformedResponseError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000 + b"\r\n\r\n", MalformedResponseError),
        (http(b""), MalformedResponseError),
        (http(b"<html>"), MalformedResponseError),
    ],
    ids=[
        "short",
        "cut",
        "no last chunk",
        "bad chunk",
        "gzip cut",
        "no gzip",
        "nothing",
        "half a head",
        "garbage",
        "long header",
        "empty",
        "html",
    ],
)
async def test_broken_reply_is_retried_and_raises_its_class(
    answer: bytes, kind: type[PortOneError] | None
) -> None:
    async with answering(answer, times=1) as raw, client_of(raw) as client:
        assert (await client.payments.find(UID)).is_paid
        assert len(raw.requests) == 3
    async with answering(answer) as raw, client_of(raw) as client:
        with pytest.raises(PortOneError) as caught:
            await client.payments.find(UID)
        assert caught.value.is_transient
        if kind is not None:
            assert type(caught.value) is kind
        # Each send is an attempt: aiohttp retries nothing itself.
        assert len(raw.requests) == 1 + 4 == 1 + len(caught.value.attempts)


def client_of(raw: RawServer) -> PortOneClient:
    return PortOneClient("key", "secret", base_url=raw.url, retry=AT_ONCE, rate_limit=None)


async def test_dropped_connection_is_one_send_per_attempt(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with server.client(retry=ONCE) as client:
        await client.payments.find("order-1")
        server.fail(Disconnect(), times=None)
        with pytest.raises(ConnectionFailedError):
            await client.payments.find("order-1")
    assert server.count("/payments") == 2


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_body_over_the_limit_is_rejected_and_not_retried(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(_exchange, "MAX_BODY", 10_000)
    content = b"0" * 1_000_000
    if encoding == "gzip":
        content = gzip.compress(content)
    async with (
        answering(http(content, f"Content-Encoding: {encoding}")) as raw,
        client_of(raw) as client,
    ):
        with pytest.raises(UnexpectedResponseError, match="10000 bytes") as caught:
            await client.payments.find(UID)
        assert caught.value.status == 200
        assert len(raw.requests) == 2


async def test_redirect_is_not_followed(server: FakePortOne) -> None:
    server.add(merchant_uid=UID)
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {server.url}/payments/find/{UID}\r\nContent-Length: 0\r\n\r\n"
    async with answering(redirect.encode()) as raw, client_of(raw) as client:
        with pytest.raises(UnexpectedResponseError, match="redirect"):
            await client.payments.find(UID)
        assert len(raw.requests) == 2
    assert not server.requests


async def test_cookies_are_ignored() -> None:
    async with (
        answering(http(BODY, "Set-Cookie: session=1; Path=/")) as raw,
        client_of(raw) as client,
    ):
        for _ in range(2):
            await client.payments.find(UID)
        assert b"cookie" not in b"".join(raw.requests).lower()


async def test_refused_connection_was_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with PortOneClient("k", "s", base_url=url, retry=AT_ONCE) as client:
            with pytest.raises(ConnectionFailedError) as caught:
                await client.payments.find("order-1")
    assert caught.value.was_sent is False
    assert len(caught.value.attempts) == 4


def _session(**settings: Any) -> ClientSession:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return ClientSession(auth=aiohttp.BasicAuth("u", "p"), **settings)


async def _must_not_run(*_: Any) -> Any:
    raise AssertionError("a hook of the passed session ran")


async def test_settings_of_a_passed_session_are_not_used(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_must_not_run)
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({"session": "1"}, URL(server.url))
    async with _session(
        base_url="https://elsewhere.example/",
        headers={"X-Internal": "1", "Authorization": "Basic x", "User-Agent": "theirs"},
        cookie_jar=jar,
        timeout=aiohttp.ClientTimeout(total=1e-9),
        raise_for_status=True,
        trace_configs=[trace],
        middlewares=(_must_not_run,),
        auto_decompress=False,
        json_serialize=str,
    ) as session:
        async with server.client(session=session) as client:
            assert (await client.payments.find("order-1")).merchant_uid == "order-1"
            with pytest.raises(PortOneError, match="404"):
                await client.payments.find("nope")
        assert not session.closed
        assert len(list(jar)) == 1
        async with server.client(session=session) as client:
            await client.payments.find("order-1")
    for request in server.requests:
        assert not {"x-internal", "cookie"} & set(request.headers)
        assert request.headers["user-agent"].startswith("portone-async")
    assert server.requests[1].headers["authorization"].startswith("Bearer ")


async def test_connections_of_a_passed_session_are_used(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with (
        ClientSession(connector=TCPConnector(limit=3, limit_per_host=2)) as session,
        server.client(session=session, rate_limit=None) as client,
    ):
        assert_idle(client, max_in_flight=2)
        await asyncio.gather(*[client.payments.find("order-1") for _ in range(20)])
        assert session.connector is not None
        assert 1 <= sum(map(len, session.connector._conns.values())) <= 2


async def test_dropped_client_with_a_passed_session_does_not_warn(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with ClientSession() as session:
        client = server.client(session=session)
        await client.payments.find("order-1")
        del client
        gc.collect()
        assert not session.closed


async def test_closed_passed_session_raises_client_closed_error(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    session = ClientSession()
    async with server.client(session=session) as client:
        await client.payments.find("order-1")
        await session.close()
        with pytest.raises(ClientClosedError, match="session"):
            await client.payments.find("order-1")
    fresh = server.client(session=session)
    with pytest.raises(ClientClosedError, match="session"):
        await fresh.payments.find("order-1")


async def test_session_closed_while_a_call_queues_raises_client_closed(server: FakePortOne) -> None:
    class Closing:
        async def acquire(self, *, priority: bool = False) -> None:
            if not priority:
                await session.close()

        async def pause(self, seconds: float) -> None: ...

        async def close(self) -> None: ...

    session = ClientSession()
    async with server.client(session=session, rate_limit=Closing(), retry=ONCE) as client:
        with pytest.raises(ClientClosedError, match="closed"):
            await client.payments.find("order-1")
    assert server.count("/payments") == 0


@one_way
def test_passed_session_of_another_loop_raises_wrong_loop_error() -> None:
    async def make() -> ClientSession:
        return ClientSession()

    with asyncio.Runner() as first, asyncio.Runner() as second:
        session = first.run(make())

        async def use() -> None:
            client = PortOneClient("k", "s", session=session)
            with pytest.raises(WrongLoopError, match="another event loop"):
                await client.payments.find("order-1")

        second.run(use())
        first.run(session.close())


async def test_close_ends_calls_in_flight(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    client = server.client(max_in_flight=2)
    await client.payments.find("order-1")
    server.fail(Hang(), times=None)
    calls = [asyncio.create_task(client.payments.find("order-1")) for _ in range(5)]
    while server.count("/payments") < 3:
        await asyncio.sleep(0)
    await client.close()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(result) for result in results} == {ClientClosedError}


async def test_call_whose_session_is_closed_meanwhile_raises_client_closed(
    server: FakePortOne,
) -> None:
    server.add(merchant_uid=UID)
    session = ClientSession()
    async with server.client(session=session) as client:
        await client.payments.find(UID)
        server.fail(Hang(), times=None)
        call = asyncio.create_task(client.payments.find(UID))
        while server.count("/payments") < 2:
            await asyncio.sleep(0)
        await session.close()
        with pytest.raises(ClientClosedError, match="session that was passed in") as caught:
            await call
    assert len(caught.value.attempts) == 1


async def test_connect_timeout_was_not_sent(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", never)
    async with server.client(timeouts=Timeouts(connect=0.05), retry=ONCE) as client:
        with pytest.raises(RequestTimeoutError, match="no connection") as caught:
            await client.payments.find("order-1")
    assert caught.value.was_sent is False


async def test_session_with_trust_env_sends_no_netrc_credentials(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login foo password bar")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.add(merchant_uid="order-1")
    async with ClientSession(trust_env=True) as session, server.client(session=session) as client:
        await client.payments.find("order-1")
    assert "authorization" not in server.requests[0].headers


async def test_slow_name_resolution_is_a_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", never)
    monkeypatch.setattr("aiohttp.resolver.DefaultResolver.resolve", never)
    async with PortOneClient(
        "k", "s", base_url="https://slow.example", timeouts=Timeouts(connect=0.05), retry=ONCE
    ) as client:
        with pytest.raises(RequestTimeoutError, match="no connection") as caught:
            await client.payments.find("order-1")
    assert caught.value.was_sent is False
