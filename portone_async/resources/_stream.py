"""Concurrent look-ups as a stream, which can be left at any time.

Work starts only when a result is requested, so memory is bounded by the work in flight. The tasks
belong to a context manager without a ``yield`` inside (PEP 789): leaving the block by ``break``, an
exception or a cancellation cancels them all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from portone_async._tasks import cancel
from portone_async.errors import InvalidRequestError

__all__ = ("Stream", "aiter_any", "batched", "require_several")

J = TypeVar("J")
R = TypeVar("R")

_END: Any = object()


class Stream(Generic[R]):
    """Iterates over results, while up to ``in_flight`` jobs are worked on.

    ```python
    async with client.payments.find_many(orders) as stream:
        async for result in stream:
            ...
    ```
    """

    def __init__(
        self,
        jobs: Iterable[J] | AsyncIterable[J],
        work: Callable[[J], Awaitable[Sequence[R]]],
        *,
        in_flight: int,
        is_ordered: bool,
    ) -> None:
        self._jobs = _iterator(jobs)
        self._work: Callable[[Any], Awaitable[Sequence[R]]] = work
        self._in_flight = in_flight
        self._is_ordered = is_ordered
        self._is_open = False
        self._has_more = True
        self._running: deque[asyncio.Task[Sequence[R]]] = deque()
        self._done: deque[asyncio.Task[Sequence[R]]] = deque()
        self._results: deque[R] = deque()
        self._pulling: asyncio.Task[Any] | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        tasks: list[asyncio.Task[Any]] = [*self._running, *self._done]
        if self._pulling is not None:
            tasks.append(self._pulling)
        try:
            await cancel(tasks)
        finally:
            close = getattr(self._jobs, "aclose", None)
            if close is not None:
                await close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        if not self._is_open:
            raise InvalidRequestError("use a stream inside of 'async with ... as stream:'")
        while not self._results:
            self._changed.clear()
            self._begin()
            if (task := self._next_done()) is not None:
                self._results.extend(task.result())
            elif not self._running and self._pulling is None:
                raise StopAsyncIteration
            else:
                await self._changed.wait()
        return self._results.popleft()

    def take_ready(self) -> list[R]:
        """Remove and return the results that are known already; an error stays for its turn."""
        while self._finished and _has_result(self._finished[0]):
            self._results.extend(self._finished.popleft().result())
        ready = list(self._results)
        self._results.clear()
        return ready

    @property
    def _finished(self) -> deque[asyncio.Task[Sequence[R]]]:
        """The tasks whose results come next; in an ordered stream the first may still run."""
        return self._running if self._is_ordered else self._done

    def _next_done(self) -> asyncio.Task[Sequence[R]] | None:
        tasks = self._finished
        return tasks.popleft() if tasks and tasks[0].done() else None

    def _begin(self) -> None:
        """Start as many jobs as there is room for."""
        while self._has_more and len(self._running) + len(self._done) < self._in_flight:
            if isinstance(self._jobs, AsyncIterator):
                # Awaited in a separate task, so that a slow source does not hold up results.
                if self._pulling is None:
                    self._pulling = asyncio.ensure_future(anext(self._jobs, _END))
                    self._pulling.add_done_callback(self._pulled)
                return
            self._take(next(self._jobs, _END))

    def _pulled(self, pulling: asyncio.Task[Any]) -> None:
        self._pulling = None
        self._changed.set()
        if pulling.cancelled():
            return
        if pulling.exception() is not None:
            # Placed among the work tasks, so that the source's error is raised in its turn.
            self._has_more = False
            self._running.append(pulling)
            self._finish(pulling)
        elif self._is_open:  # The stream may have been left in this very tick.
            self._take(pulling.result())

    def _take(self, job: Any) -> None:
        if job is _END:
            self._has_more = False
            return
        task = asyncio.ensure_future(self._work(job))
        self._running.append(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[Sequence[R]]) -> None:
        if not self._is_ordered:
            self._running.remove(task)
            self._done.append(task)
        self._changed.set()


def _has_result(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _iterator(jobs: Iterable[Any] | AsyncIterable[Any]) -> Iterator[Any] | AsyncIterator[Any]:
    return aiter(jobs) if isinstance(jobs, AsyncIterable) else iter(jobs)


async def batched(
    items: Iterable[J] | AsyncIterable[J],
    size: Callable[[J], int] = lambda _: 0,
    *,
    count: int,
    total: int = 0,
) -> AsyncGenerator[list[J], None]:
    """Split a sequence into lists of at most ``count`` items, whose sizes sum to at most ``total``."""
    batch: list[J] = []
    left = total
    async with aclosing(aiter_any(items)) as source:
        async for item in source:
            needed = size(item)
            if batch and (len(batch) == count or needed > left):
                yield batch
                batch, left = [], total
            batch.append(item)
            left -= needed
    if batch:
        yield batch


def require_several(name: str, items: object) -> None:
    """Reject one text where many are expected: each of its letters would be looked up.

    Raises:
        InvalidRequestError: It is one.
    """
    if isinstance(items, str | bytes):
        raise InvalidRequestError(f"{name} must be several texts, as in a list, not one")


async def aiter_any(items: Iterable[J] | AsyncIterable[J]) -> AsyncGenerator[J, None]:
    """Iterate over a sequence of either kind."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
