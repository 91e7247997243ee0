"""A server without a valid certificate receives no request, no key and no token."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from aiohttp import ClientSession, Fingerprint, TCPConnector
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from portone_async import (
    CertificateError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    PortOneClient,
    PortOneError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
)
from portone_async._http import session as _session
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.support.idle import leaves_nothing
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import UID, token_reply
from tests.support.steady_time import steady_time
from tests.support.stopwatch import timed
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

HOST = "127.0.0.1"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


class TlsServer:
    """An API of one payment behind a certificate that may change between connections."""

    def __init__(self) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.handshakes = 0
        """How many were begun, whatever came of them."""
        self.received: list[bytes] = []
        """What came through TLS: heads of requests."""
        self.port = 0

        def begun(_: object, __: object, ___: object) -> None:
            self.handshakes += 1

        self.context.sni_callback = begun

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def show(self, certificate: trustme.Blob) -> None:
        with certificate.tempfile() as path:
            self.context.load_cert_chain(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.received.append(head)
            is_token = head.startswith(b"POST")
            content = token_reply().body if is_token else ok(CARD_PAID)
            # One request per connection: each meets the certificate of that moment.
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
            if is_token:
                await reader.readuntil(b"}")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture(name="server")
async def _server(authority: trustme.CA) -> AsyncGenerator[TlsServer]:
    server = TlsServer()
    server.show(good(authority))
    async with leaves_nothing():
        listener = await asyncio.start_server(server.serve, HOST, 0, ssl=server.context)
        server.port = listener.sockets[0].getsockname()[1]
        yield server
        listener.close()


@pytest.fixture(scope="module", name="authority")
def _authority() -> trustme.CA:
    """Return a certificate authority that no machine trusts."""
    return trustme.CA()


@pytest.fixture(name="trusting")
async def _trusting(authority: trustme.CA) -> AsyncGenerator[ClientSession]:
    """Open a session that trusts the authority: only the certificate can be wrong."""
    async with ClientSession(connector=TCPConnector(ssl=trust(authority))) as session:
        yield session


def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]  # or pyOpenSSL's
    return context


def good(authority: trustme.CA) -> trustme.Blob:
    return authority.issue_cert(HOST).private_key_and_cert_chain_pem


def _another_host(authority: trustme.CA) -> trustme.Blob:
    return authority.issue_cert("api.iamport.kr", "127.0.0.2").private_key_and_cert_chain_pem


def _expired(authority: trustme.CA) -> trustme.Blob:
    leaf = authority.issue_cert(HOST, not_before=NOW - 2 * DAY, not_after=NOW - DAY)
    return leaf.private_key_and_cert_chain_pem


def _not_yet_valid(authority: trustme.CA) -> trustme.Blob:
    leaf = authority.issue_cert(HOST, not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    return leaf.private_key_and_cert_chain_pem


def _self_signed(_: trustme.CA) -> trustme.Blob:
    alone = trustme.CA()
    return trustme.Blob(alone.private_key_pem.bytes() + alone.cert_pem.bytes())


def _unknown_authority(_: trustme.CA) -> trustme.Blob:
    return good(trustme.CA())


def _without_its_intermediate(authority: trustme.CA) -> trustme.Blob:
    leaf = authority.create_child_ca().issue_cert(HOST)
    return trustme.Blob(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes())


BAD: dict[str, tuple[Callable[[trustme.CA], trustme.Blob], str]] = {
    "another host": (_another_host, "IP address mismatch"),
    "expired": (_expired, "certificate has expired"),
    "not yet valid": (_not_yet_valid, "certificate is not yet valid"),
    "self-signed": (_self_signed, "self-signed certificate"),
    "unknown authority": (_unknown_authority, "unable to get local issuer"),
    "no intermediate": (_without_its_intermediate, "unable to get local issuer"),
}


@pytest.mark.parametrize("name", BAD)
async def test_invalid_certificate_is_final_until_it_is_replaced(
    server: TlsServer, trusting: ClientSession, authority: trustme.CA, name: str
) -> None:
    make, what_openssl_says = BAD[name]
    server.show(make(authority))
    with pytest.raises(ssl.SSLCertVerificationError, match=what_openssl_says):
        await asyncio.open_connection(HOST, server.port, ssl=trust(authority))
    server.handshakes = 0
    async with PortOneClient(
        "key", "secret", base_url=server.url, session=trusting, retry=AT_ONCE, max_in_flight=1
    ) as client:
        error, took = await timed(client.payments.find(UID))
        assert type(error) is CertificateError
        assert not error.is_transient
        assert len(error.attempts) == server.handshakes == 1
        assert not server.received
        assert took.net < 0.5

        server.show(good(authority))
        assert (await client.payments.find(UID)).is_paid


@pytest.mark.parametrize("name", BAD)
async def test_token_is_not_sent_after_the_certificate_became_invalid(
    server: TlsServer, trusting: ClientSession, authority: trustme.CA, name: str
) -> None:
    async with PortOneClient(
        "key", "secret", base_url=server.url, session=trusting, retry=AT_ONCE
    ) as client:
        await client.payments.find(UID)
        server.show(BAD[name][0](authority))
        server.received.clear()
        server.handshakes = 0
        with pytest.raises(CertificateError) as caught:
            await client.payments.find(UID)
        assert caught.value.endpoint == "GET /payments/find/{merchant_uid}"
        assert len(caught.value.attempts) == server.handshakes == 1
        assert not server.received

        server.show(good(authority))
        await client.payments.find(UID)
        assert b"Bearer" in server.received[-1]


async def test_private_authority_is_not_trusted_by_default(
    server: TlsServer,
) -> None:
    async with PortOneClient("key", "secret", base_url=server.url, retry=AT_ONCE) as client:
        calls = [client.payments.find(UID) for _ in range(20)]
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(each) for each in results} == {CertificateError}
    assert not server.received


async def test_private_authority_of_a_session_is_trusted(
    server: TlsServer, trusting: ClientSession
) -> None:
    async with PortOneClient("k", "s", base_url=server.url, session=trusting) as client:
        assert (await client.payments.find(UID)).is_paid
    assert len(server.received) == 2


async def test_changed_pinned_certificate_is_final(
    server: TlsServer, authority: trustme.CA
) -> None:
    pinned = authority.issue_cert(HOST)
    server.show(pinned.private_key_and_cert_chain_pem)
    async with ClientSession(connector=TCPConnector(ssl=fingerprint(pinned))) as session:
        client = PortOneClient("k", "s", base_url=server.url, session=session, retry=AT_ONCE)
        assert (await client.payments.find(UID)).is_paid
        server.show(good(authority))
        server.received.clear()
        with pytest.raises(CertificateError) as caught:
            await client.payments.find(UID)
    assert len(caught.value.attempts) == 1
    assert not server.received


def fingerprint(leaf: trustme.LeafCert) -> Fingerprint:
    certificate = load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    return Fingerprint(certificate.fingerprint(SHA256()))


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    return context


def _unverified() -> ssl.SSLContext:
    context = _unchecked()
    context.verify_mode = ssl.CERT_NONE
    return context


@one_way
@pytest.mark.parametrize("make", [lambda: False, _unchecked, _unverified])
async def test_session_without_verification_is_rejected(server: TlsServer, make: Any) -> None:
    async with ClientSession(connector=TCPConnector(ssl=make())) as session:
        client = PortOneClient("k", "s", base_url=server.url, session=session)
        with pytest.raises(InvalidRequestError, match="certificates"):
            await client.payments.find("order-1")
    assert not server.handshakes


@asynccontextmanager
async def plain_server(answer: bytes) -> AsyncGenerator[tuple[str, list[bytes]]]:
    """Run a listener without TLS that records what it receives; an empty ``answer`` is not sent."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                received.append(data)
                writer.write(answer)
                if answer:
                    break
        finally:
            writer.close()

    async with leaves_nothing():
        listener = await asyncio.start_server(serve, HOST, 0)
        try:
            yield f"https://{HOST}:{listener.sockets[0].getsockname()[1]}", received
        finally:
            listener.close()


