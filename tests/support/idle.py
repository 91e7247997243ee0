"""Check that calls leave nothing behind: no task, descriptor, slot or connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BaseConnector

from portone_async import PortOneClient

__all__ = ("assert_idle", "is_released", "leaves_nothing", "turns", "until")


async def turns(count: int) -> None:
    """Yield to the event loop ``count`` times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Yield to the event loop until ``condition`` holds, however slow the machine is."""
    while not condition():
        await asyncio.sleep(0)


def assert_idle(client: PortOneClient, *, max_in_flight: int = 32) -> None:
    """Assert that no call holds a slot or a connection.

    The counters are private to the client and to aiohttp: this is the one place that reads them.
    """
    assert client._state.slots._free == max_in_flight
    # A scripted transport has no session, and a session that is closed has no connector.
    session = getattr(client._state.transport, "_session", None)
    assert session is None or is_released(session.connector)


def is_released(connector: BaseConnector) -> bool:
    """Return whether every connection is in the pool or closed."""
    return not connector._acquired


@asynccontextmanager
async def leaves_nothing() -> AsyncGenerator[None]:
    """Fail unless the block ends with no more tasks and descriptors than it began with."""
    tasks, descriptors = asyncio.all_tasks(), _descriptors()

    def remaining_tasks() -> set[asyncio.Task[Any]]:
        # A fixture is torn down by another task than the one that set it up.
        return {task for task in asyncio.all_tasks() - tasks if task is not asyncio.current_task()}

    yield
    try:
        # A server notices a closed connection some turns after the client has closed it.
        async with asyncio.timeout(60):
            while remaining_tasks() or _descriptors() > descriptors:
                await asyncio.sleep(0.001)
    except TimeoutError:
        pytest.fail(f"left: {remaining_tasks()} and {_descriptors() - descriptors} descriptors")


def _descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())
