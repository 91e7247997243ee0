"""First use by two threads, and by one ``asyncio.run()`` after the other, thousands of times.

A program of its own, ``python [-X dev] -m tests.support.two_loops WAY``, so that nothing of pytest's has a part
in it. It prints what every try has ended in, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from portone_async import PortOneClient, RateLimit, TokenBucket, WrongLoopError
from tests.support.forced_way import forced

TRIES = 2000
CLOSED_PORT = "http://127.0.0.1:9"

Use = Callable[[], Awaitable[object]]


async def outcome(use: Use) -> str:
    try:
        await use()
    except WrongLoopError as error:
        assert "Celery" in str(error)
        return "refused"
    return "used"


def race(uses: list[Use], leave: Callable[[], Awaitable[None]]) -> list[str]:
    """Let two threads, each with its own loop, make each use at the same time."""
    barrier = threading.Barrier(2)
    rounds: list[list[str]] = [[] for _ in uses]

    async def contend() -> None:
        for use, ended in zip(uses, rounds, strict=True):
            barrier.wait()
            ended.append(await outcome(use))
        barrier.wait()  # A bucket may be used again once the loop before is closed.
        await leave()

    threads = [threading.Thread(target=asyncio.run, args=[contend()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [" ".join(sorted(ended)) for ended in rounds]


def race_for_clients() -> list[str]:
    clients = [PortOneClient("key", "secret", base_url=CLOSED_PORT) for _ in range(TRIES)]

    async def close_own() -> None:
        for client in clients:
            await outcome(client.close)  # In the one loop that has it.

    return race([client.__aenter__ for client in clients], close_own)


def race_to_close() -> list[str]:
    """Open in one thread what is closed in the other; whatever is opened is closed after that."""
    clients = [PortOneClient("key", "secret", base_url=CLOSED_PORT) for _ in range(TRIES)]
    opened = [client.__aenter__ for client in clients]
    closed = [client.close for client in clients]
    barrier = threading.Barrier(2)
    errors: list[str] = []

    async def contend(uses: Sequence[Use]) -> None:
        for use in uses:
            barrier.wait()
            try:
                await use()
            except Exception as error:  # noqa: BLE001 (each is counted by its name)
                errors.append(type(error).__name__)
        for client in clients:
            await outcome(client.close)

    threads = [
        threading.Thread(target=asyncio.run, args=[contend(uses)]) for uses in (opened, closed)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("closed" in repr(client) for client in clients)
    return errors


def race_for_buckets() -> list[str]:
    async def nothing() -> None: ...

    return race([TokenBucket(RateLimit()).acquire for _ in range(TRIES)], nothing)


def run_again() -> list[str]:
    client = PortOneClient("key", "secret", base_url=CLOSED_PORT)
    ended = [asyncio.run(outcome(client.__aenter__)) for _ in range(TRIES)]
    asyncio.run(client.close())
    return ended


def main() -> None:
    sys.setswitchinterval(1e-6)
    races = (race_for_clients, race_for_buckets, race_to_close, run_again)
    with forced("session" if "session" in sys.argv else "direct"):
        counts = {each.__name__: Counter(each()) for each in races}
    print(json.dumps(counts))  # noqa: T201 (a program)


if __name__ == "__main__":
    main()
