"""A server that sends scripted bytes: every network fault, and a client set up to meet it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from typing import Any, NamedTuple, Self

import pytest

from portone_async import PortOneClient, PortOneError, RateLimit, TokenBucket
from tests.conftest import AT_ONCE

from .idle import until
from .ports import free_port
from .raw_server import close_listener, read_body
from .samples import CARD_PAID, ok
from .scripted import UID, token_reply


class End(Enum):
    """How the server closes a connection. Without it, the connection stays open."""

    FIN = auto()
    RST = auto()


class Slowly(NamedTuple):
    """Bytes sent one at a time."""

    content: bytes
    seconds: float
    """Seconds between two bytes; 0 yields to the event loop once."""


Step = bytes | Slowly | asyncio.Event | End
"""Bytes to send, an event to wait for, or how to close."""
Script = tuple[Step, ...]


def answer(content: bytes, *headers: str, status: str = "200 OK", length: object = None) -> bytes:
    """Return a complete HTTP response; ``length`` overrides its Content-Length."""
    declared = len(content) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {declared}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


class FaultServer:
    """Answers ``getToken``, and payment requests with the script, or correctly without one.

    The amount differs from request to request, so a stale reply is detected.
    """

    def __init__(self) -> None:
        self.url = ""
        self.script: Script | None = None
        self.times = 10**9
        """Requests that still get the script."""
        self.busy = 0
        """Scripts in progress."""
        self.token_script: Script = (answer(token_reply().body),)
        self.amount = 1000
        self.payments: list[bytes] = []
        """Heads of the payment requests."""
        self.tokens: list[bytes] = []
        self.connections = 0
        self.open: set[asyncio.Task[None]] = set()
        """One task per open connection."""
        self._port = free_port()

    def correct_reply(self) -> bytes:
        self.amount += 1
        return ok(CARD_PAID | {"amount": self.amount})

    async def start(self) -> None:
        """Listen, on the same port each time."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Refuse new connections, and close the open ones."""
        await close_listener(self._listener)
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
                await read_body(head, reader)
                self.busy += 1
                try:
                    for step in self._next(head):
                        await play(step, writer)
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
            return (answer(self.correct_reply()),)
        self.times -= 1
        return self.script


async def play(step: Step, writer: asyncio.StreamWriter) -> None:
    match step:
        case Slowly(content, seconds):
            for byte in content:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(seconds)
        case bytes():
            writer.write(step)
            await writer.drain()
            for _ in range(5):  # Let the client read it before the next step.
                await asyncio.sleep(0)
        case asyncio.Event():
            await step.wait()
        case End.FIN:
            writer.close()
        case End.RST:
            reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with an RST."""
    no_linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    writer.transport.abort()


class CountedPermits(TokenBucket):
    """The real throttle, counting its permits."""

    def __init__(self) -> None:
        super().__init__(RateLimit(rate=100_000, burst=100))
        self.granted = 0

    async def acquire(self, *, priority: bool = False) -> None:
        await super().acquire(priority=priority)
        self.granted += 1


class Setup(NamedTuple):
    """A fault server, a client on it, and the client's throttle."""

    server: FaultServer
    client: PortOneClient
    permits: CountedPermits

    async def failed(self, **options: Any) -> PortOneError:
        """Return the error of a look-up."""
        with pytest.raises(PortOneError) as caught:
            await self.client.with_options(**options).payments.find(UID)
        return caught.value

    async def fails_with(self, kind: type[PortOneError], *, requests: int) -> PortOneError:
        """Return the error of a look-up, and check its class, requests, permits and attempts.

        Each request is an attempt with a permit: aiohttp sends none by itself.
        """
        error = await self.failed()
        assert type(error) is kind
        assert len(self.server.payments) == self.permits.granted == requests
        assert len(error.attempts) == requests
        return error

    async def next_call_is_right(self) -> None:
        """Check the next call: with one slot, it would wait forever behind a leaked one."""
        self.server.script = None
        payment = await self.client.payments.find(UID)
        assert payment.merchant_uid == UID
        assert payment.amount == self.server.amount

    async def nothing_is_left(self) -> None:
        """Wait until at most one pooled connection is left, and no task."""
        await until(lambda: len(self.server.open) <= 1)
        await until(lambda: not self.stray_tasks())

    def stray_tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - self.server.open - {asyncio.current_task()}


@asynccontextmanager
async def set_up(*, host: str = "127.0.0.1", is_warm: bool = True) -> AsyncGenerator[Setup]:
    """Set up a client with one slot; a warm one has a token and a pooled connection.

    On exit, check that the next call succeeds and that no task, connection or descriptor is left.
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
            made = Setup(server, client, permits)
            if is_warm:
                await made.next_call_is_right()
            server.payments.clear()
            permits.granted = 0
            yield made
            await made.nothing_is_left()
            await made.next_call_is_right()
        await until(lambda: not server.open)
        await until(lambda: not made.stray_tasks())
    await until(lambda: _open_files() <= files)


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 (only how many)
