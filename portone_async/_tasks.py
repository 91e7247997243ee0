"""Steps and tasks that end before their caller does, even if that is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ("cancel", "finish")

T = TypeVar("T")


async def finish(step: Coroutine[Any, Any, T]) -> T:
    """Finish a step even if cancelled meanwhile, any number of times: then raise."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await _outlast(task)
        raise
    return task.result()


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their ends, even if cancelled meanwhile: then raise.

    What they raise is dropped.
    """
    for task in tasks:
        task.cancel()
    if tasks:
        await finish(_ended(tasks))


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


async def _outlast(task: asyncio.Task[Any]) -> None:
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # Retrieved, so that asyncio does not log it as lost.
