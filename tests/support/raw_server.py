"""A TCP server whose handler writes raw bytes, for responses that no HTTP server would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

__all__ = ("RawServer", "close_listener", "raw_server", "read_body")

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class RawServer:
    """Reads requests and lets a handler write any bytes as the response."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self.url = ""
        self.requests: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await read_body(head, reader)
                self.requests.append(head)
                await self._handle(reader, writer, len(self.requests))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_server(handle: Handler) -> AsyncGenerator[RawServer]:
    """Call ``handle`` for each request, with its number, after reading the request."""
    raw = RawServer(handle)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(raw.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    raw.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield raw
    finally:
        await close_listener(listener)
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_body(head: bytes, reader: asyncio.StreamReader) -> None:
    """Read the body of a request, whose length is in its head."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))


async def close_listener(listener: asyncio.Server) -> None:
    """Stop listening, without losing connections that have just been accepted.

    asyncio never closes a connection that it accepts before and hands over after ``close()``:
    https://github.com/python/cpython/issues/109564
    """
    for sock in listener.sockets:
        asyncio.get_running_loop().remove_reader(sock)
    for _ in range(3):
        await asyncio.sleep(0)
    listener.close()
