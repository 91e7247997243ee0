"""What the calling thread runs for a coroutine while it waits for it.

The shop's iterables and callbacks run in the thread that passed them: their database connection
may belong to it, and Django's models refuse a thread with a running event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ("Caller", "snapshot")

A = TypeVar("A")
T = TypeVar("T")


class Caller:
    """A thread that waits for coroutines in the loop, one at a time."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], object] | Future[Any]] = SimpleQueue()

    def serve(self, ended: Future[T]) -> T:
        """Run what is requested in this thread until a coroutine has ended; return its result.

        An exception of a delivered callback is raised here.
        """
        ended.add_done_callback(self._jobs.put)
        while (job := self._jobs.get()) is not ended:
            if not isinstance(job, Future):  # One that an earlier wait did not reach.
                job()
        return ended.result()

    async def call(self, function: Callable[[], T]) -> T:
        """Run a function in the calling thread, and wait for it in the loop."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            try:
                settle = partial(answer.set_result, function())
            except StopIteration as error:  # No future can hold it: asyncio would wait forever.
                problem = RuntimeError("a function that a coroutine waits for raised StopIteration")
                problem.__cause__ = error
                settle = partial(answer.set_exception, problem)
            except Exception as error:  # noqa: BLE001 (it is raised where the function was needed)
                settle = partial(answer.set_exception, error)
            with suppress(RuntimeError):  # The loop is closed.
                loop.call_soon_threadsafe(lambda: answer.done() or settle())

        self._jobs.put(job)
        return await answer

    def iterate(self, items: Iterable[T], *, at_once: int = 1) -> AsyncGenerator[T, None]:
        """Iterate in the loop over items that the calling thread reads, so many at once."""
        return self._iterate(iter(items), at_once)

    async def _iterate(self, items: Iterator[T], at_once: int) -> AsyncGenerator[T, None]:
        while batch := await self.call(lambda: list(islice(items, at_once))):
            for item in batch:
                yield item

    def deliver(self, callback: Callable[[A], object] | None) -> Callable[[A], object] | None:
        """Return a callback that has the calling thread call ``callback``, and does not wait."""
        if callback is None:
            return None
        return lambda argument: self._jobs.put(partial(callback, argument))

    def ask(
        self, callback: Callable[[A], object] | None
    ) -> Callable[[A], Coroutine[Any, Any, object]] | None:
        """Return a callback that has the calling thread call ``callback``, and waits for it."""
        if callback is None:
            return None
        return lambda argument: self.call(partial(callback, argument))


def snapshot(items: Any) -> Any:
    """Read an iterable in the calling thread; return anything else as it is."""
    if isinstance(items, str | list | tuple) or not isinstance(items, Iterable):
        return items  # pyright: ignore[reportUnknownVariableType]  # of any types
    return tuple(items)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # of any types
