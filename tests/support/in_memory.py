"""A connector whose connections end in memory: a script in place of the network.

Its pieces arrive as bytes do from a socket, one in each turn of the event loop, so that a test
chooses where a response is split, in any loop and without a socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any

from aiohttp import BaseConnector
from aiohttp.client_proto import ResponseHandler

__all__ = ("Ending", "InMemory", "Piece", "split")


class Ending(Enum):
    """How a connection ends. Without it, the connection stays open."""

    FIN = auto()
    RST = auto()


Piece = bytes | Ending
"""Bytes that arrive together, or the end of the connection."""


def split(content: bytes, sizes: Iterable[int]) -> list[Piece]:
    """Split bytes into pieces of these sizes, and what is left."""
    pieces: list[Piece] = []
    start = 0
    for size in sizes:
        if start + size >= len(content):
            break
        pieces.append(content[start : start + size])
        start += size
    return [*pieces, content[start:]]


class InMemory(BaseConnector):
    """Connects to a script, which returns the response to each request by its number."""

    def __init__(self, script: Callable[[int], Iterable[Piece]], *, unread: int = 0) -> None:
        """Take a script, and how many bytes of a body stay in the client's own buffer."""
        super().__init__()
        self._script = script
        self._unread = unread
        self.requests: list[bytes] = []
        """Whole requests: heads and bodies."""
        self.connections: list[Connection] = []

    async def _create_connection(self, *_: Any, **__: Any) -> ResponseHandler:
        protocol = ResponseHandler(self._loop)
        connection = Connection(self._loop, protocol, self.respond, self._unread)
        self.connections.append(connection)
        protocol.connection_made(connection)
        return protocol

    def respond(self, request: bytes) -> Iterable[Piece]:
        """Record a request, and return its response."""
        self.requests.append(request)
        return self._script(len(self.requests))

    @property
    def acquired(self) -> int:
        """How many connections are not in the pool, and not closed."""
        return len(self._acquired)

    @property
    def is_quiet(self) -> bool:
        """Whether all that was sent has arrived."""
        return not any(connection.has_pieces() for connection in self.connections)

    @property
    def open(self) -> int:
        """How many connections are not closed."""
        return sum(not connection.is_closing() for connection in self.connections)


class Connection(asyncio.Transport):
    """The client's end of a connection."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: ResponseHandler,
        respond: Callable[[bytes], Iterable[Piece]],
        unread: int,
    ) -> None:
        super().__init__()
        self._unread = unread
        self._loop = loop
        self._protocol = protocol
        self._respond = respond
        self._received = b""
        self._pieces: deque[Piece] = deque()
        self._is_closing = False
        self._is_paused = False
        self._is_scheduled = False

    def write(self, data: Any) -> None:
        self._received += bytes(data)
        while (size := _request_size(self._received)) is not None:
            request, self._received = self._received[:size], self._received[size:]
            self._pieces.extend(self._respond(request))
            self._schedule()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return self._unread

    def is_closing(self) -> bool:
        return self._is_closing

    def has_pieces(self) -> bool:
        """Return whether something will arrive."""
        return bool(self._pieces) and not self._is_closing and not self._is_paused

    def close(self) -> None:
        self._lose(None)

    def abort(self) -> None:
        self._lose(None)

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled and not self._is_paused and self._pieces:
            self._is_scheduled = True
            self._loop.call_soon(self._arrive)

    def _arrive(self) -> None:
        self._is_scheduled = False
        if self._is_closing or self._is_paused or not self._pieces:
            return
        match self._pieces.popleft():
            case bytes() as content:
                self._protocol.data_received(content)
            case Ending.FIN:
                self._protocol.eof_received()
                self._lose(None)
            case Ending.RST:
                self._lose(ConnectionResetError(104, "Connection reset by peer"))
        self._schedule()

    def _lose(self, error: Exception | None) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, error)


def _request_size(received: bytes) -> int | None:
    """Return how many bytes the first request has, or ``None`` if more of it will follow."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return len(head) + len(end) + length if len(body) >= length else None
