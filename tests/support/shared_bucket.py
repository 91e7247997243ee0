"""A shared throttle in virtual time, on a model of its store."""

from __future__ import annotations

import asyncio
from typing import Any

from portone_async import RateLimit, Throttle
from portone_async.throttle.valkey import SharedTokenBucket
from tests.support.gcra import ModelStore
from tests.support.virtual_time import VirtualLoop

__all__ = ("DOWN", "bucket", "grants", "most_in_a_window", "now", "stall")

DOWN = ConnectionError("Error 111 connecting to 10.0.0.1:6379 with password planted-secret")


def now() -> float:
    return asyncio.get_running_loop().time()


def stall(seconds: float) -> None:
    """Advance the clock while the loop runs nothing."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stall(seconds)


def bucket(
    store: ModelStore, rate: float = 50, burst: int = 5, **options: Any
) -> SharedTokenBucket:
    options = {"name": "shop", "processes": 4, **options}
    return SharedTokenBucket(store, RateLimit(rate, burst), **options)


async def grants(throttle: Throttle, count: int, tasks: int = 4) -> list[float]:
    """Acquire ``count`` permits with some tasks; return when each was granted."""
    times: list[float] = []

    async def work() -> None:
        while len(times) < count:
            await throttle.acquire()
            times.append(now())

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(work())
    return times


def most_in_a_window(times: list[float], seconds: float) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)
