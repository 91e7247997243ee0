"""Call blocking functions of a run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, ParamSpec, Protocol, TypeVar

__all__ = ("finish", "in_thread", "opened_in_thread")

P = ParamSpec("P")
T = TypeVar("T")


class _Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)


async def in_thread(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run a blocking function without blocking the event loop, to its end even if cancelled.

    So a step of a run that was cancelled is never written into a store that another run uses.
    """
    return await finish(asyncio.to_thread(function, *args, **options))


@asynccontextmanager
async def opened_in_thread(
    function: Callable[P, C], *args: P.args, **options: P.kwargs
) -> AsyncGenerator[C]:
    """Open a store or a ledger in a thread, and close it in one, also if cancelled meanwhile."""
    # A call that is cancelled returns nothing, but the function has opened the file.
    opened: list[C] = []
    try:
        await in_thread(lambda: opened.append(function(*args, **options)))
        yield opened[0]
    finally:
        for resource in opened:
            await in_thread(resource.close)


async def finish(step: Coroutine[Any, Any, T]) -> T:
    """Finish a step even if cancelled meanwhile, any number of times: then raise."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await _outlast(task)
        raise
    return task.result()


async def _outlast(task: asyncio.Task[Any]) -> None:
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # Retrieved, so that asyncio does not log it as lost.
