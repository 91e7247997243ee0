"""Reconcile many shops with your own scheduler: its tasks call three functions without asyncio.

Airflow::

    from airflow.sdk import dag, task
    from partition_tasks import finish_run, reconcile_group, unfinished_groups

    @dag(schedule="@monthly", catchup=False)
    def reconcile_shops():
        groups = task(unfinished_groups)()
        reconciled = task(retries=3)(reconcile_group).expand(group=groups)
        reconciled >> task(finish_run)()

    reconcile_shops()

Celery::

    from celery import Celery, chord
    from partition_tasks import finish_run, reconcile_group, unfinished_groups

    app = Celery("shops", broker="redis://", backend="redis://")
    reconcile = app.task(acks_late=True, reject_on_worker_lost=True)(reconcile_group)
    finish = app.task(finish_run)

    def start():
        chord(reconcile.si(group) for group in unfinished_groups())(finish.si())

A task reconciles a group of partitions, since it opens a client, which fetches a token and opens
connections. Tasks are idempotent: for a finished partition no request is sent, and the ledger has
its results once, also if a task is killed or runs twice. Start the tasks again until
``unfinished_groups()`` returns an empty list.

Workers read these environment variables, so that messages contain no keys and no passwords:
``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET``; ``PORTONE_LEDGER``, the file of the ledger;
``SHOP_DATABASE``, the file of the shop's orders; ``VALKEY_URL``, the server of the shared rate.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec

from portone_async import PortOneClient, RateLimit
from portone_async.reconcile import (
    Ledger,
    Order,
    Partition,
    SQLiteLedger,
    join_partitions,
    plan,
    reconcile_partition,
)
from portone_async.throttle.valkey import SharedTokenBucket

KST = timezone(timedelta(hours=9))
RUN = "2026-11"
PLAN = plan(
    ["A01", "A02"],  # The codes of the sub-merchants.
    since=datetime(2026, 11, 1, tzinfo=KST),
    until=datetime(2026, 11, 8, tzinfo=KST),
)
GROUP = 5  # Partitions for each task.
TASKS = 4  # The most tasks that run at the same time.


def unfinished_groups() -> list[list[dict[str, Any]]]:
    """Store the plan of the run; return its unfinished partitions in groups, as JSON values."""
    with open_ledger() as ledger:
        ledger.claim(PLAN)
        partitions = [msgspec.to_builtins(partition) for partition in ledger.unfinished()]
    return [partitions[first : first + GROUP] for first in range(0, len(partitions), GROUP)]


def reconcile_group(group: list[dict[str, Any]]) -> int:
    """Reconcile a group of partitions; return their number."""
    partitions = msgspec.convert(group, list[Partition])
    asyncio.run(reconcile(partitions))
    return len(partitions)


def finish_run() -> dict[str, int]:
    """Look up the orders whose payments are in several partitions; return the number by verdict."""
    return asyncio.run(join())


async def reconcile(partitions: list[Partition]) -> None:
    with open_ledger() as ledger:
        async with connected() as client:
            for partition in partitions:
                await reconcile_partition(client, partition, orders_of, ledger)


async def join() -> dict[str, int]:
    with open_ledger() as ledger:
        async with connected() as client:
            summary = await join_partitions(client, ledger)
    return {verdict.value: count for verdict, count in summary.counts.items() if count}


def open_ledger() -> Ledger:
    """Open the ledger of the run. For workers on several machines, use a PostgreSQLLedger."""
    return SQLiteLedger.open(os.environ["PORTONE_LEDGER"], run=RUN)


@asynccontextmanager
async def connected() -> AsyncGenerator[PortOneClient]:
    """Open a client with the keys in the environment; all tasks together keep one rate."""
    limit = RateLimit(rate=50, burst=5)
    shared = SharedTokenBucket(os.environ["VALKEY_URL"], limit, name="shops", processes=TASKS)
    async with shared, PortOneClient.from_env(rate_limit=shared) as client:
        yield client


def orders_of(partition: Partition) -> Iterator[Order]:
    """Yield the shop's orders of a partition. An order has one time, which never changes."""
    query = (
        "SELECT number, amount FROM orders WHERE tier = ? AND ordered_at >= ? AND ordered_at < ?"
    )
    period = (partition.since.timestamp(), partition.until.timestamp())
    with closing(sqlite3.connect(os.environ["SHOP_DATABASE"])) as database:
        for number, amount in database.execute(query, (partition.tier, *period)).fetchall():
            yield Order(number, Decimal(amount))
