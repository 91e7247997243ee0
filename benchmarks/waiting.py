"""Measure waiting calls: 50,000 behind a throttle of 1,000 a second.

``python benchmarks/waiting.py`` prints two tables. The real client talks HTTP to a server in another
process, which answers each look-up immediately and records its arrival. Rate and order are measured
from the records of the server. ``--seconds`` shortens the run, not the queue.

The memory of a waiting call is the growth of the process per call while all calls wait for a permit
that never comes, the task included. Each measurement runs in its own process.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import re
import resource
import subprocess
import sys
import time
import tracemalloc
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import msgspec
from msgspec import Struct

from portone_async import PortOneClient, RateLimit, TokenBucket

Note = tuple[float, int]
"""The arrival of a look-up, in seconds of the system's monotonic clock, and its order."""
Task = asyncio.Task[Any]

_RATE = 1_000.0
_BURST = 10
_WARM_UP = 0.5
"""Seconds at the start that the rate excludes: connections are opened, the burst is spent."""
# "First after": all calls are created and queued, without a token, before the first is sent. "Out
# of place": the least number of requests to move for all to be in order.
_RATE_HEAD = (
    "| Requests | First after | Requests/s | Most in a second (promised) | Out of place"
    " | CPU each | Garbage collection (longest) |\n"
    "|---:|---:|---:|---:|---:|---:|---:|"
)
_KEYS = ("imp-key-of-a-benchmark", "imp-secret-of-a-benchmark")
_LOOK_UP = re.compile(rb"GET /payments/find/order-(\d{7}) ")
_TOKEN = b'{"access_token":"benchmark","now":1770000000,"expired_at":1770001800}'


class AtOnce(asyncio.Protocol):
    """Answer look-ups and token requests immediately, and record the arrival of look-ups."""

    def __init__(self, notes: list[Note]) -> None:
        self._notes = notes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if asked := _LOOK_UP.match(data):
            self._notes.append((time.monotonic(), int(asked[1])))
            self._answer(
                b'{"imp_uid":"imp_1","merchant_uid":"order-%b","status":"paid","amount":1000}'
                % asked[1]
            )
        elif b'"imp_secret"' in data:
            # The body of POST /users/getToken, which may arrive apart from its head.
            self._answer(_TOKEN)

    def _answer(self, response: bytes) -> None:
        body = b'{"code":0,"message":null,"response":%b}' % response
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )


async def serve() -> None:
    """Serve until stdin ends; then print the records."""
    notes: list[Note] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AtOnce(notes), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    json.dump(notes, sys.stdout)


@contextmanager
def at_once() -> Generator[tuple[str, Callable[[], list[Note]]]]:
    """Start the server; yield its URL, and a function that stops it and returns its records."""
    command = [sys.executable, __file__, "serve"]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}", lambda: json.loads(server.communicate()[0])
        finally:
            server.terminate()


async def throughput(number: int, seconds: float) -> str:
    """Look up a number of payments at once; stop when all have arrived, or after ``seconds``."""
    with at_once() as (url, notes):
        limit = RateLimit(_RATE, burst=_BURST)
        async with PortOneClient(*_KEYS, base_url=url, rate_limit=limit) as client:
            used, began_at = time.process_time(), time.monotonic()
            with collecting() as spent:
                tasks = queued(client, number)
                done, _ = await asyncio.wait(tasks, timeout=seconds)
            used = time.process_time() - used
            for task in done:
                task.result()
            await cancelled(tasks)
        return rate_row(notes(), began_at, used, spent)


def rate_row(notes: list[Note], began_at: float, cpu: float, spent: list[float]) -> str:
    times = [at for at, _ in notes]
    if not times or times[-1] - times[0] < 2 * _WARM_UP:
        sys.exit("--seconds is too short: the calls had hardly begun")
    first = bisect_right(times, times[0] + _WARM_UP)
    rate = (len(times) - 1 - first) / (times[-1] - times[first])
    most = max(bisect_right(times, at + 1) - index for index, at in enumerate(times))
    out_of_place = len(notes) - longest_rise([number for _, number in notes])
    return (
        f"| {len(notes):,} | {times[0] - began_at:.2f} s | {rate:,.1f} ({rate / _RATE - 1:+.2%})"
        f" | {most:,} ({_RATE + _BURST:,.0f}) | {out_of_place} | {cpu / len(notes) * 1e6:.0f} µs"
        f" | {sum(spent):.2f} s ({max(spent):.2f} s) |"
    )


def longest_rise(numbers: Sequence[int]) -> int:
    """Return the length of the longest increasing subsequence: the requests in place."""
    ends: list[int] = []
    for number in numbers:
        place = bisect_right(ends, number)
        ends[place : place + 1] = [number]
    return len(ends)


class Waiting(Struct, frozen=True):
    """The cost of waiting calls in one process."""

    bytes_each: float
    cancelled: float
    """Seconds from the first ``cancel()`` to the end of the last call."""
    collecting: float
    """Seconds of these spent on garbage collection."""


