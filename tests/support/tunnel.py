"""A proxy on loopback that makes tunnels (CONNECT), or does not, and what is behind it."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import trustme

from tests.security.test_tls import HOST, TlsServer, good

from .samples import CARD_PAID, ok
from .scripted import token_reply

Refusal = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class TunnelProxy:
    """A proxy that opens every requested tunnel and records what it can see."""

    def __init__(self) -> None:
        self.port = 0
        self.wanted: bytes | None = None
        """The credentials that it wants, as in ``b"user:password"``."""
        self.agreement = b"HTTP/1.1 200 Connection established\r\n\r\n"
        self.refusal: Refusal | None = None
        """What it does with a connection in place of making a tunnel."""
        self.heads: list[bytes] = []
        """Each request that it was sent."""
        self.seen = bytearray()
        """Every byte that came from clients, the tunnels included."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def with_credentials(self, credentials: str) -> str:
        return f"http://{credentials}@127.0.0.1:{self.port}"

    def answer(self, content: bytes) -> None:
        """Answer so from now on, and close."""

        async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(content)

        self.refusal = refuse

    def hang(self) -> None:
        """Never answer from now on."""

        async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        self.refusal = wait

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            self.seen += head
            if self.refusal is not None:
                await self.refusal(reader, writer)
            elif not self._is_authorized(head):
                writer.write(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")
            elif head.startswith(b"CONNECT "):
                await self._connect(head.split()[1].decode(), reader, writer)
            else:
                writer.write(b"HTTP/1.1 405 Tunnels only\r\nContent-Length: 0\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _is_authorized(self, head: bytes) -> bool:
        return self.wanted is None or b"Basic " + b64encode(self.wanted) in head

    async def _connect(
        self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, _, port = target.rpartition(":")
        its_reader, its_writer = await asyncio.open_connection(host, int(port))
        writer.write(self.agreement)

        async def copy(
            source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen: bytearray
        ) -> None:
            try:
                while data := await source.read(65536):
                    seen += data
                    sink.write(data)
            except OSError:
                pass
            finally:
                sink.close()

        await asyncio.gather(
            copy(reader, its_writer, self.seen), copy(its_reader, writer, bytearray())
        )


@asynccontextmanager
async def tunnel_proxy(context: ssl.SSLContext | None = None) -> AsyncGenerator[TunnelProxy]:
    """Serve as a proxy; with ``context``, one that is spoken to in TLS itself."""
    proxy = TunnelProxy()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(proxy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class KeptAlive(TlsServer):
    """As its base, with any number of requests on a connection."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.received.append(head)
                is_token = head.startswith(b"POST")
                content = token_reply().body if is_token else ok(CARD_PAID)
                if is_token:
                    await reader.readuntil(b"}")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content))
                writer.write(content)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def kept_alive(authority: trustme.CA) -> AsyncGenerator[KeptAlive]:
    """Serve with a good certificate of this authority."""
    server = KeptAlive()
    server.show(good(authority))
    listener = await asyncio.start_server(server.serve, HOST, 0, ssl=server.context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
