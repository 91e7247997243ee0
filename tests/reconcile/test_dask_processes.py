"""Partitions on worker processes of which one is killed, after a driver that was killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portone_async.reconcile import LedgerEntry, SQLiteLedger, reconcile_partition
from portone_async.reconcile.dask import Progress
from portone_async.testing import FakePortOne
from tests.support.environment import set_environment
from tests.support.partition_driver import LIMIT, RUN, drive
from tests.support.partition_orders import add_payments, orders_of, plan_of
from tests.support.shared_bucket import most_in_a_window
from tests.support.store_server import store_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DAYS = 30


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def kill_a_driver(ledger: Path, portone: FakePortOne) -> None:
    """Start a driver, and kill it when it has requested some partitions."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.partition_driver", str(ledger), str(DAYS)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.DEVNULL,  # Its workers report that it has gone.
    )
    await until(lambda: portone.count("/payments/") >= 20 or process.returncode is not None)
    assert process.returncode is None
    process.kill()
    await process.wait()


def entries(path: Path) -> list[LedgerEntry]:
    with SQLiteLedger.open(path, run=RUN) as ledger:
        return list(ledger.entries())


async def alone(path: Path, portone: FakePortOne) -> list[LedgerEntry]:
    """Return the entries of a run in one process, without Dask."""
    with SQLiteLedger.open(path, run=RUN) as ledger:
        ledger.claim(plan_of(DAYS))
        async with portone.client(rate_limit=None) as client:
            for partition in ledger.plan():
                await reconcile_partition(client, partition, orders_of, ledger)
    return entries(path)


async def test_killed_driver_and_worker_leave_the_ledger_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger.db"
    killed: list[int | None] = []

    def kill_a_worker(progress: Progress) -> None:
        if progress.finished >= progress.total // 2 and not killed:
            worker = multiprocessing.active_children()[0]
            worker.kill()
            killed.append(worker.pid)

    with FakePortOne() as portone, store_server("valkey", tmp_path) as store:
        for partition in plan_of(DAYS):
            add_payments(portone, partition)
        monkeypatch.setenv("VALKEY_URL", store.url)
        set_environment(monkeypatch, portone)
        await kill_a_driver(ledger, portone)
        with SQLiteLedger.open(ledger, run=RUN) as before:
            unfinished = set(before.unfinished())
        (scratch := tmp_path / "scratch").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        monkeypatch.setenv("TMPDIR", str(scratch))

        result = await drive(ledger, DAYS, kill_a_worker)

        arrivals = [request.at for request in portone.requests]
        expected = await alone(tmp_path / "alone.db", portone)

    assert len(unfinished) < DAYS
    assert killed
    assert result.failed == ()
    assert entries(ledger) == expected
    # A loaded machine may record a request a second later than it was sent.
    assert most_in_a_window(arrivals, 2.0) <= LIMIT.rate * (2.0 + 1.0) + LIMIT.burst
    assert multiprocessing.active_children() == []
    assert list(scratch.iterdir()) == []
