"""Decide whether a client may, and can, exchange without aiohttp's session."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import FunctionType
from typing import Any

from aiohttp import BaseConnector, ClientSession, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from .direct import Direct
from .hooks import is_of_aiohttp, private
from .reply import Reply

__all__ = ("direct_is_available", "session_methods")


def direct_is_available(session: ClientSession, base_url: URL) -> bool:
    """Return whether requests may go around a session, and this aiohttp lets them.

    They have to pass through it for a mock that replaces one of its methods, and for monitoring,
    which wraps a method, or adds a trace configuration or a middleware to every session.
    """
    return (
        not session.trace_configs
        and not getattr(session, "_middlewares", True)  # Unknown middlewares may be there.
        and all(_is_original(method) for method in session_methods())
        and _works(base_url)
    )


def session_methods() -> tuple[Any, ...]:
    """Return the methods of all sessions that mocks and monitoring replace."""
    return ClientSession.request, ClientSession._request


def _is_original(method: Any) -> bool:
    # A wrapper may pass for what it wraps, by its attributes.
    return type(method) is FunctionType and is_of_aiohttp(method)


def _works(base_url: URL) -> bool:
    """Try two exchanges over a connection in memory. A later aiohttp may differ inside."""
    connector = _InMemory()
    try:
        direct = Direct(connector, base_url)
        replies = [
            _result(direct.exchange("GET", "/", {}, None, ClientTimeout())) for _ in range(2)
        ]
    except Exception:  # noqa: BLE001 (any exception means that aiohttp has changed)
        return False
    finally:
        private(connector, "_close")()
    return connector.connections == 1 and all(
        isinstance(reply, Reply) and reply.status == 200 and reply.body == b"{}"
        for reply in replies
    )


class _InMemory(BaseConnector):
    """A connector whose connections answer each request at once, and reach nowhere."""

    connections = 0
    """How many were made."""

    async def _create_connection(self, *_: Any, **__: Any) -> ResponseHandler:
        self.connections += 1
        protocol = ResponseHandler(self._loop)
        protocol.connection_made(_Answering(protocol))
        return protocol


class _Answering(asyncio.Transport):
    """A transport that answers each request at once."""

    def __init__(self, protocol: ResponseHandler) -> None:
        super().__init__()
        self._protocol = protocol

    def write(self, data: Any) -> None:  # noqa: ARG002 (whatever the request is)
        self._protocol.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def abort(self) -> None: ...


def _result(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that does not wait, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    finally:
        coroutine.close()
    return None
