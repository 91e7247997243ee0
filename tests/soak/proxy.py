"""A TCP proxy without manners: it cuts, stalls, delays and chops up what goes through it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

from msgspec import Struct

__all__ = ("Manner", "rude_proxy")

_PIECE = 64 * 1024
_STALL = 5.0


class Manner(Struct, frozen=True):
    """How one connection is treated."""

    up: int | None = None
    """After so many bytes of requests it ends; ``None``: never."""
    down: int | None = None
    """After so many bytes of answers it ends."""
    end: str = "fin"
    """``fin``, ``rst``, or ``stall``: it stays open, and nothing moves."""
    piece: int = _PIECE
    """Answers come in pieces of this many bytes,"""
    wait: float = 0.0
    """and so many seconds apart, the first ten of them."""

    @classmethod
    def drawn(cls, draw: Random) -> Manner:
        match draw.randrange(12):
            case 0:
                return cls(up=draw.randrange(600), end=draw.choice(("fin", "rst", "stall")))
            case 1 | 2 | 3:
                down = int(10 ** draw.uniform(0, 4.5))
                return cls(down=down, end=draw.choice(("fin", "rst", "stall")))
            case 4:
                return cls(up=0)
            case 5 | 6:
                return cls(piece=draw.choice((1, 7, 100)), down=int(10 ** draw.uniform(3, 5)))
            case 7:
                return cls(piece=draw.choice((300, 2000)), wait=draw.uniform(0.001, 0.05))
            case _:
                return cls(down=int(10 ** draw.uniform(4, 6)))


@asynccontextmanager
async def rude_proxy(
    port: int, upstream: int, draw: Random, is_calm: Callable[[], bool]
) -> AsyncGenerator[int]:
    """Listen on ``port`` and pass to ``upstream``, both of 127.0.0.1; give the port."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        manner = Manner() if is_calm() else Manner.drawn(draw)
        task = asyncio.ensure_future(_relay(reader, writer, upstream, manner))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int, manner: Manner
) -> None:
    far: asyncio.StreamWriter | None = None
    try:
        with suppress(OSError):
            far_reader, far = await asyncio.open_connection("127.0.0.1", upstream)
            ways = {
                asyncio.ensure_future(_pump(reader, far, manner.up, _PIECE, 0.0)),
                asyncio.ensure_future(
                    _pump(far_reader, writer, manner.down, manner.piece, manner.wait)
                ),
            }
            try:
                # Either end of it ends both.
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                if manner.end == "stall" and any(way.result() for way in done):
                    await asyncio.sleep(_STALL)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        if manner.end == "rst":
            _reset(writer)
    finally:
        writer.close()
        if far is not None:
            far.close()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    limit: int | None,
    piece: int,
    wait: float,
) -> bool:
    """Pass bytes on, up to a limit; whether it was reached."""
    waits = 10 if wait else 0
    with suppress(OSError):
        while data := await reader.read(_PIECE if limit is None else max(1, min(_PIECE, limit))):
            if limit is not None:
                data = data[:limit]
                limit -= len(data)
            for at in range(0, len(data), piece):
                writer.write(data[at : at + piece])
                await writer.drain()
                if waits:
                    waits -= 1
                    await asyncio.sleep(wait)
            if limit == 0:
                return True
    return False


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
