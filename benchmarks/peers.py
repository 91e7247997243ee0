"""Run one of the clients that calls.py compares, in its own process.

``python peers.py PEER URL CONCURRENCY LOOP WARM_UP CALLS`` makes look-ups to warm up, then the
look-ups to be measured, and prints the seconds, CPU seconds and page faults of one of these. Every
peer looks up the same orders and checks the same ``code``; those that decode with msgspec decode
the same `Payment`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from resource import RUSAGE_SELF, getrusage
from typing import Any

import msgspec

from portone_async import Payment

TOKEN = "a" * 40
_PATH = "/payments/find/"
_KEYS = ("key", "secret")
_numbers = count()
_MANY = 10_000_000
"""Calls per second that a throttle permits: it runs, but no call waits for it."""

Find = Callable[[str], Awaitable[object]]


class Envelope(msgspec.Struct):
    code: int
    response: Payment


_decoder = msgspec.json.Decoder(Envelope, strict=False)


def answer(body: bytes) -> Payment:
    envelope = _decoder.decode(body)
    if envelope.code != 0:
        raise RuntimeError(envelope.code)
    return envelope.response


@asynccontextmanager
async def portone_async(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Run the whole client: throttle, token, deadlines, retry, identity check, attempts."""
    from portone_async import PortOneClient, RateLimit, Timeouts

    async with PortOneClient(
        *_KEYS,
        base_url=url,
        rate_limit=RateLimit(rate=_MANY, burst=_MANY),
        max_in_flight=concurrency,
        timeouts=Timeouts(connect=30),  # For fifty handshakes under valgrind.
    ) as client:
        yield client.payments.find


@asynccontextmanager
async def aiohttp_msgspec(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Run the floor: a session, a request and a decoder, one token, no error handling."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def find(order: str) -> Payment:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with session.get(url + _PATH + order, headers=headers) as response:
                response.raise_for_status()
                return answer(await response.read())

        yield find


@asynccontextmanager
async def textbook(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Run the floor inside of tenacity's decorator and aiolimiter's context manager."""
    import aiohttp
    from aiolimiter import AsyncLimiter
    from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    limiter = AsyncLimiter(_MANY, 1)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        @retry(
            retry=retry_if_exception_type((aiohttp.ClientError, TimeoutError)),
            wait=wait_random_exponential(max=8),
            stop=stop_after_attempt(4),
        )
        async def find(order: str) -> Payment:
            async with limiter:
                headers = {"Authorization": f"Bearer {TOKEN}"}
                async with session.get(url + _PATH + order, headers=headers) as response:
                    response.raise_for_status()
                    return answer(await response.read())

        yield find


@asynccontextmanager
async def async_iamport(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Run the asyncio client on PyPI: token handling, and a dict as result."""
    from async_iamport import AsyncIamport

    client: Any = AsyncIamport(
        imp_key=_KEYS[0],
        imp_secret=_KEYS[1],
        imp_url=url,
        pool_size=concurrency,
        time_out=60,  # For fifty handshakes under valgrind.
    )
    try:
        yield client.find_by_merchant_uid
    finally:
        await client.close_session()


@asynccontextmanager
async def httpx(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Httpx and the same decoder."""
    import httpx as library

    limits = library.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with library.AsyncClient(limits=limits) as client:

        async def find(order: str) -> Payment:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            response = await client.get(url + _PATH + order, headers=headers)
            return answer(response.raise_for_status().content)

        yield find


@asynccontextmanager
async def niquests(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Niquests and the same decoder."""
    import niquests as library

    async with library.AsyncSession(pool_maxsize=concurrency) as session:

        async def find(order: str) -> Payment:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            response: Any = await session.get(url + _PATH + order, headers=headers)
            return answer(response.raise_for_status().content)

        yield find


class _Connection(asyncio.Protocol):
    """The minimum of HTTP for a response of nginx with a Content-Length."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.answered: asyncio.Future[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head < 0:
            return
        mark = self.received.index(b"Content-Length: ") + 16
        end = head + 4 + int(self.received[mark : self.received.index(b"\r", mark)])
        if len(self.received) >= end:
            body = bytes(self.received[head + 4 : end])
            self.received.clear()
            self.answered.set_result(body)


@asynccontextmanager
async def protocol(url: str, concurrency: int) -> AsyncGenerator[Find]:
    """Run a hand-written asyncio.Protocol: the cost of asyncio itself."""
    scheme, _, address = url.partition("://")
    host, _, port = address.partition(":")
    tls = True if scheme == "https" else None
    rest = f" HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    loop = asyncio.get_running_loop()
    idle = [
        (await loop.create_connection(_Connection, host, int(port), ssl=tls))[1]
        for _ in range(concurrency)
    ]

    async def find(order: str) -> Payment:
        connection = idle.pop()
        connection.answered = loop.create_future()
        connection.transport.write(f"GET {_PATH}{order}{rest}".encode())
        body = await connection.answered
        idle.append(connection)
        return answer(body)

    yield find
    for connection in idle:
        connection.transport.close()


PEERS = {
    "portone_async": portone_async,
    "aiohttp + msgspec": aiohttp_msgspec,
    "textbook stack": textbook,
    "async-iamport": async_iamport,
    "httpx": httpx,
    "niquests": niquests,
    "protocol": protocol,
}
THREADS = "iamport-rest-client"


def order_numbers(number: int) -> Iterator[str]:
    """Return a number of order numbers, unique across all rounds."""
    return (f"ORD-20260202-{next(_numbers):07}" for _ in range(number))


async def calls(peer: str, url: str, concurrency: int, warm_up: int, number: int) -> None:
    async with PEERS[peer](url, concurrency) as find:

        async def worker(orders: Iterator[str]) -> None:
            for order in orders:
                await find(order)

        async def look_up(number: int) -> None:
            orders = order_numbers(number)
            await asyncio.gather(*[worker(orders) for _ in range(concurrency)])

        await look_up(warm_up)
        with report(number):
            await look_up(number)


def calls_in_threads(url: str, concurrency: int, warm_up: int, number: int) -> None:
    """Run the synchronous client on PyPI, one per thread; it fetches a token for each call."""
    from iamport import Iamport

    clients: list[Any] = [Iamport(*_KEYS, imp_url=url + "/") for _ in range(concurrency)]
    with ThreadPoolExecutor(concurrency) as pool:

        def look_up(number: int) -> None:
            orders = iter(list(order_numbers(number)))

            def worker(client: Any) -> None:
                for order in orders:
                    client.find_by_merchant_uid(order)

            list(pool.map(worker, clients))

        look_up(warm_up)
        with report(number):
            look_up(number)


@contextmanager
def report(calls: int) -> Generator[None]:
    """Measure a number of calls, and print the cost of one."""
    gc.collect()
    seconds, before = time.perf_counter(), getrusage(RUSAGE_SELF)
    yield
    after, seconds = getrusage(RUSAGE_SELF), time.perf_counter() - seconds
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    faults = after.ru_minflt - before.ru_minflt
    cost = {"seconds": seconds / calls, "cpu": cpu / calls, "faults": faults / calls}
    print(json.dumps(cost), flush=True)


def main() -> None:
    peer, url, concurrency, loop, *numbers = sys.argv[1:]
    warm_up, number = map(int, numbers)
    if peer == THREADS:
        calls_in_threads(url, int(concurrency), warm_up, number)
        return
    factory = None
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=factory) as runner:
        runner.run(calls(peer, url, int(concurrency), warm_up, number))


if __name__ == "__main__":
    main()
