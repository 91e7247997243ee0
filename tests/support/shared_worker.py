"""One process of several that share a rate: ``python -m tests.support.shared_worker NAME PROCESSES``.

It looks up order after order, at the store and the server of the environment, until it is killed.
The name is a part of its order numbers, so that the server can tell processes apart.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from portone_async import PaymentNotFoundError, PortOneClient, PortOneError, RateLimit
from portone_async.throttle.valkey import SharedTokenBucket

__all__ = ("LIMIT", "main")

LIMIT = RateLimit(rate=20, burst=40)
"""Slow, and with much grace: a loaded machine must not change what is measured."""


async def main(name: str, processes: int) -> None:
    # A second, as for a URL, may be too short for a loaded machine.
    from_url = cast(Callable[..., Redis], Redis.from_url)  # pyright: ignore[reportUnknownMemberType]  # of any keywords
    store = from_url(
        os.environ["VALKEY_URL"],
        socket_timeout=30,
        socket_connect_timeout=30,
        retry=Retry(NoBackoff(), 0),
    )
    shared = SharedTokenBucket(store, LIMIT, name="shop", processes=processes, worker=name)
    async with shared, PortOneClient.from_env(rate_limit=shared) as client:

        async def work(task: int) -> None:
            while True:
                try:
                    await client.payments.find(f"{name}-{task}")
                except PaymentNotFoundError:
                    pass
                except PortOneError as error:
                    print(f"{name}: {error}", file=sys.stderr, flush=True)  # noqa: T201 (a program)

        async with asyncio.TaskGroup() as group:
            for task in range(3):
                group.create_task(work(task))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
