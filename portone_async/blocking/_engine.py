"""An asynchronous client in the event loop of each process that uses it."""

from __future__ import annotations

import asyncio
import inspect
import sys
import warnings
import weakref
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from portone_async.client import PortOneClient
from portone_async.errors import ClientClosedError
from portone_async.resources._stream import Stream

from ._background import Background, background
from ._caller import Caller
from ._loop import LoopThread

__all__ = ("Engine",)

T = TypeVar("T")
Derive = Callable[[PortOneClient], PortOneClient]


class _Opened:
    """An asynchronous client in one process, and its loop once a call was made."""

    def __init__(self, client: PortOneClient, home: Background) -> None:
        self.client = client
        self.home = home
        self.loop: LoopThread | None = None
        self.streams: set[Stream[Any]] = set()
        """The open streams, which are closed first: each has tasks."""

    async def close(self) -> None:
        """Close it, in its loop."""
        for stream in [*self.streams]:
            await stream.__aexit__(None, None, None)
        self.streams.clear()
        await self.client.close()

    def abandon(self) -> None:
        """Let go of the connections of the parent, without closing them."""
        self.client._state.transport._drop()

    def drop(self) -> None:
        """Close it without waiting: nothing uses it any more."""
        if self.loop is not None and self.home is background():
            self.loop.start(self._leave())

    async def _leave(self) -> None:
        await self.close()
        self.home.leave(self)


class _Root:
    """The part that a client shares with its views."""

    def __init__(self, make: Callable[[], PortOneClient]) -> None:
        self._make = make
        self.is_closed = False
        self._opened = self._open()

    def _open(self) -> _Opened:
        opened = _Opened(self._make(), background())
        # At the exit, the background itself closes what is open.
        weakref.finalize(self, opened.drop).atexit = False
        return opened

    @property
    def opened(self) -> _Opened:
        """That of this process."""
        home = background()
        if self._opened.home is not home:
            with home.lock:
                if self._opened.home is not home:
                    self._opened = self._open()
        return self._opened

    @property
    def loop(self) -> LoopThread:
        """The loop of this process, which runs until the client is closed."""
        opened = self.opened
        if opened.loop is None:
            with opened.home.lock:
                if self.is_closed:
                    raise ClientClosedError("this client is closed")
                if opened.loop is None:
                    opened.loop = opened.home.join(opened)
                if self.is_closed:  # A handler of a signal has closed it meanwhile.
                    opened.home.leave(opened)
        return opened.loop

    def close(self) -> None:
        opened = self.opened
        with opened.home.lock:
            was_closed, self.is_closed = self.is_closed, True
        if opened.loop is not None and not was_closed:
            opened.loop.run(opened.close())
            opened.home.leave(opened)


class Engine:
    """Runs the asynchronous client, or a view of it, for a blocking one.

    Args:
        make: Makes the asynchronous client, once in each process.
    """

    def __init__(self, make: Callable[[], PortOneClient]) -> None:
        self._root = _Root(make)
        self._derive: tuple[Derive, ...] = ()
        self._view = (self._root.opened.client, self._root.opened.client)

    def derived(self, derive: Derive) -> Engine:
        """Return the engine of a view, which ``derive`` makes in each process."""
        view: Engine = object.__new__(type(self))
        view._root = self._root
        view._derive = (*self._derive, derive)
        view._view = (self._view[0], derive(self.client))
        return view

    @property
    def client(self) -> PortOneClient:
        """The asynchronous client of this process."""
        opened = self._root.opened
        if self._view[0] is not opened.client:
            with opened.home.lock:
                if self._view[0] is not opened.client:
                    self._view = (opened.client, self._derived(opened.client))
        return self._view[1]

    def _derived(self, client: PortOneClient) -> PortOneClient:
        for derive in self._derive:
            client = derive(client)
        return client

    @property
    def streams(self) -> set[Stream[Any]]:
        """The open streams of this client and its views in this process."""
        return self._root.opened.streams

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
        return self._root.is_closed

    def run(
        self,
        coroutine: Coroutine[Any, Any, T],
        caller: Caller | None = None,
        *,
        only_reads: bool = False,
    ) -> T:
        """Run a coroutine in the background, and wait for it.

        Args:
            coroutine: The coroutine.
            caller: Runs what the coroutine requests in the calling thread meanwhile.
            only_reads: Whether it changes nothing at PortOne.
        """
        try:
            loop = self._checked_loop()
        except BaseException:
            coroutine.close()
            raise
        return loop.run(coroutine, caller, only_reads=only_reads)

    def _checked_loop(self) -> LoopThread:
        loop = self._root.loop
        if not loop.is_here:
            _warn_in_a_coroutine(loop)
        return loop

    def start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine in the background without waiting for it. Safe in a finalizer."""
        opened = self._root._opened
        if opened.loop is None or opened.home is not background():
            coroutine.close()
        else:
            opened.loop.start(coroutine)

    @contextmanager
    def context(self, manager: AbstractAsyncContextManager[None]) -> Generator[None]:
        """Hold an asynchronous context manager during the block, in the background."""
        with self._checked_loop().hold(manager):
            yield

    def close(self) -> None:
        """Close the client; a view closes nothing."""
        if not self._derive:
            self._root.close()


def _warn_in_a_coroutine(background: LoopThread) -> None:
    """Warn if the calling thread has a running event loop, which stands still meanwhile.

    A notebook has one, too, and no other way to call: there it is not a mistake. Nor is it with
    gevent, where the loop of the background runs in the same thread as its callers.
    """
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        return
    if "ipykernel" not in sys.modules and not background.runs(running):
        warnings.warn(
            "a blocking PortOneClient blocks the event loop of this thread: in a coroutine, await "
            "portone_async.PortOneClient",
            RuntimeWarning,
            stacklevel=_level_of_caller(),
        )


def _level_of_caller() -> int:
    """Return the stacklevel of the first frame outside of this package, for the caller."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("portone_async."):
        frame, level = frame.f_back, level + 1
    return level
