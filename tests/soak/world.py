"""The world outside the client, in a process of its own: the fake PortOne, and the proxy.

:class:`World` starts it, kills it and starts it again on the same ports.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
from msgspec import Struct

from portone_async.testing import FakePortOne

from .proxy import rude_proxy
from .truth import Truth
from .weather import Sky

__all__ = ("Orders", "World")

IMP_KEY = "7700000000000002"
IMP_SECRET = "secret-of-a-shop-in-bad-weather"
_TELL_EVERY = 0.25
_LONGEST_STOP = 10.0
_ROOT = Path(__file__).parents[2]


class Orders(Struct, frozen=True, kw_only=True):
    """What the process is told when it starts."""

    truth: Truth
    server_port: int
    proxy_port: int
    start: int = 0
    """How often it was started before."""
    pace: float = 1.0
    plant: str | None = None
    """A lie from :data:`.weather.PLANTS`, for tests of the soak itself."""


class Told(Struct, frozen=True):
    """What the process tells four times a second, counted from its start."""

    requests: int = 0
    tokens: int = 0
    faults: dict[str, int] = {}

    def plus(self, other: Told) -> Told:
        names = {**self.faults, **other.faults}
        return Told(
            self.requests + other.requests,
            self.tokens + other.tokens,
            {name: self.faults.get(name, 0) + other.faults.get(name, 0) for name in names},
        )


class World:
    """The process, as the soak holds it."""

    def __init__(self, truth: Truth, *, pace: float = 1.0, plant: str | None = None) -> None:
        server_port, proxy_port = _free_ports(truth.seed)
        self._orders = Orders(
            truth=truth, server_port=server_port, proxy_port=proxy_port, pace=pace, plant=plant
        )
        self.urls = tuple(f"http://127.0.0.1:{port}" for port in (server_port, proxy_port))
        """Of the server itself, and of the proxy before it."""
        self.starts = 0
        self._before = self._told = Told()
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def told(self) -> Told:
        """What it told of all its lives; the last quarter of a second of each is not in it."""
        return self._before.plus(self._told)

    async def start(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            RuntimeError: It did not come up.
        """
        orders = msgspec.structs.replace(self._orders, start=self.starts)
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.soak.world", msgspec.json.encode(orders).decode()),
            stdin=PIPE,
            stdout=PIPE,
            cwd=_ROOT,
        )
        assert self._process.stdout is not None
        if not await self._process.stdout.readline():
            raise RuntimeError("the fake PortOne did not start")
        self._reading = asyncio.create_task(self._read(self._process.stdout))

    async def stop(self, *, kill: bool = False) -> None:
        """End it: in good order, or with SIGKILL in the middle of whatever it does."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(0 if kill else _LONGEST_STOP):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading
        self._before, self._told = self.told, Told()

    async def calm_down(self) -> None:
        """Let no new request meet a fault, and no new connection be treated badly.

        The token that all have is refused from now on.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"calm\n")
        await self._process.stdin.drain()

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        decoder = msgspec.json.Decoder(Told)
        while line := await stdout.readline():
            # The last one may be cut by a SIGKILL.
            with suppress(msgspec.DecodeError):
                self._told = decoder.decode(line)


def _free_ports(seed: int) -> tuple[int, int]:
    """Two ports below those that the system gives to connections.

    While the server is away, nobody else can be given its port then; a client that is, would even
    be connected to itself.
    """
    draw = Random(f"{seed}/{id(seed)}")
    found: list[int] = []
    while len(found) < 2:
        port = draw.randrange(20_000, 30_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found[0], found[1]


async def serve(orders: Orders) -> None:
    """Be the world until the one who started it goes away."""
    server = FakePortOne(imp_key=IMP_KEY, imp_secret=IMP_SECRET, port=orders.server_port)
    sky = Sky(server, orders.truth, start=orders.start, pace=orders.pace, plant=orders.plant)
    for path in ("/", "/users"):
        server.fail(sky, times=None, on=path)
    draw = Random(f"{orders.truth.seed}/proxy/{orders.start}")
    async with (
        server,
        rude_proxy(orders.proxy_port, orders.server_port, draw, lambda: sky.is_calm),
    ):
        telling = asyncio.create_task(_tell(sky))
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while await reader.readline():
            sky.is_calm = True
            # Fair weather begins with a renewal: no client may have lost the way to one.
            server.revoke_token()
        telling.cancel()


async def _tell(sky: Sky) -> None:
    while True:
        told = Told(sky.requests, sky.tokens, dict(sky.faults))
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.sleep(_TELL_EVERY)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # Ctrl-C is for the one who started it.
        asyncio.run(serve(msgspec.json.decode(sys.argv[1], type=Orders)))
