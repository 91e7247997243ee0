"""Exchanges over aiohttp's connections, without its session.

aiohttp makes, secures and pools the connections, and its parser reads the responses. Its session
does more for each request than this client needs (cookies, redirects, authentication, a request and
a response object for any URL): through it a look-up costs half as much again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp import BaseConnector, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from yarl import URL

from .exchange import UnsolicitedDataError, read_reply, shared_headers
from .reply import Reply

__all__ = ("Direct",)


class Direct:
    """Exchanges with one host over the connections of a connector."""

    __slots__ = ("_base_path", "_connector", "_destination", "_version_and_headers")

    def __init__(self, connector: BaseConnector, base_url: URL) -> None:
        self._connector = connector
        self._base_path = base_url.raw_path.rstrip("/")
        self._destination = _Destination("GET", base_url, loop=asyncio.get_running_loop())
        shared = (f"{name}: {value}\r\n" for name, value in shared_headers(base_url).items())
        self._version_and_headers = f" HTTP/1.1\r\n{''.join(shared)}"

    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: ClientTimeout,  # noqa: ASYNC109 (of aiohttp)
    ) -> Reply:
        """Send a request and read the whole reply; see :class:`Exchange`."""
        try:
            connection = await self._connector.connect(self._destination, [], timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        try:
            protocol, transport = _usable(connection)
            protocol.set_response_params(read_until_eof=True)
            # Not a local variable, which a traceback could show: it holds the token.
            transport.write(self._encoded(method, target, headers, body))
            message, content = await protocol.read()
            while 100 <= message.code < 200 and message.code != 101:  # Another one follows.
                message, content = await protocol.read()
            reply = await read_reply(message.code, message.headers, content)
        except BaseException:
            _abort(connection)
            raise
        if body and transport.get_write_buffer_size():
            _abort(connection)  # Answered early: another request would wait behind this body.
        else:
            connection.release()  # To the pool, if the response was read to its end.
        return reply

    def _encoded(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> bytes:
        """Return a request as it is sent.

        No value can add a header: targets are quoted; methods, tokens and tiers are validated.
        """
        own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{method} {self._base_path}{target}{self._version_and_headers}{own}"
        if body is None and method == "GET":
            return f"{head}\r\n".encode()
        content = body or b""
        return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def _usable(connection: Connection) -> tuple[ResponseHandler, asyncio.Transport]:
    # aiohttp checks a connection when it returns to the pool, but not when it leaves it.
    protocol = connection.protocol
    if protocol is None or protocol.transport is None or protocol.should_close:
        raise UnsolicitedDataError
    return protocol, protocol.transport


def _abort(connection: Connection) -> None:
    """Close a connection, and discard what it has not sent yet.

    ``close()`` alone would keep both until the server has read all of it.
    """
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()


class _Destination(ClientRequest):
    """What a connector has to know of a request; made once for all of them."""

    _key: ConnectionKey | None = None

    @property
    def connection_key(self) -> ConnectionKey:
        """The key of its connections in the pool."""
        if self._key is None:
            self._key = super().connection_key
        return self._key
