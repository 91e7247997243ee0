"""A token passes a proxy only inside a tunnel, and the password of a proxy never leaks."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import traceback
import warnings
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import trustme
from aiohttp import ClientSession, TCPConnector
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    CertificateError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    PortOneClient,
    PortOneError,
    ProxyError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
)
from portone_async._http.proxy import Proxy, proxy_for
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.security.test_tls import HOST, TlsServer, good, trust
from tests.support import canaries
from tests.support.idle import leaves_nothing, until
from tests.support.scripted import UID
from tests.support.steady_time import steady_time
from tests.support.tunnel import KeptAlive, TunnelProxy, kept_alive, tunnel_proxy

API = "https://api.iamport.kr"
PASSWORD = "planted-password-0123456789"
ONCE = RetryPolicy(attempts=1)


@pytest.fixture(scope="module", name="authority")
def _authority() -> trustme.CA:
    """Return a certificate authority that no machine trusts."""
    return trustme.CA()


@pytest.fixture(name="tls")
async def _tls(authority: trustme.CA) -> AsyncGenerator[KeptAlive]:
    async with leaves_nothing(), kept_alive(authority) as server:
        yield server


@pytest.fixture(name="proxy")
async def _proxy(tls: KeptAlive) -> AsyncGenerator[TunnelProxy]:
    async with tunnel_proxy() as proxy:
        yield proxy


@pytest.fixture(name="trusting")
async def _trusting(
    tls: KeptAlive, proxy: TunnelProxy, authority: trustme.CA
) -> AsyncGenerator[ClientSession]:
    """Open a session that trusts the authority."""
    async with ClientSession(connector=TCPConnector(ssl=trust(authority))) as session:
        yield session


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def client_of(tls: TlsServer, **options: Any) -> PortOneClient:
    options.setdefault("retry", AT_ONCE)
    return PortOneClient(canaries.KEY, canaries.SECRET, base_url=tls.url, **options)


async def failure(client: PortOneClient) -> PortOneError:
    async with client:
        with pytest.raises(PortOneError) as caught:
            await client.payments.find(UID)
    return caught.value


async def test_requests_go_through_a_tunnel(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession
) -> None:
    async with client_of(tls, session=trusting, proxy=proxy.url, max_in_flight=1) as client:
        for _ in range(5):
            assert (await client.payments.find(UID)).is_paid
    assert len(tls.received) == 6
    assert b"Bearer" in tls.received[-1]
    (head,) = proxy.heads  # The tunnel is reused, like any connection.
    assert head.startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % tls.port)
    for secret in (b"Bearer", b"Authorization", canaries.KEY.encode(), b"getToken"):
        assert secret not in proxy.seen


@pytest.mark.parametrize(
    ("user", "password"),
    [("user", PASSWORD), ("us/er", "p@ss:w%rd#?"), ("가맹점", "비밀"), ("u", "")],
)
async def test_user_and_password_reach_the_proxy_alone(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession, user: str, password: str
) -> None:
    proxy.wanted = f"{user}:{password}".encode()
    url = proxy.with_credentials(f"{quote(user, safe='')}:{quote(password, safe='')}")
    async with client_of(tls, session=trusting, proxy=url) as client:
        assert (await client.payments.find(UID)).is_paid
    assert b"Proxy-Authorization" not in b"".join(tls.received)


@pytest.mark.parametrize(
    "agreement",
    [
        b"HTTP/1.0 200 Connection established\r\nProxy-Agent: Apache/2.4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: Sun, 01 Nov 2026 00:00:00 GMT\r\nVia: 1.1 squid\r\n\r\n",
    ],
)
async def test_every_form_of_a_successful_connect_is_accepted(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession, agreement: bytes
) -> None:
    proxy.agreement = agreement
    async with client_of(tls, session=trusting, proxy=proxy.url, max_in_flight=1) as client:
        for _ in range(3):
            assert (await client.payments.find(UID)).is_paid
    assert len(proxy.heads) == 1


async def test_https_proxy_is_connected_to_over_tls(
    tls: KeptAlive, trusting: ClientSession, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # or pyOpenSSL's
    async with tunnel_proxy(context) as proxy:
        url = proxy.url.replace("http:", "https:")
        async with client_of(tls, session=trusting, proxy=url) as client:
            assert (await client.payments.find(UID)).is_paid
        assert proxy.heads[0].startswith(b"CONNECT")


async def test_proxy_that_opens_tls_is_a_certificate_error(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession
) -> None:
    tls.show(good(trustme.CA()))
    error = await failure(client_of(tls, session=trusting, proxy=proxy.url))
    assert type(error) is CertificateError
    assert proxy.name in error.reason
    assert not tls.received


async def test_private_authority_behind_a_proxy_is_not_trusted(
    tls: KeptAlive, proxy: TunnelProxy
) -> None:
    assert type(await failure(client_of(tls, proxy=proxy.url))) is CertificateError
    assert proxy.heads
    assert not tls.received


# Failures at the proxy


@pytest.mark.parametrize("credentials", ["", f"user:{PASSWORD}"])
async def test_missing_proxy_credentials_are_a_final_error(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession, credentials: str
) -> None:
    proxy.wanted = b"user:another"
    url = proxy.with_credentials(credentials) if credentials else proxy.url
    error = await failure(client_of(tls, session=trusting, proxy=url))
    assert type(error) is ProxyError
    assert not error.is_transient
    assert f"the proxy {proxy.name} wants {'another' if credentials else 'a user'}" in error.reason
    assert len(error.attempts) == len(proxy.heads) == 1
    assert not tls.received


async def test_refusal_of_the_proxy_ends_a_stream(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession
) -> None:
    proxy.wanted = b"user:another"
    async with (
        client_of(tls, session=trusting, proxy=proxy.url) as client,
        client.payments.find_many(f"order-{number}" for number in range(1000)) as results,
    ):
        with pytest.raises(ProxyError):
            await anext(results)
    assert len(proxy.heads) < 100


@pytest.mark.parametrize("status", [301, 400, 403, 404, 405, 451])
async def test_refusing_status_is_a_final_error(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession, status: int
) -> None:
    proxy.answer(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
    error = await failure(client_of(tls, session=trusting, proxy=proxy.url))
    assert type(error) is ProxyError
    assert f"the proxy {proxy.name} refused to connect: it answered {status}" in error.reason
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_failing_status_is_retried(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession, status: int
) -> None:
    proxy.answer(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
    error = await failure(client_of(tls, session=trusting, proxy=proxy.url))
    assert type(error) is ConnectionFailedError
    assert error.was_sent is False
    assert f"{proxy.name} could not connect: it answered {status}" in error.reason
    assert len(error.attempts) == len(proxy.heads) == 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", ConnectionFailedError),
        (b"HTTP/1.1 2", ConnectionFailedError),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", MalformedResponseError),
        (b"HTTP/1.1 200 OK\r\n\r\nno TLS", ConnectionFailedError),
    ],
)
async def test_malformed_answer_of_the_proxy_names_the_proxy(
    tls: KeptAlive,
    proxy: TunnelProxy,
    trusting: ClientSession,
    answer: bytes,
    kind: type[PortOneError],
) -> None:
    proxy.answer(answer)
    error = await failure(client_of(tls, session=trusting, proxy=proxy.url))
    assert type(error) is kind
    assert proxy.name in error.reason
    assert not tls.received


async def test_unreachable_proxy_is_named(tls: KeptAlive, trusting: ClientSession) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        name = f"{HOST}:{taken.getsockname()[1]}"
        url = f"http://user:{PASSWORD}@{name}"
        error = await failure(client_of(tls, session=trusting, proxy=url))
    assert type(error) is ConnectionFailedError
    assert error.was_sent is False
    assert f"through the proxy {name}" in error.reason
    assert PASSWORD not in str(error)


@pytest.mark.parametrize(
    ("timeouts", "kind"),
    [
        (Timeouts(connect=0.1), RequestTimeoutError),
        (Timeouts(connect=None, attempt=0.1), RequestTimeoutError),
        (Timeouts(connect=None, attempt=None, total=0.1), DeadlineExceededError),
    ],
)
@steady_time
async def test_hanging_proxy_times_out(
    authority: trustme.CA, timeouts: Timeouts, kind: type[PortOneError]
) -> None:
    async with (
        leaves_nothing(),
        kept_alive(authority) as tls,
        tunnel_proxy() as proxy,
        ClientSession(connector=TCPConnector(ssl=trust(authority))) as trusting,
    ):
        proxy.hang()
        options = {"timeouts": timeouts, "retry": ONCE}
        error = await failure(client_of(tls, session=trusting, proxy=proxy.url, **options))
        assert type(error) is kind
        assert proxy.name in error.reason or kind is DeadlineExceededError
        assert len(proxy.heads) == 1


# Secrets


@pytest.mark.parametrize("has_session", [False, True])
async def test_password_of_a_proxy_is_never_printed(
    tls: KeptAlive,
    proxy: TunnelProxy,
    trusting: ClientSession,
    caplog: pytest.LogCaptureFixture,
    has_session: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    proxy.wanted = CREDENTIALS
    options: dict[str, Any] = {"session": trusting} if has_session else {}
    client = client_of(tls, **options, proxy=proxy.with_credentials(CREDENTIALS.decode()))
    if has_session:
        await client.payments.find(UID)
        assert trusting.connector is not None
        texts = [*canaries.renderings(trusting.connector._conns), *canaries.renderings(client)]
        assert not any(_has_password(text) for text in texts)
        assert trusting.connector._conns
    tls.show(good(trustme.CA()))
    proxy.wanted = b"user:another"
    await _close_connections(trusting)
    with pytest.raises(ProxyError) as caught:
        await client.payments.find(UID)
    await client.close()
    texts = [
        *canaries.error_texts(caught.value),
        *canaries.pickled_texts(caught.value),
        caplog.text,
    ]
    assert not any(_has_password(text) for text in texts)


CREDENTIALS = f"user:{PASSWORD}".encode()


def _has_password(text: str) -> bool:
    return PASSWORD in text or b64encode(CREDENTIALS).decode() in text


async def _close_connections(session: ClientSession) -> None:
    assert session.connector is not None
    for connections in session.connector._conns.values():
        for protocol, _ in connections:
            protocol.close()
    await asyncio.sleep(0)


async def test_cancelled_connection_shows_no_password_in_any_frame(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession
) -> None:
    proxy.hang()
    url = proxy.with_credentials(CREDENTIALS.decode())
    async with client_of(tls, session=trusting, proxy=url) as client:
        del url
        call = asyncio.create_task(client.payments.find(UID))
        await until(lambda: bool(proxy.heads))
        tasks = [task for task in asyncio.all_tasks() if "PortOneClient" in repr(task)] + [call]
        for task in tasks:
            stack = traceback.StackSummary.extract(
                ((frame, frame.f_lineno) for frame in _frames(task.get_coro())),
                capture_locals=True,
            )
            assert not _has_password("".join(stack.format()))
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
    assert not any(_has_password(text) for text in canaries.error_texts(caught.value))


def _frames(waiting: Any) -> Iterator[Any]:
    """Yield the frames of a coroutine, and of those that it waits for."""
    while frame := getattr(waiting, "cr_frame", None):
        yield frame
        waiting = waiting.cr_await


WRONG = [
    "",
    "socks5://user:{}@proxy.example:1080",
    "ftp://user:{}@proxy.example",
    "http://user:{}@",
    "http://user:{}@proxy.example:0",
    "http://user:{}@proxy.example:99999",
    "http://user:{}@proxy.example/path",
    "http://user:{}@proxy.example?query",
    "http://user:{}#1@proxy.example",
    "http://us%3Aer:{}@proxy.example",
    "http://user:{} @proxy.example",
    "http://user:{}\n@proxy.example",
    "http://user:{}@[::1",
    "http://user:{}@프록시.example",
    "http://user:{}@proxy..example",
    "http://user:{}@xn--a.example",
    "user:{}@",
]


@pytest.mark.parametrize("setting", WRONG)
def test_wrong_setting_is_refused_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("PORTONE_IMP_KEY", canaries.KEY)
    monkeypatch.setenv("PORTONE_IMP_SECRET", canaries.SECRET)
    with pytest.raises(InvalidRequestError, match=r"^proxy must be") as caught:
        PortOneClient.from_env(proxy=setting.format(PASSWORD))
    assert all(PASSWORD not in text for text in canaries.error_texts(caught.value))
    assert ("SOCKS" in caught.value.reason) is setting.startswith("socks")


def test_wrong_setting_of_the_environment_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://user:{PASSWORD}@proxy.example")
    with pytest.raises(InvalidRequestError, match="SOCKS") as caught:
        PortOneClient("key", "secret", proxy="env")
    assert all(PASSWORD not in text for text in canaries.error_texts(caught.value))


def test_setting_that_is_not_a_text_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="proxy must be a str, not bool"):
        PortOneClient("key", "secret", proxy=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point


PARTS = st.text(st.characters(codec="utf-8", exclude_characters=":"), max_size=8)


@given(user=PARTS, password=PARTS)
def test_quoted_user_and_password_are_sent_unquoted(user: str, password: str) -> None:
    proxy = Proxy(f"http://{quote(user, safe='')}:{quote(password, safe='')}@proxy.example:3128")
    headers = proxy.options()["proxy_headers"]
    sent = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
    assert headers == {"Proxy-Authorization": sent}
    assert str(proxy.url) == "http://proxy.example:3128"
    assert proxy.name == "proxy.example:3128"
    assert sent not in repr(headers)


# The environment


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "proxy.example:3128"),
        ({"https_proxy": "proxy.example:3128"}, "proxy.example:3128"),
        ({"HTTPS_PROXY": "https://user:pw@proxy.example/"}, "proxy.example:443"),
        ({"HTTPS_PROXY": "http://[::1]"}, "[::1]:80"),
        ({"HTTP_PROXY": "http://proxy.example"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "api.iamport.kr"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "a.example, .iamport.kr"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "api.iamport.kr:443"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "port.kr"}, "proxy.example:80"),
        ({"HTTPS_PROXY": "http://proxy.example", "no_proxy": "iamport.kr:80"}, "proxy.example:80"),
    ],
)
def test_environment_names_the_proxy_and_its_exceptions(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str | None
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    proxy = proxy_for("env", API)
    assert (None if proxy is None else proxy.name) == name
    assert proxy_for(None, API) is None


async def test_proxy_of_the_environment_is_used_on_request_only(
    tls: KeptAlive, proxy: TunnelProxy, trusting: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    async with client_of(tls, session=trusting) as client:
        await client.payments.find(UID)
    assert not proxy.heads
    async with client_of(tls, session=trusting, proxy="env") as client:
        await client.payments.find(UID)
    assert proxy.heads


# Plain http


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"]
)
def test_proxy_for_plain_http_is_refused(base_url: str) -> None:
    with pytest.raises(InvalidRequestError, match="https base_url") as caught:
        PortOneClient("k", "s", base_url=base_url, proxy=f"http://user:{PASSWORD}@proxy.example")
    assert all(PASSWORD not in text for text in canaries.error_texts(caught.value))


async def test_proxy_of_the_environment_is_not_used_for_plain_http(
    server: FakePortOne, proxy: TunnelProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(merchant_uid=UID)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    async with ClientSession(trust_env=True) as session:
        for options in ({"proxy": "env"}, {"session": session}):
            async with server.client(**options) as client:  # pyright: ignore[reportArgumentType]  # either
                assert (await client.payments.find(UID)).is_paid
    assert not proxy.seen


async def test_proxy_of_a_session_is_refused_for_plain_http(
    server: FakePortOne, proxy: TunnelProxy
) -> None:
    async with ClientSession(proxy=proxy.url) as session:
        error = await failure_of_find(server.client(session=session))
    assert type(error) is InvalidRequestError
    assert not proxy.seen
    assert not server.requests


async def failure_of_find(client: PortOneClient) -> PortOneError:
    with pytest.raises(PortOneError) as caught:
        await client.payments.find(UID)
    return caught.value


# Together with a session


@pytest.mark.parametrize("how", ["url", "auth", "environment"])
async def test_proxy_and_credentials_of_a_session_are_used(
    tls: KeptAlive,
    proxy: TunnelProxy,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    proxy.wanted = f"user:{PASSWORD}".encode()
    url = proxy.with_credentials(f"user:{PASSWORD}")
    options: dict[str, Any] = {"proxy": url}
    if how == "auth":
        options = {"proxy": proxy.url}
    elif how == "environment":
        monkeypatch.setenv("HTTPS_PROXY", url)
        options = {"trust_env": True}
    async with ClientSession(connector=TCPConnector(ssl=trust(authority)), **options) as session:
        if how == "auth":
            session._default_proxy_auth = _basic_auth()
        async with client_of(tls, session=session) as client:
            assert (await client.payments.find(UID)).is_paid
        assert session.connector is not None
        assert PASSWORD not in repr(session.connector._conns)
    assert proxy.heads[0].startswith(b"CONNECT")


def _basic_auth() -> aiohttp.BasicAuth:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return aiohttp.BasicAuth("user", PASSWORD)


async def test_proxy_of_the_client_wins_over_that_of_its_session(
    tls: KeptAlive, proxy: TunnelProxy, authority: trustme.CA
) -> None:
    connector = TCPConnector(ssl=trust(authority))
    async with (
        ClientSession(connector=connector, proxy="http://127.0.0.1:9") as session,
        client_of(tls, session=session, proxy=proxy.url) as client,
    ):
        assert (await client.payments.find(UID)).is_paid
    assert proxy.heads


async def test_session_that_trusts_the_environment_reads_no_netrc(
    tls: KeptAlive,
    proxy: TunnelProxy,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    (tmp_path / "netrc").write_text("default login foo password bar")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    connector = TCPConnector(ssl=trust(authority))
    async with (
        ClientSession(connector=connector, trust_env=True) as session,
        client_of(tls, session=session) as client,
    ):
        await client.payments.find(UID)
    assert b"authorization: basic" not in b"".join((*tls.received, *proxy.heads)).lower()
