"""Lists and streams of the asynchronous client as ordinary iterators."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import Any, Generic, Self, TypeVar

from msgspec import Struct

from portone_async.errors import ClientClosedError, WrongLoopError
from portone_async.resources import _pages, _stream

from ._background import background
from ._caller import Caller
from ._engine import Engine

__all__ = ("Pages", "Stream")

R = TypeVar("R")
S = TypeVar("S", bound=Struct)


class _Results(Generic[R]):
    """Results that are read as they are requested, in the background."""

    def __init__(self, engine: Engine, caller: Caller | None = None) -> None:
        self._engine = engine
        self._caller = caller
        self._ready: deque[R] = deque()
        self._is_closed = False
        self._turn = threading.Lock()
        self._home = background()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R:
        if not self._turn.acquire(blocking=False):
            raise ValueError("another thread is reading from this iterator")
        try:
            if not self._ready and not self._is_closed:
                if not self._is_here:
                    raise WrongLoopError("this iterator belongs to the process that began it")
                self._engine.run(self._read(), self._caller, only_reads=True)
            if not self._ready:
                raise StopIteration
            return self._ready.popleft()
        finally:
            self._turn.release()

    @property
    def _is_here(self) -> bool:
        """Whether this process began the iteration, and not the one that it was forked from."""
        return self._home is background()

    async def _read(self) -> None:
        """Store the next results; none at the end.

        Stored in the loop, they are not lost if the thread is interrupted meanwhile.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the iteration. Idempotent."""
        self._ready.clear()
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Pages(_Results[S]):
    """The records of one list after another, each once, read as they are requested.

    No request is in flight between two records, so iteration may stop at any of them. Records
    that cannot be read are named by one ``UnexpectedResponseError`` after all others. One thread
    at a time can read from it.
    """

    def __init__(self, engine: Engine, pages: _pages.Pages[S]) -> None:
        super().__init__(engine)
        self._pages = pages

    async def _read(self) -> None:
        async for record in self._pages:
            self._ready += [record, *self._pages.take_ready()]
            return


class Stream(_Results[R]):
    """Iterates over results, while several look-ups are worked on in the background.

    ```python
    with client.payments.find_many(orders) as stream:
        for result in stream:
            ...
    ```

    Work starts when the first result is requested. Look-ups that are in flight are cancelled at
    the end of the ``with`` block, by :meth:`close`, or when the iterator is dropped. The orders
    are read in the thread that iterates, one at a time. One thread at a time can read from it.
    """

    def __init__(self, engine: Engine, stream: _stream.Stream[R], caller: Caller) -> None:
        super().__init__(engine, caller)
        self._stream = stream
        self._is_open = False

    async def _read(self) -> None:
        if not self._is_open:
            await self._stream.__aenter__()
            self._is_open = True
            self._engine.streams.add(self._stream)
        async for result in self._stream:
            self._ready += [result, *self._stream.take_ready()]
            return
        await self._leave()

    async def _leave(self) -> None:
        self._is_open = False
        await _leave(self._stream, self._engine.streams)

    def close(self) -> None:
        """Cancel the look-ups that are in flight, and end the iteration. Idempotent."""
        super().close()
        if self._is_open and self._is_here:
            # With the client, the look-ups were cancelled.
            with suppress(ClientClosedError):
                self._engine.run(self._leave(), only_reads=True)

    def __del__(self) -> None:
        if getattr(self, "_is_open", False) and self._is_here:
            self._engine.start(_leave(self._stream, self._engine.streams))


async def _leave(stream: _stream.Stream[Any], streams: set[_stream.Stream[Any]]) -> None:
    streams.discard(stream)
    await stream.__aexit__(None, None, None)