async def test_server_without_tls_receives_no_key() -> None:
    async with (
        plain_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (url, received),
        PortOneClient("the-key", "the-secret", base_url=url, retry=AT_ONCE) as client,
    ):
        with pytest.raises(ConnectionFailedError) as caught:
            await client.payments.find(UID)
    assert caught.value.was_sent is False
    assert len(caught.value.attempts) == len(received) == 4
    assert not any(each in b"".join(received) for each in (b"the-key", b"the-secret", b"getToken"))


@pytest.mark.parametrize(
    ("timeouts", "kind"),
    [
        (Timeouts(total=5.0, connect=0.2), RequestTimeoutError),
        (Timeouts(total=0.2, connect=None), DeadlineExceededError),
    ],
)
@steady_time
async def test_unanswered_handshake_times_out(timeouts: Timeouts, kind: type[PortOneError]) -> None:
    async with (
        plain_server(b"") as (url, received),
        PortOneClient(
            "k", "s", base_url=url, retry=RetryPolicy(attempts=1), timeouts=timeouts
        ) as client,
    ):
        error, took = await timed(client.payments.find(UID))
        assert type(error) is kind
        assert took.seconds >= 0.19
        assert took.net < 0.25
        assert len(received) == 1


async def test_own_connections_read_at_most_64_kb_at_once(
    server: TlsServer, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    connection_made = _session._SmallReads.connection_made

    def record(self: _session._SmallReads, transport: Any) -> None:
        connection_made(self, transport)
        sizes.append(getattr(transport, "_ssl_protocol", transport).max_size)

    monkeypatch.setattr(_session._SmallReads, "connection_made", record)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trust(authority))
    async with PortOneClient("key", "secret", base_url=server.url) as client:
        await client.payments.find(UID)
    async with FakePortOne() as fake, fake.client() as client:
        fake.add(merchant_uid=UID)
        await client.payments.find(UID)

    # Two connections with TLS, and a plain one.
    assert sizes == [65536] * 3
