"""The fake PortOne and the proxy in another process.

:class:`ServerProcess` starts it, kills it and starts it again on the same ports.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
from msgspec import Struct

from portone_async.testing import FakePortOne
from tests.support.ports import free_ports

from .fault_schedule import FaultSchedule
from .oracle import Oracle
from .proxy import faulty_proxy

__all__ = ("ServerOptions", "ServerProcess")

IMP_KEY = "7700000000000002"
IMP_SECRET = "secret-of-the-soak"
_PRINT_SECONDS = 0.25
_STOP_TIMEOUT = 10.0
_ROOT = Path(__file__).parents[2]


class ServerOptions(Struct, frozen=True, kw_only=True):
    """The options of the process."""

    oracle: Oracle
    server_port: int
    proxy_port: int
    start: int = 0
    """Starts before this one."""
    pace: float = 1.0
    lie: str | None = None
    """A key of :data:`.fault_schedule.LIES`, for tests of the soak itself."""


class Counters(Struct, frozen=True):
    """Counts since the start of the process, which prints them four times a second."""

    requests: int = 0
    tokens: int = 0
    faults: dict[str, int] = {}

    def plus(self, other: Counters) -> Counters:
        names = {**self.faults, **other.faults}
        return Counters(
            self.requests + other.requests,
            self.tokens + other.tokens,
            {name: self.faults.get(name, 0) + other.faults.get(name, 0) for name in names},
        )


class ServerProcess:
    """Controls the process from the soak."""

    def __init__(self, oracle: Oracle, *, pace: float = 1.0, lie: str | None = None) -> None:
        server_port, proxy_port = free_ports(2)
        self._options = ServerOptions(
            oracle=oracle, server_port=server_port, proxy_port=proxy_port, pace=pace, lie=lie
        )
        self.urls = tuple(f"http://127.0.0.1:{port}" for port in (server_port, proxy_port))
        """The URLs of the server and of the proxy in front of it."""
        self.starts = 0
        self._before = self._current = Counters()
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def counters(self) -> Counters:
        """The sum over all starts; the last quarter of a second of each is missing."""
        return self._before.plus(self._current)

    async def start(self) -> None:
        """Start the process, and wait until it listens.

        Raises:
            RuntimeError: The process did not start.
        """
        options = msgspec.structs.replace(self._options, start=self.starts)
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "tests.soak.server_process",
                msgspec.json.encode(options).decode(),
            ),
            stdin=PIPE,
            stdout=PIPE,
            cwd=_ROOT,
        )
        assert self._process.stdout is not None
        if not await self._process.stdout.readline():
            raise RuntimeError("the fake PortOne did not start")
        self._reading = asyncio.create_task(self._read(self._process.stdout))

    async def stop(self, *, kill: bool = False) -> None:
        """Stop the process: in good order, or with SIGKILL."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(0 if kill else _STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading
        self._before, self._current = self.counters, Counters()

    async def calm_down(self) -> None:
        """Stop injecting faults into new requests and connections, and revoke the token."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"calm\n")
        await self._process.stdin.drain()

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        decoder = msgspec.json.Decoder(Counters)
        while line := await stdout.readline():
            # SIGKILL may cut the last line.
            with suppress(msgspec.DecodeError):
                self._current = decoder.decode(line)


async def serve(options: ServerOptions) -> None:
    """Serve until stdin is closed."""
    server = FakePortOne(imp_key=IMP_KEY, imp_secret=IMP_SECRET, port=options.server_port)
    schedule = FaultSchedule(
        server, options.oracle, start=options.start, pace=options.pace, lie=options.lie
    )
    for path in ("/", "/users"):
        server.fail(schedule, times=None, on=path)
    draw = Random(f"{options.oracle.seed}/proxy/{options.start}")
    async with (
        server,
        faulty_proxy(options.proxy_port, options.server_port, draw, lambda: schedule.is_calm),
    ):
        printing = asyncio.create_task(_print_counters(schedule))
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while await reader.readline():
            schedule.is_calm = True
            # Makes every client fetch a token: none may have lost the ability to.
            server.revoke_token()
        printing.cancel()


async def _print_counters(schedule: FaultSchedule) -> None:
    while True:
        counters = Counters(schedule.requests, schedule.tokens, dict(schedule.faults))
        sys.stdout.buffer.write(msgspec.json.encode(counters) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.sleep(_PRINT_SECONDS)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # Ctrl-C is for the parent process.
        asyncio.run(serve(msgspec.json.decode(sys.argv[1], type=ServerOptions)))
