"""The HTTP server of a fake, in a thread with its own event loop.

So it can answer plain tests, other threads and processes, and code that blocks the test's loop.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from weakref import WeakSet

from aiohttp import web

from .reply import Reply

__all__ = ("Listener",)

# Requests are cancelled before, so nothing should be left to wait for.
_SHUTDOWN_SECONDS = 0.1
# Closing takes milliseconds, unless a fault blocks the thread or ignores cancellation.
_CLOSE_TIMEOUT = 10.0
# Above Apache's limit, which the fake applies itself.
_MAX_LINE = 1 << 20

_TURNS_TO_ACCEPT = 3

Handler = Callable[[web.BaseRequest, asyncio.Transport], Awaitable[Reply | None]]
"""Returns the reply to a request; ``None`` closes the connection without one."""


class Listener:
    """A server that calls ``handler`` in its own thread.

    It does not use the caller's event loop: :meth:`open` and :meth:`close` block for milliseconds.
    """

    _server: web.Server
    _listening: asyncio.Server

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self._handler = handler
        self._address = (host, port)
        self._in_flight: set[asyncio.Timeout] = set()
        self._url: Future[str] = Future()
        self._closing = asyncio.Event()
        self._is_ending = False
        # Not by the event loop policy: a test may have set one whose time jumps, or uvloop's.
        self._loop = asyncio.SelectorEventLoop()
        # Faults see the context variables of the test, as its tasks would.
        self._thread = Thread(
            target=copy_context().run, args=(self._run,), name="FakePortOne", daemon=True
        )
        self._process = os.getpid()

    def open(self) -> str:
        """Start to listen and return the URL.

        Raises:
            OSError: The address cannot be used.
        """
        self._thread.start()
        try:
            url = self._url.result()
        except BaseException:
            self.close()
            raise
        _open.add(self)
        return url

    def close(self) -> None:
        """Cancel all requests, close all connections, and wait for the thread to end.

        Raises:
            RuntimeError: The thread does not end, because a fault blocks it.
        """
        if self._process != os.getpid():
            return  # a fork has no such thread, and shares the selector with its parent
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(_CLOSE_TIMEOUT)
        _open.discard(self)
        if self._thread.is_alive():
            raise RuntimeError(
                f"FakePortOne did not close within {_CLOSE_TIMEOUT:g} s: a fault blocks its "
                f"thread or ignores cancellation{self._fault_line()}. Await in meet(), never block"
            )

    def sockets(self) -> Iterator[int]:
        """Yield the file descriptors of all open sockets."""
        sockets = [*self._listening.sockets]
        sockets += [t.get_extra_info("socket") for t in _transports(self._server)]
        return (number for s in sockets if (number := s.fileno()) >= 0)

    def _fault_line(self) -> str:
        """Return the line of a fault that the thread is executing, for an error message."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None and frame.f_code.co_name != "meet":
            frame = frame.f_back
        if frame is None:
            return ""
        code = frame.f_code
        return f" ({code.co_qualname}, {code.co_filename}:{frame.f_lineno})"

    def _run(self) -> None:
        try:
            # Not in debug mode, which records a stack for each callback.
            with asyncio.Runner(debug=False, loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._url.done():
                raise
            self._url.set_exception(error)

    async def _serve(self) -> None:
        server = self._server = web.Server(
            self._handle, handler_cancellation=True, access_log=None, max_line_size=_MAX_LINE
        )
        listening = self._listening = await self._loop.create_server(server, *self._address)
        try:
            self._url.set_result(_url(listening))
            await self._closing.wait()
        finally:
            await self._stop_accepting(listening)
            await self._end(server)

    async def _stop_accepting(self, listening: asyncio.Server) -> None:
        for sock in listening.sockets:
            self._loop.remove_reader(sock)
        # asyncio would lose, unclosed, what it has accepted but not yet handed to the server, which
        # takes two turns: https://github.com/python/cpython/issues/109564
        for _ in range(_TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        listening.close()

    async def _end(self, server: web.Server) -> None:
        await asyncio.sleep(0)  # start the requests that have arrived, to cancel them below
        self._is_ending = True
        for scope in self._in_flight:
            scope.reschedule(self._loop.time())
        transports = _transports(server)
        server.pre_shutdown()
        await server.shutdown(_SHUTDOWN_SECONDS)
        for transport in transports:
            transport.abort()  # or a client that does not read would keep it open
        await asyncio.sleep(0)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        reply: Reply | None = None  # stays so if the server closes first
        scope = asyncio.timeout(0 if self._is_ending else None)
        self._in_flight.add(scope)
        try:
            with suppress(TimeoutError):
                async with scope:
                    reply = await self._handler(request, transport)
        finally:
            self._in_flight.discard(scope)

        if reply is None:
            transport.close()
            return web.Response()  # is not sent: the connection is closed
        if reply.sent is not None:
            transport.write(reply.head() + reply.body[: reply.sent])
            transport.close()
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)


def _transports(server: web.Server) -> list[asyncio.Transport]:
    return [c.transport for c in server.connections if c.transport is not None]


def _url(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


_open: WeakSet[Listener] = WeakSet()


def _release_sockets() -> None:
    """Replace the sockets in a forked child, which would keep open what the parent closes."""
    null = os.open(os.devnull, os.O_RDWR)
    for listener in _open:
        for number in listener.sockets():
            # Not closed: the descriptor would be reused for another file and closed again later.
            os.dup2(null, number, inheritable=False)
    os.close(null)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_release_sockets)
