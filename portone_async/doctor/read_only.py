"""A client that only reads, and records what it receives."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Unpack

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from aiohttp.connector import Connection

from portone_async._core.environment import hide_urls
from portone_async._http.proxy import Proxy
from portone_async._http.reply import Reply
from portone_async._http.transport import Transport
from portone_async._redact import Secret
from portone_async.client import ClientOptions, PortOneClient
from portone_async.errors import InvalidRequestError, PortOneError

from .evidence import Received, Recorder

__all__ = ("MOST_REQUESTS", "ReadOnlyClient", "opened")

MOST_REQUESTS = 150
"""The most requests of one client, retries and token fetches included."""
_GET_TOKEN = ("POST", "/users/getToken")


class ReadOnlyClient(PortOneClient):
    """Sends GET and ``POST /users/getToken`` only, a bounded number of them, and records replies."""

    has_proxy: bool = False
    """Whether requests go through a proxy."""
    is_tls: bool = True
    """Whether ``base_url`` is https."""

    def _make_transport(
        self, base_url: str, limit: int, session: ClientSession | None, proxy: Proxy | None
    ) -> Transport:
        self.has_proxy = proxy is not None
        self.is_tls = base_url.startswith("https:")
        self.transport = RecordingTransport(base_url, limit, session, proxy)
        return self.transport


class RecordingTransport(Transport):
    """Refuses all that may change something, and records every reply."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.recorder = Recorder()
        self.authorization: Callable[[str], str] | None = None
        """Replaces the header ``Authorization`` of the next request that has one."""

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float | None,
        client_timeout: ClientTimeout,
    ) -> Reply | PortOneError:
        """Send a request that only reads, and record the reply."""
        if method != "GET" and (method, target) != _GET_TOKEN:
            return InvalidRequestError("doctor only reads: it sends GET and POST /users/getToken")
        if self.recorder.sent >= MOST_REQUESTS:
            return InvalidRequestError(f"doctor sends {MOST_REQUESTS} requests at most")
        self.recorder.sent += 1
        started_at = time.monotonic()
        reply = await super().send(
            method,
            target,
            headers=self._altered(headers),
            body=body,
            deadline=deadline,
            client_timeout=client_timeout,
        )
        if isinstance(reply, Reply):
            seconds = time.monotonic() - started_at
            received = Received(reply, seconds, time.time(), is_of_token=method == "POST")
            self.recorder.received.append(received)
        return reply

    def _altered(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        alter, header = self.authorization, headers.get("Authorization")
        if alter is None or header is None:
            return headers
        self.authorization = None
        return {**headers, "Authorization": Secret(alter(header))}


class RecordingConnector(TCPConnector):
    """Records the TLS of connections."""

    recorder: Recorder | None = None

    async def connect(self, *arguments: Any, **options: Any) -> Connection:
        connection = await super().connect(*arguments, **options)
        if self.recorder is not None and connection.transport is not None:
            self._record(self.recorder, connection.transport)
        return connection

    @staticmethod
    def _record(recorder: Recorder, transport: asyncio.Transport) -> None:
        recorder.connections.add(transport.get_extra_info("sockname"))
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is None:
            return
        recorder.tls_versions.add(tls.version() or "")
        end = (tls.getpeercert() or {}).get("notAfter")
        if isinstance(end, str):
            recorder.certificate_days = int((ssl.cert_time_to_seconds(end) - time.time()) // 86400)


@asynccontextmanager
async def opened(
    make_client: Callable[..., ReadOnlyClient] = ReadOnlyClient.from_env,
    **options: Unpack[ClientOptions],
) -> AsyncGenerator[ReadOnlyClient]:
    """Open a client that only reads, and that records its connections, too.

    Args:
        make_client: Creates the client from options: that of the environment's keys by default,
            or ``functools.partial(ReadOnlyClient, imp_key, imp_secret)``.
        **options: Its options.

    Raises:
        InvalidRequestError: The keys are missing or ambiguous, or an option is invalid.
    """
    hide_urls(options)
    connector = RecordingConnector()
    async with ClientSession(connector=connector) as session:
        options.setdefault("session", session)
        async with make_client(**options) as client:
            connector.recorder = client.transport.recorder
            yield client
