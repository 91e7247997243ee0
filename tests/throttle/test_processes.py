"""A rate that real processes share, measured at the server that they send to."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from portone_async import RateLimit
from portone_async.testing import FakePortOne, TooManyRequests
from portone_async.throttle.valkey import SharedTokenBucket
from tests.support.shared_worker import LIMIT
from tests.support.store_server import StoreServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# Seconds by which a loaded machine may record a request later than it was sent.
_LATE = 1.0


@pytest.fixture(name="portone")
def _portone() -> Iterator[FakePortOne]:
    with FakePortOne() as server:
        yield server


@contextmanager
def workers(portone: FakePortOne, store: StoreServer, count: int) -> Generator[None]:
    """Run processes that look up orders as fast as they may."""
    environment = {
        **os.environ,
        "PORTONE_BASE_URL": portone.url,
        "PORTONE_IMP_KEY": portone.imp_key,
        "PORTONE_IMP_SECRET": portone.imp_secret,
        "VALKEY_URL": store.url,
        "PYTHONPATH": str(ROOT),
    }
    command = (sys.executable, "-m", "tests.support.shared_worker")
    with ExitStack() as stack:
        for number in range(count):
            process = stack.enter_context(
                subprocess.Popen(
                    [*command, f"w{number}", str(count)],
                    env=environment,
                    cwd=ROOT,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
        yield


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def look_ups(portone: FakePortOne) -> list[tuple[float, str]]:
    """List the arrival of each look-up, and the process that sent it."""
    return [
        (request.at, request.path.rsplit("/", 1)[-1].split("-")[0])
        for request in portone.requests
        if "/payments/find/" in request.path
    ]


def assert_bound(times: list[float], limit: RateLimit) -> None:
    """Assert that no part of the run has more requests than its length allows."""
    times = sorted(times)
    for first in range(len(times)):
        for last in range(first, len(times), 5):
            bound = limit.rate * (times[last] - times[first] + _LATE) + limit.burst
            assert last - first + 1 <= bound


def shares(arrivals: list[tuple[float, str]], processes: int) -> Counter[str]:
    """Count the look-ups of each process from the time on at which all have begun."""
    begun: set[str] = set()
    for number, (_, process) in enumerate(arrivals):
        begun.add(process)
        if len(begun) == processes:
            return Counter(process for _, process in arrivals[number:])
    return Counter()


@pytest.mark.parametrize("processes", [1, 2, 4])
async def test_processes_together_keep_the_limit_in_equal_shares(
    portone: FakePortOne, store_server: StoreServer, processes: int
) -> None:
    with workers(portone, store_server, processes):
        await until(lambda: shares(look_ups(portone), processes).total() >= 120)
        arrivals = look_ups(portone)

    assert_bound([request.at for request in portone.requests], LIMIT)
    counts = shares(arrivals, processes)
    fair = counts.total() / processes
    # The first look-ups of a process may be a part of its fetch of a token.
    assert all(0.8 * fair - 2 <= count <= 1.2 * fair + 2 for count in counts.values())


async def test_retry_after_pauses_all_processes(
    portone: FakePortOne, store_server: StoreServer
) -> None:
    with workers(portone, store_server, 2):
        await until(lambda: shares(look_ups(portone), 2).total() >= 10)
        portone.fail(TooManyRequests(retry_after="4"))
        await until(lambda: any(request.status == 429 for request in portone.requests))
        (paused_at,) = [request.at for request in portone.requests if request.status == 429]
        await until(lambda: look_ups(portone)[-1][0] > paused_at + 4)

    during = [time for time, _ in look_ups(portone) if paused_at + 1.5 <= time < paused_at + 3.5]
    # Each may send what it has reserved; without the pause there would be 40.
    assert len(during) <= 4


async def test_killed_and_restarted_store_stops_no_process(
    portone: FakePortOne, store_server: StoreServer
) -> None:
    with workers(portone, store_server, 2):
        await until(lambda: shares(look_ups(portone), 2).total() >= 10)
        store_server.kill()
        killed = len(look_ups(portone))
        await until(lambda: shares(look_ups(portone)[killed:], 2).total() >= 10)
        store_server.start()
        # Both report their permits there once they have reached it again.
        await until(lambda: b"usage" in store_server.command("KEYS", "*"))
        back = len(look_ups(portone))
        await until(lambda: shares(look_ups(portone)[back:], 2).total() >= 30)

    # Beside the burst of the store, each may have one permit of its own.
    limit = RateLimit(LIMIT.rate, LIMIT.burst + 2)
    assert_bound([request.at for request in portone.requests], limit)


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            await asyncio.sleep(0.01)
            writer.write(data)
            await writer.drain()
    writer.close()


async def test_distant_store_grants_several_permits_at_once(
    store_server: StoreServer,
) -> None:
    connections: list[asyncio.Task[None]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", store_server.port)
        connections.append(asyncio.create_task(_forward(reader, there[1])))
        connections.append(asyncio.create_task(_forward(there[0], writer)))

    proxy = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    url = store_server.url.replace(str(store_server.port), str(port))
    async with SharedTokenBucket(url, RateLimit(200, 100), name="far", processes=1) as shared:
        await shared.acquire()
        before = _script_calls(store_server)
        for _ in range(300):
            await shared.acquire()
    # Twenty milliseconds are four permits at 200 per second: five at once.
    assert _script_calls(store_server) - before <= 150
    proxy.close()
    await asyncio.wait(connections)


def _script_calls(store: StoreServer) -> int:
    for line in store.command("INFO", "commandstats").decode().splitlines():
        if line.startswith("cmdstat_evalsha:calls="):
            return int(line.removeprefix("cmdstat_evalsha:calls=").split(",")[0])
    return 0
