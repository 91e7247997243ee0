"""A server of bytes that does what a script says: the far end of every fault of the network."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from typing import Any, NamedTuple, Self

import pytest

from portone_async import PortOneClient, PortOneError, RateLimit, TokenBucket
from tests.conftest import AT_ONCE

from .samples import CARD_PAID, ok
from .scripted import UID, token_reply


class End(Enum):
    """How the server leaves a connection; without one it stays open for the next request."""

    FIN = auto()
    RST = auto()


class Slowly(NamedTuple):
    """One byte at a time."""

    content: bytes
    seconds: float
    """Between two bytes; with 0 the loop takes a turn."""


Step = bytes | Slowly | asyncio.Event | End
"""What is sent, what is waited for, or how it ends."""
Script = tuple[Step, ...]


def answer(content: bytes, *headers: str, status: str = "200 OK", length: object = None) -> bytes:
    """A whole answer, the length as it is unless something else is said."""
    told = len(content) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {told}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


class FaultServer:
    """Answers ``getToken``, and each payment with the script, or with the truth if there is none.

    The truth differs from request to request, by its amount: an old answer is never the right one.
    """

    def __init__(self) -> None:
        self.url = ""
        self.script: Script | None = None
        self.times = 10**9
        """For how many requests the script holds."""
        self.busy = 0
        """How many scripts are under way."""
        self.token_script: Script = (answer(token_reply().body),)
        self.amount = 1000
        self.payments: list[bytes] = []
        """The heads of the requests for payments."""
        self.tokens: list[bytes] = []
        self.connections = 0
        self.open: set[asyncio.Task[None]] = set()
        """One for each connection that is open."""
        self._port = 0

    def truth(self) -> bytes:
        self.amount += 1
        return ok(CARD_PAID | {"amount": self.amount})

    async def start(self) -> None:
        """Listen, on the same port each time."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Refuse connections, and break those that are open."""
        self._listener.close()
        tasks = tuple(self.open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self.open.add(task)
        task.add_done_callback(self.open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                self.busy += 1
                try:
                    for step in self._next(head):
                        await _do(step, writer)
                finally:
                    self.busy -= 1
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _next(self, head: bytes) -> Script:
        if b"/users/getToken" in head:
            self.tokens.append(head)
            return self.token_script
        self.payments.append(head)
        if self.script is None or not self.times:
            return (answer(self.truth()),)
        self.times -= 1
        return self.script


async def _do(step: Step, writer: asyncio.StreamWriter) -> None:
    match step:
        case Slowly(content, seconds):
            for byte in content:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(seconds)
        case bytes():
            writer.write(step)
            await writer.drain()
            for _ in range(5):  # It arrives before what comes next.
                await asyncio.sleep(0)
        case asyncio.Event():
            await step.wait()
        case End.FIN:
            writer.close()
        case End.RST:
            lingers_not = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, lingers_not
            )
            writer.transport.abort()


class CountedPermits(TokenBucket):
    """The real throttle, which counts what it gives."""

    def __init__(self) -> None:
        super().__init__(RateLimit(rate=100_000, burst=100))
        self.given = 0

    async def acquire(self, *, priority: bool = False) -> None:
        await super().acquire(priority=priority)
        self.given += 1


class Scene(NamedTuple):
    """A server, a client on it, and what they say of each other."""

    server: FaultServer
    client: PortOneClient
    permits: CountedPermits

    async def failed(self, **options: Any) -> PortOneError:
        """The error that a look-up ends with."""
        with pytest.raises(PortOneError) as caught:
            await self.client.with_options(**options).payments.find(UID)
        return caught.value

    async def next_call_is_right(self) -> None:
        """With one slot only, a call behind one that has kept it would wait for ever."""
        self.server.script = None
        async with asyncio.timeout(10):
            payment = await self.client.payments.find(UID)
        assert payment.merchant_uid == UID
        assert payment.amount == self.server.amount

    async def nothing_is_left(self) -> None:
        """One connection may wait in the pool; no task may."""
        await until(lambda: len(self.server.open) <= 1)
        await until(lambda: not self.stray_tasks())

    def stray_tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - self.server.open - {asyncio.current_task()}


@asynccontextmanager
async def scene(*, host: str = "127.0.0.1", is_warm: bool = True) -> AsyncGenerator[Scene]:
    """A client with place for one call at a time; warm, it has a token and a pooled connection.

    When it is over the next call must be right, and no task, connection or descriptor left.
    """
    files = _open_files()
    permits = CountedPermits()
    async with FaultServer() as server:
        async with PortOneClient(
            "key",
            "secret",
            base_url=server.url.replace("127.0.0.1", host),
            retry=AT_ONCE,
            rate_limit=permits,
            max_in_flight=1,
        ) as client:
            made = Scene(server, client, permits)
            if is_warm:
                await made.next_call_is_right()
            server.payments.clear()
            permits.given = 0
            yield made
            await made.nothing_is_left()
            await made.next_call_is_right()
        await until(lambda: not server.open)
        await until(lambda: not made.stray_tasks())
    await until(lambda: _open_files() <= files)


async def until(is_so: Callable[[], bool]) -> None:
    """Give the loop turns until it is so, which takes no time but that of the machine."""
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0)


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 (only how many)
