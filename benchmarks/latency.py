"""Measure a sweep while each page takes a while, with one, four and eight parts of the period at once.

``python benchmarks/latency.py --orders 100000 --latency 0.2`` prints the table of README.md. The
fake PortOne runs in its own process.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from reconcile import write_orders
from variants import DAY, run, write_line

from portone_async.testing import Delay, FakePortOne
from portone_async.testing.generate import payments_of_a_day

_HEAD = (
    "| Parts at once | Orders | Seconds per page | Seconds | Requests |\n|---:|---:|---:|---:|---:|"
)


def serve(pipe: Connection, orders: int, latency: float) -> None:
    """Serve a day's payments, each page late, until the other end of the pipe is closed."""

    async def serve_until_closed() -> None:
        async with FakePortOne() as server:
            server.add_many(payments_of_a_day(orders, DAY))
            server.fail(Delay(latency), times=None, on="/payments/status")
            pipe.send(server.url)
            await asyncio.to_thread(pipe.poll, None)

    asyncio.run(serve_until_closed())


@contextmanager
def late_server(orders: int, latency: float) -> Generator[str]:
    """Start the fake in another process; return its URL."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, orders, latency))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        process.join()


def measure(url: str, orders: Path, latency: float, number: int, parts: int) -> str:
    """Sweep the day and return a row of the table."""
    requests = orders.with_name(f"requests-{parts}")
    began_at = time.perf_counter()
    with patch("portone_async.reconcile._sweep._PARTS_AT_ONCE", parts):
        asyncio.run(run("sweep", url, orders, requests, orders.with_name(f"{parts}.db")))
    seconds = time.perf_counter() - began_at
    return f"| {parts} | {number:,} | {latency} | {seconds:,.1f} | {requests.stat().st_size:,} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, metavar="N")
    parser.add_argument("--latency", type=float, default=0.2, metavar="SECONDS")
    options = parser.parse_args()
    write_line(_HEAD)
    with (
        tempfile.TemporaryDirectory() as folder,
        late_server(options.orders, options.latency) as url,
    ):
        orders = Path(folder, "orders.csv")
        write_orders(orders, options.orders)
        for parts in (1, 4, 8):
            write_line(measure(url, orders, options.latency, options.orders, parts))


if __name__ == "__main__":
    main()
