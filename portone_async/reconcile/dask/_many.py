"""Reconcile the partitions of a plan on a cluster: the arguments, the ledger and the workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import distributed
from msgspec.structs import replace

from portone_async._core.validate import as_secret, validate_type
from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.reconcile._threads import in_thread
from portone_async.reconcile.confirmation import Confirm, validate_confirm
from portone_async.reconcile.partition import Again, Partition, Plan, validate_again

from ._cluster import Connection, connect
from ._driver import Driver, register
from ._named import validate_function
from ._open import ledger_name, ledger_of, local_account
from ._results import PartitionedRun, PartitionResult, Progress
from ._settings import Settings, SharedRate, validate_count

__all__ = ("reconcile_many",)

_MOST_LOCAL_WORKERS = 4


async def reconcile_many(
    plan: Plan,
    orders: str,
    ledger: str | Path,
    *,
    run: str,
    cluster: str | distributed.Client | None = None,
    workers: int | None = None,
    at_once: int = 4,
    client: str | None = None,
    rate_limit: RateLimit = RateLimit(),
    shared_rate: SharedRate | None = None,
    dashboard_address: str | None = None,
    confirm: Confirm = "single",
    again: Again = False,
    on_progress: Callable[[Progress], object] | None = None,
) -> PartitionedRun:
    """Reconcile partitions on the workers of a Dask cluster.

    ```python
    async def main():
        await reconcile_many(plan(...), "shop.orders:of_partition", "LEDGER_URL", run="november")

    if __name__ == "__main__":  # The workers are processes that import this file.
        asyncio.run(main())
    ```

    Each worker has one client, with the keys of its environment, and its own connection to the
    ledger. Tasks contain names, times and totals, but no keys, addresses or orders. A worker that
    is killed is replaced, and its partitions run again; a driver that is killed can be started
    again with the same arguments. For partitions in the ledger no request is sent. When all are
    finished, the orders whose payments are in several partitions are looked up
    (:func:`join_partitions`). A run that was finished before returns its totals without a worker:
    whether the keys are those of its payments is then checked only where the workers would be
    processes of this machine, with the keys of this environment.

    Args:
        plan: The partitions, from :func:`plan`.
        orders: The function of a partition that returns its orders, as ``"module:function"``.
            Without ``again`` it is not called for the partitions that the ledger has: changed
            orders of those are not noticed.
        ledger: Where the results are stored: the name of an environment variable, here and in the
            workers, with an address of PostgreSQL or a path of SQLite; a ``"module:function"`` that
            is called with the name of the run and returns a :class:`Ledger`; or a ``Path`` of
            SQLite, for workers of this machine.
        run: The name of the run in the ledger. One driver at a time may execute it: a second one
            stops the first one.
        cluster: The address of a scheduler, or a ``distributed.Client`` that is connected to one,
            which stays open. Workers there need this package, the module of ``orders``, and the
            environment variables. By default the workers are processes of this machine, on
            encrypted connections over loopback, which end with the run.
        workers: How many there are: the number of processes here (by default one per core, up to
            4); the largest number that a given cluster may have (by default, those it has now).
        at_once: The number of partitions that a worker reconciles at the same time.
        client: The function that makes the client of a worker, as ``"module:function"``, called
            with ``rate_limit=``; :meth:`PortOneClient.from_env` by default.
        rate_limit: The limit of all workers together. Without ``shared_rate`` each worker sends at
            ``rate / workers``, with a burst of at least 1: the share of an idle worker is unused,
            and a burst smaller than ``workers`` is exceeded.
        shared_rate: The limit in a Valkey or Redis server, which all workers share.
        dashboard_address: Where the cluster of this machine serves Dask's dashboard, such as
            ``"127.0.0.1:8787"``. It needs ``bokeh``, and everyone who can connect to it can read it.
        confirm: How an order that seems to differ is confirmed: see :func:`reconcile`.
        again: Reconcile finished partitions again: all of them (``True``), or those whose orders
            have changed (``"changed"``), for which the orders of all are read.
        on_progress: Called after the end of each partition. An exception from it ends the run,
            which can be resumed.

    Returns:
        The totals, and the partitions that failed. The others were not affected by them.

    Raises:
        InvalidRequestError: An argument is invalid, or a name does not exist in a worker.
        AuthenticationError: PortOne rejected the API keys of a worker. The run can be resumed.
        ThrottleError: A worker cannot reach the server of the shared rate, with
            ``on_failure="raise"``. The run can be resumed.
        LedgerError: The ledger cannot be written, or has a run of that name with another plan, or
            with payments of another API key.
        ClusterError: The scheduler cannot be reached, or was lost. The run can be resumed.
        PortOneError: Another error that every partition would raise. The run can be resumed.
    """
    ledger = as_secret(ledger)  # By mistake it may be an address, which has a password.
    validate_again(again)
    settings = Settings(
        run=run,
        client=None if client is None else validate_function("client", client),
        orders=validate_function("orders", orders),
        ledger=ledger_name(ledger),
        confirm=validate_confirm(confirm),
        again=again,
        rate_limit=validate_type("rate_limit", rate_limit, RateLimit),
        shared_rate=shared_rate,
        workers=_validate_workers(workers, cluster),
        at_once=validate_count("at_once", at_once),
        owns_process=cluster is None,
    )
    failed: Sequence[PartitionResult] = ()
    async with ledger_of(settings) as opened:
        await in_thread(opened.claim, plan)
        # Workers check it as well, but a finished run starts none.
        if (account := await local_account(settings)) is not None:
            await in_thread(opened.check_account, account)
        partitions = [*plan] if again else await in_thread(lambda: list(opened.unfinished()))
        # A look-up at the end of the run may have failed.
        unconfirmed = await in_thread(lambda: next(opened.unconfirmed(), None))
        if partitions or unconfirmed is not None:
            async with connect(
                cluster,
                workers=settings.workers,
                at_once=at_once,
                dashboard_address=dashboard_address,
            ) as connection:
                failed = await _run(connection, settings, partitions, len(plan), on_progress)
        summary = await in_thread(opened.summary)
    return PartitionedRun(summary=summary, failed=tuple(failed))


async def _run(
    connection: Connection,
    settings: Settings,
    partitions: Sequence[Partition],
    total: int,
    on_progress: Callable[[Progress], object] | None,
) -> Sequence[PartitionResult]:
    """Reconcile partitions; return those that failed."""
    if settings.workers == 0:
        settings = replace(settings, workers=await _count_workers(connection))
    plugin = await register(connection, settings)
    driver = Driver(connection, plugin, total, on_progress)
    try:
        # Twice as many as workers execute, so that they never wait for the driver.
        await driver.run(partitions, 2 * settings.at_once * settings.workers)
        if not driver.failed:
            await driver.join()
    finally:
        if not driver.was_replaced:
            with suppress(Exception):  # The scheduler may be gone, and its workers with it.
                await connection.unregister_worker_plugin(name=plugin)
    return driver.failed


def _validate_workers(workers: object, cluster: object) -> int:
    """Return how many workers there are; 0 if only the cluster knows."""
    if workers is not None:
        return validate_count("workers", workers)
    return min(_MOST_LOCAL_WORKERS, os.cpu_count() or 1) if cluster is None else 0


async def _count_workers(connection: Connection) -> int:
    if count := len(await connection.nthreads()):
        return count
    raise InvalidRequestError(
        "the cluster has no worker yet: pass the largest number that it may have, as workers"
    )
