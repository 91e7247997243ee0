"""Measure a look-up of the blocking client relative to one of the asynchronous client.

``python benchmarks/blocking.py`` prints a table. It needs nginx and the group ``bench``. Rounds
alternate; the ratio is the median of the ratios of the rounds. CPU time is that of this process, user
and system, in all of its threads: other programs disturb it less than the time on the wall.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from nginx import nginx, pin
from peers import order_numbers
from variants import write_line

from portone_async import PortOneClient, RateLimit, blocking

_OPTIONS: Any = {"rate_limit": RateLimit(10_000_000, 10_000_000)}
_KEYS = ("key", "secret")


def asynchronous(url: str, at_once: int, orders: Iterable[str]) -> float:
    """Return the CPU seconds of the look-ups of some orders by tasks."""

    async def work(client: PortOneClient, rest: Iterable[str]) -> None:
        for order in rest:
            await client.payments.find(order)

    async def main() -> float:
        async with PortOneClient(*_KEYS, base_url=url, **_OPTIONS) as client:
            await client.payments.find("ORD-WARM-UP")
            rest, began_at = iter(orders), time.process_time()
            await asyncio.gather(*(work(client, rest) for _ in range(at_once)))
            return time.process_time() - began_at

    return asyncio.run(main())


def in_threads(url: str, at_once: int, orders: Iterable[str]) -> float:
    """Return the CPU seconds of the look-ups of some orders by threads."""
    with blocking.PortOneClient(*_KEYS, base_url=url, **_OPTIONS) as client:
        client.payments.find("ORD-WARM-UP")
        find: Callable[[str], object] = client.payments.find
        with ThreadPoolExecutor(at_once) as threads:
            began_at = time.process_time()
            if at_once == 1:
                list(map(find, orders))
            else:
                list(threads.map(find, orders))
            return time.process_time() - began_at


def row(url: str, at_once: int, calls: int, rounds: int) -> str:
    """Measure both clients in turn, and return a row of the table."""
    pairs = [
        (
            asynchronous(url, at_once, order_numbers(calls)),
            in_threads(url, at_once, order_numbers(calls)),
        )
        for _ in range(rounds)
    ]
    one, other = (median(pair[index] for pair in pairs) / calls * 1e6 for index in (0, 1))
    ratio = median(blocked / awaited for awaited, blocked in pairs)
    return f"| {at_once} | {one:,.0f} µs | {other:,.0f} µs | {ratio:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, metavar="N")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    options = parser.parse_args()
    write_line(
        "| At once | CPU per call, awaited | CPU per call, blocking | Ratio |\n| ---: | ---: | ---: | ---: |"
    )
    with nginx() as server:
        pin(os.getpid(), 0)
        for at_once in (1, 8, 32):
            url = server.urls["plain HTTP"]
            write_line(row(url, at_once, options.calls, options.rounds))


if __name__ == "__main__":
    main()
