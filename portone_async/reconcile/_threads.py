"""Call blocking functions of a run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, Protocol, TypeVar

from portone_async._tasks import finish

__all__ = ("in_thread", "opened_in_thread")

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
