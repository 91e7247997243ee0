"""The HTTP server of a fake, in a thread with an event loop of its own.

So it answers any caller: plain tests, other threads and processes, and code that blocks the event
loop of the test.
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

from .answer import Answer

__all__ = ("Listener",)

# Requests are let go before, so nothing should be left to wait for.
_SHUTDOWN_SECONDS = 0.1
# A closing takes milliseconds. After this, a fault blocks the thread or refuses to be cancelled.
_CLOSING_SECONDS = 10.0
# Apache's own limit is the fake's to answer, not aiohttp's.
_LONGEST_LINE = 1 << 20

Handler = Callable[[web.BaseRequest, asyncio.Transport], Awaitable[Answer | None]]
"""Answers one request; ``None`` closes the connection without an answer."""


class Listener:
    """Serves with a ``handler``, which runs in the listener's thread.

    The caller's loop, if there is one, takes no part: :meth:`open` and :meth:`close` block, for
    milliseconds.
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
        # Not of the event loop policy, which may be for tests: one whose time jumps, or uvloop.
        self._loop = asyncio.SelectorEventLoop()
        # Faults see the context variables of the test, as tasks of the test would.
        self._thread = Thread(
            target=copy_context().run, args=(self._run,), name="FakePortOne", daemon=True
        )
        self._process = os.getpid()

    def open(self) -> str:
        """Listen, and return the URL.

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
        """End all requests and connections, and wait for the thread to end.

        Raises:
            RuntimeError: The thread does not end, because a fault blocks it.
        """
        if self._process != os.getpid():
            return  # A fork has no such thread, and shares the sockets' selector with its parent.
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(_CLOSING_SECONDS)
        _open.discard(self)
        if self._thread.is_alive():
            raise RuntimeError(
                f"FakePortOne did not close within {_CLOSING_SECONDS:g} s: a fault blocks its "
                f"thread or refuses to be cancelled{self._place()}. Await in meet(), never block"
            )

    def sockets(self) -> Iterator[int]:
        """Yield the file numbers of all sockets that are open now."""
        sockets = [*self._listening.sockets]
        sockets += [each.get_extra_info("socket") for each in _transports(self._server)]
        return (number for each in sockets if (number := each.fileno()) >= 0)

    def _place(self) -> str:
        """Name the line of the fault that the thread is in, for an error message."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None and frame.f_code.co_name != "meet":
            frame = frame.f_back
        if frame is None:
            return ""
        code = frame.f_code
        return f" ({code.co_qualname}, {code.co_filename}:{frame.f_lineno})"

    def _run(self) -> None:
        try:
            # Not in asyncio's debug mode, which records a stack for each callback.
            with asyncio.Runner(debug=False, loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._url.done():
                raise
            self._url.set_exception(error)

    async def _serve(self) -> None:
        server = self._server = web.Server(
            self._handle, handler_cancellation=True, access_log=None, max_line_size=_LONGEST_LINE
        )
        listening = self._listening = await self._loop.create_server(server, *self._address)
        try:
            self._url.set_result(_url(listening))
            await self._closing.wait()
        finally:
            listening.close()
            await self._end(server)

    async def _end(self, server: web.Server) -> None:
        await asyncio.sleep(0)  # requests that have arrived begin, and are ended below
        self._is_ending = True
        for scope in self._in_flight:
            scope.reschedule(self._loop.time())
        transports = _transports(server)
        server.pre_shutdown()
        await server.shutdown(_SHUTDOWN_SECONDS)
        for transport in transports:
            transport.abort()  # a client that does not read would keep it open
        await asyncio.sleep(0)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        answer: Answer | None = None  # also when the server closes before there is one
        scope = asyncio.timeout(0 if self._is_ending else None)
        self._in_flight.add(scope)
        try:
            with suppress(TimeoutError):
                async with scope:
                    answer = await self._handler(request, transport)
        finally:
            self._in_flight.discard(scope)

        if answer is None:
            transport.close()
            return web.Response()  # goes nowhere: the connection is closed
        if answer.sent is not None:
            transport.write(answer.head() + answer.body[: answer.sent])
            transport.close()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def _transports(server: web.Server) -> list[asyncio.Transport]:
    connections = server.connections
    return [each.transport for each in connections if each.transport is not None]


def _url(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


_open: WeakSet[Listener] = WeakSet()


def _let_go() -> None:
    """Free the sockets in a forked child: what the parent closes would stay open through it."""
    null = os.open(os.devnull, os.O_RDWR)
    for listener in _open:
        for number in listener.sockets():
            # Not closed: the number would be given to another file, and closed again later.
            os.dup2(null, number, inheritable=False)
    os.close(null)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_let_go)
