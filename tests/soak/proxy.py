"""A TCP proxy that cuts, stalls, delays and splits the connections through it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

from msgspec import Struct

__all__ = ("Behaviour", "faulty_proxy")

_PIECE = 64 * 1024
_STALL = 5.0


class Behaviour(Struct, frozen=True):
    """What the proxy does to one connection."""

    up: int | None = None
    """Bytes of requests after which it ends; ``None`` for no limit."""
    down: int | None = None
    """Bytes of responses after which it ends; ``None`` for no limit."""
    end: str = "fin"
    """``fin``, ``rst``, or ``stall``: it stays open without passing bytes."""
    piece: int = _PIECE
    """Bytes per piece of a response."""
    wait: float = 0.0
    """Seconds between the first ten pieces."""

    @classmethod
    def random(cls, draw: Random) -> Behaviour:
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
async def faulty_proxy(
    port: int, upstream: int, draw: Random, is_calm: Callable[[], bool]
) -> AsyncGenerator[int]:
    """Forward ``port`` to ``upstream``, both on 127.0.0.1, and yield the port."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = Behaviour() if is_calm() else Behaviour.random(draw)
        task = asyncio.ensure_future(_relay(reader, writer, upstream, behaviour))
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
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int, behaviour: Behaviour
) -> None:
    upstream_writer: asyncio.StreamWriter | None = None
    try:
        with suppress(OSError):
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", upstream)
            pumps = {
                asyncio.ensure_future(_pump(reader, upstream_writer, behaviour.up, _PIECE, 0.0)),
                asyncio.ensure_future(
                    _pump(upstream_reader, writer, behaviour.down, behaviour.piece, behaviour.wait)
                ),
            }
            try:
                # The end of one direction ends both.
                done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                if behaviour.end == "stall" and any(pump.result() for pump in done):
                    await asyncio.sleep(_STALL)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        if behaviour.end == "rst":
            _reset(writer)
    finally:
        writer.close()
        if upstream_writer is not None:
            upstream_writer.close()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    limit: int | None,
    piece: int,
    wait: float,
) -> bool:
    """Forward bytes up to a limit; return whether it was reached."""
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