def resident() -> float:
    """Return the resident memory of this process in bytes. Linux only."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return float(pages * resource.getpagesize())


def traced() -> float:
    """Return the bytes currently allocated by Python."""
    return float(tracemalloc.get_traced_memory()[0])


_COUNTS: dict[str, Callable[[], float]] = {"resident": resident, "traced": traced}
_ORDERS: dict[str, Callable[[list[Task]], object]] = {
    "oldest first": lambda _: None,
    "newest first": lambda tasks: tasks.reverse(),
    "in any order": random.shuffle,
}


async def waiting(count: str, order: str, number: int) -> Waiting:
    """Let calls wait for a permit that never comes, and cancel them all."""
    with at_once() as (url, _):
        # The token takes the only permit.
        limit = RateLimit(1e-6, burst=1)
        async with PortOneClient(*_KEYS, base_url=url, rate_limit=limit) as client:
            # Create the token, session and decoder now, so that they are not measured.
            await cancelled(await settled(queued(client, 100)))
            return await measured(lambda: queued(client, number), count, order)


async def cold(count: str, order: str, number: int) -> Waiting:
    """Let calls wait for the first token, whose permit never comes, and cancel them all."""
    with at_once() as (url, _):
        throttle = TokenBucket(RateLimit(1e-6, burst=1))
        await throttle.acquire()
        async with PortOneClient(*_KEYS, base_url=url, rate_limit=throttle) as client:
            return await measured(lambda: queued(client, number), count, order)


async def bare(count: str, order: str, number: int) -> Waiting:
    """Measure tasks that each wait for a future: the lower bound of any client."""
    new_future = asyncio.get_running_loop().create_future

    async def wait() -> None:
        await new_future()

    return await measured(
        lambda: [asyncio.create_task(wait()) for _ in range(number)], count, order
    )


async def measured(start: Callable[[], list[Task]], count: str, order: str) -> Waiting:
    memory = _COUNTS[count]
    gc.collect()
    before = memory()
    tasks = await settled(start())
    bytes_each = (memory() - before) / len(tasks)
    _ORDERS[order](tasks)
    with collecting() as spent:
        seconds = await cancelled(tasks)
    return Waiting(bytes_each, seconds, sum(spent))


@contextmanager
def collecting() -> Generator[list[float]]:
    """Yield a list that receives the seconds of each garbage collection."""
    spent: list[float] = []
    began_at = 0.0

    def note(phase: str, _: object) -> None:
        nonlocal began_at
        if phase == "start":
            began_at = time.perf_counter()
        else:
            spent.append(time.perf_counter() - began_at)

    gc.callbacks.append(note)
    yield spent
    gc.callbacks.remove(note)


_SUBJECTS = {"calls": waiting, "cold": cold, "bare": bare}
_NAMES = {
    "bare": "tasks, of a future each",
    "calls": "**calls**, for a permit",
    "cold": "**calls**, for the first token",
}


def in_a_process(subject: str, count: str, order: str, number: int) -> Waiting:
    """Measure in a new process, because a process does not return freed memory."""
    command = [sys.executable, __file__, subject, count, order, str(number)]
    return msgspec.json.decode(subprocess.check_output(command), type=Waiting)


def queued(client: PortOneClient, number: int) -> list[Task]:
    find = client.payments.find
    return [asyncio.create_task(find(f"order-{n:07}")) for n in range(number)]


async def settled(tasks: list[Task]) -> list[Task]:
    """Let all tasks run until they wait."""
    await asyncio.sleep(1)
    assert not any(task.done() for task in tasks), "a call did not wait"
    return tasks


async def cancelled(tasks: list[Task]) -> float:
    """Cancel the tasks; return the seconds until all have ended."""
    began_at = time.perf_counter()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return time.perf_counter() - began_at


def cost_rows(number: int) -> Iterator[str]:
    yield "| Waiting | Bytes each, RSS | tracemalloc | Cancelled | in s | of it garbage collection |"
    yield "|---|---:|---:|---|---:|---:|"
    for subject, name in _NAMES.items():
        memory = in_a_process(subject, "traced", "oldest first", number).bytes_each
        for order in _ORDERS:
            cost = in_a_process(subject, "resident", order, number)
            yield (
                f"| {number:,} {name} | {cost.bytes_each:,.0f} | {memory:,.0f}"
                f" | {order} | {cost.cancelled:.2f} | {cost.collecting:.2f} |"
            )


def run_child(subject: str, count: str, order: str, number: str) -> None:
    if count == "traced":
        tracemalloc.start()
    cost = asyncio.run(_SUBJECTS[subject](count, order, int(number)))
    sys.stdout.buffer.write(msgspec.json.encode(cost))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=50_000, metavar="N")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="maximum duration of the throughput run"
    )
    options = parser.parse_args(arguments)
    print(_RATE_HEAD)
    print(asyncio.run(throughput(options.waiting, options.seconds)), flush=True)
    print()
    for row in cost_rows(options.waiting):
        print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    elif sys.argv[1:2] and sys.argv[1] in _SUBJECTS:
        run_child(*sys.argv[1:])
    else:
        main()
