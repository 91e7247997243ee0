"""Exchanges through aiohttp's session: over a proxy, and for mocks and monitoring."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

import aiohttp
from aiohttp import (
    BaseConnector,
    BasicAuth,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from portone_async._redact import Secret
from portone_async.errors import (
    ClientClosedError,
    InvalidRequestError,
    WrongLoopError,
)

from .exchange import UnsolicitedDataError, read_reply, shared_headers
from .hooks import check_hooks, private
from .proxy import Proxy, refuse_plain, system_proxy
from .reply import Reply

__all__ = (
    "ThroughSession",
    "abort_requests",
    "check_external",
    "external_proxy",
    "own_session",
    "session_from",
)

_READ_SIZE = 64 * 1024
"""Bytes."""


class ThroughSession:
    """Exchanges through a session, also over a proxy."""

    __slots__ = ("_base_path", "_base_url", "_proxy_options", "_session")

    def __init__(self, session: ClientSession, base_url: URL, proxy: Proxy | None) -> None:
        self._session = session
        self._base_url = base_url
        self._base_path = base_url.raw_path.rstrip("/")
        self._proxy_options: dict[str, Any] = {} if proxy is None else proxy.options()

    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: ClientTimeout,  # noqa: ASYNC109 (of aiohttp)
    ) -> Reply:
        """Send a request and read the whole reply; see :class:`Exchange`."""
        response = await self._session.request(
            method,
            self._url(target),
            headers=headers,
            data=body,
            timeout=timeout,
            allow_redirects=False,
            **self._proxy_options,
        )
        try:
            return await read_reply(response.status, response.headers, response.content)
        finally:
            if not response.closed:  # It is, if the body was read to its end. Saves 2 %.
                response.release()

    def _url(self, target: str) -> URL:
        if "?" in target:
            return URL(f"{self._base_url}{target}", encoded=True)
        # The host is known and the path quoted: to parse the URL again would cost 5 % more
        # instructions per look-up.
        return self._base_url.with_path(f"{self._base_path}{target}", encoded=True)


def own_session(max_in_flight: int, base_url: URL) -> ClientSession:
    """Create a session with a new connector."""
    connector = TCPConnector(limit=max_in_flight)
    private(connector, "_close")  # For a client that is dropped unclosed.
    private(connector, "_closed")
    private(connector, "_acquired")  # For `abort_requests`.
    connector._factory = partial(_small_reads, asyncio.get_running_loop())
    return _session(connector, base_url, is_owner=True)


def abort_requests(session: ClientSession) -> None:
    """Close the connections that are in use, and discard what they have not sent yet.

    ``session.close()`` would wait until the server has read the whole body of each request.
    """
    for protocol in private(session.connector, "_acquired"):
        protocol.abort()


def check_external(external: ClientSession, base_url: URL) -> BaseConnector:
    """Return the connector of a session, if it can be used in the running loop.

    Raises:
        ClientClosedError: The session is closed.
        WrongLoopError: It belongs to another loop.
        InvalidRequestError: It does not verify certificates.
        UnsupportedVersionError: This aiohttp lacks a name that the check needs.
    """
    connector = external.connector
    if external.closed or connector is None:
        raise ClientClosedError("the session that was passed in is closed")
    if private(connector, "_loop") is not asyncio.get_running_loop():
        raise WrongLoopError("the session that was passed in belongs to another event loop")
    # Only a connector that does TLS itself has the setting.
    setting = private(connector, "_ssl") if isinstance(connector, TCPConnector) else True
    if base_url.scheme == "https" and not _verifies(setting):
        raise InvalidRequestError(
            "the session that was passed in does not verify certificates: "
            "use a connector whose SSL context trusts the right CA instead"
        )
    return connector


def session_from(external: ClientSession, base_url: URL) -> ClientSession:
    """Create a session with the connector of another, and nothing else of it.

    Its headers, auth, cookies, timeouts and middlewares would be sent with the token, or change
    the behaviour.
    """
    return _session(check_external(external, base_url), base_url, is_owner=False)


def external_proxy(external: ClientSession, base_url: URL) -> Proxy | None:
    """Return the proxy of another session.

    Raises:
        InvalidRequestError: It would be sent the token in plain text, or is not a proxy.
        UnsupportedVersionError: This aiohttp lacks a name that the check needs.
    """
    # No local variable holds a password, which a traceback could show.
    url = Secret(private(external, "_default_proxy") or "")
    auth: BasicAuth | None = private(external, "_default_proxy_auth")
    authorization = None if auth is None else Secret(auth.encode())
    if url:
        refuse_plain(base_url)
        return Proxy(url, authorization)
    # Not trust_env itself: with it aiohttp would send the credentials of a netrc file.
    return system_proxy(base_url) if external.trust_env else None


def _session(connector: BaseConnector, base_url: URL, *, is_owner: bool) -> ClientSession:
    check_hooks(lambda nowhere: _unchecked_session(nowhere, base_url, is_owner=True))
    return _unchecked_session(connector, base_url, is_owner=is_owner)


def _unchecked_session(connector: BaseConnector, base_url: URL, *, is_owner: bool) -> ClientSession:
    session = ClientSession(
        connector=connector,
        connector_owner=is_owner,
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=_Request,
        headers=shared_headers(base_url),  # All that aiohttp would add: see `_Request`.
    )
    # aiohttp would send a GET again after a dropped connection: without a permit, and as an
    # attempt that is not counted (aio-libs/aiohttp#10790).
    session._retry_connection = False
    return session


class _SmallReads(ResponseHandler):
    """Reads at most 64 KB at once.

    asyncio allocates 256 KB for each read. glibc may map and unmap that every time: 13 to 15 µs of
    page faults per look-up (benchmarks/calls.py).
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # With TLS, asyncio's protocol below reads from OpenSSL. uvloop has one buffer for all.
        reader: Any
        for reader in (transport, getattr(transport, "_ssl_protocol", None)):
            if hasattr(reader, "max_size"):
                reader.max_size = _READ_SIZE


def _small_reads(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _SmallReads(loop)


class _Request(ClientRequest):
    """Refuses a pooled connection that already holds unsolicited data.

    Its headers are complete: the session's and the call's. aiohttp would copy them one by one and
    add its defaults, which costs 3 % more instructions per look-up. If a later aiohttp renames
    these methods, it does that again, with the same result.
    """

    def update_headers(self, headers: Any) -> None:
        self.headers = headers

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        pass

    def send(self, conn: Connection) -> Coroutine[Any, Any, ClientResponse]:  # pyright: ignore[reportIncompatibleMethodOverride]  # awaited all the same
        # aiohttp checks a connection when it returns to the pool, but not when it leaves it.
        if conn.protocol is None or conn.protocol.should_close:
            raise UnsolicitedDataError
        return super().send(conn)


def _verifies(setting: object) -> bool:
    """Return whether a connector's ``ssl`` setting verifies certificates and host names."""
    if isinstance(setting, ssl.SSLContext):
        return setting.verify_mode is not ssl.CERT_NONE and setting.check_hostname
    return setting is not False
