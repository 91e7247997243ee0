"""A fault that hangs, and says so across threads: faults run in the thread of the fake."""

from __future__ import annotations

import asyncio
import threading

from portone_async.testing import Exchange, Reply

__all__ = ("Hanging", "Held")


class Hanging:
    """Answers nothing. :meth:`reached` and :meth:`left` wait for a client to come and to leave."""

    def __init__(self) -> None:
        self._came = threading.Event()
        self._left = threading.Event()

    async def meet(self, _: object, /) -> None:
        self._came.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._left.set()

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._came.wait, 60)

    async def left(self) -> None:
        assert await asyncio.to_thread(self._left.wait, 60)


class Held:
    """Answers only once :meth:`release` was called."""

    def __init__(self) -> None:
        self._released = threading.Event()

    async def meet(self, exchange: Exchange, /) -> Reply:
        assert await asyncio.to_thread(self._released.wait, 60)
        return exchange.reply()

    def release(self) -> None:
        self._released.set()
