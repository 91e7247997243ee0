"""A worker's part of a run: its client and its ledger, and the task that reconciles a partition."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import distributed
from distributed.diagnostics.plugin import WorkerPlugin
from msgspec import Struct

from portone_async._tasks import cancel
from portone_async.client import PortOneClient
from portone_async.errors import PortOneError
from portone_async.reconcile._described import describe
from portone_async.reconcile.finding import Summary
from portone_async.reconcile.joining import join_partitions
from portone_async.reconcile.ledgers import Ledger, LedgerError
from portone_async.reconcile.partition import OrdersOf, Partition
from portone_async.reconcile.partitioned import reconcile_partition
from portone_async.resources.payments import FATAL_ERRORS

from ._named import find_function
from ._open import client_of, ledger_of
from ._results import ClusterError, PartitionError
from ._settings import Settings

__all__ = ("Outcome", "RunPlugin", "join_run", "run_partition")

_ENDS_RUN = (*FATAL_ERRORS, LedgerError)


class Outcome(Struct, frozen=True):
    """The result of a task: a value, so that Dask neither logs nor formats an exception."""

    summary: Summary | None = None
    error: PortOneError | None = None
    ends_run: bool = False
    was_replaced: bool = False
    """Whether another driver has replaced or removed the plugin of this task."""


async def run_partition(plugin: str, partition: Partition) -> Outcome:
    """Reconcile a partition on the worker that executes this task."""
    run: object = distributed.get_worker().plugins.get(plugin)
    return await run.run(partition) if isinstance(run, RunPlugin) else _stopped()


async def join_run(plugin: str) -> Outcome:
    """Look up the orders whose payments are in several partitions."""
    run: object = distributed.get_worker().plugins.get(plugin)
    return await run.join() if isinstance(run, RunPlugin) else _stopped()


class RunPlugin(WorkerPlugin):
    """The client and the ledger of a worker during a run.

    They are opened and closed on the event loop of its tasks. Before that the plugin contains only
    settings, so that it can be pickled for every worker.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._failure: PortOneError | None = None
        self._open: _OpenRun | None = None

    async def setup(self, worker: object) -> None:  # noqa: ARG002 (of the interface)
        """Open the client and the ledger. A failure is the outcome of each task."""
        if self._settings.owns_process and threading.current_thread() is threading.main_thread():
            # Ctrl-C reaches each process of a terminal: the driver ends the workers.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._open = await _OpenRun.open(self._settings)
        except PortOneError as error:
            self._failure = _without_frames(error)
        except Exception as error:  # noqa: BLE001 (functions of the user)
            self._failure = _described("a worker cannot start", error)

    async def teardown(self, worker: object) -> None:  # noqa: ARG002 (of the interface)
        """Cancel running tasks, and close the client and the ledger."""
        opened, self._open = self._open, None
        if opened is not None:
            await opened.close()
        if self._settings.owns_process:
            # The process ends now, and the scheduler with it: Dask logs that as an error.
            logging.getLogger("distributed").setLevel(logging.CRITICAL)

    async def run(self, partition: Partition) -> Outcome:
        """Reconcile a partition."""
        return await self._outcome(lambda opened: opened.reconcile(partition))

    async def join(self) -> Outcome:
        """Finish the run."""
        return await self._outcome(_OpenRun.join)

    async def _outcome(self, step: Callable[[_OpenRun], Coroutine[Any, Any, Summary]]) -> Outcome:
        if self._failure is not None:
            return Outcome(error=self._failure, ends_run=True)
        opened = self._open
        return _stopped() if opened is None else await opened.outcome(partial(step, opened))


class _OpenRun:
    """The client, the ledger and the orders of one worker."""

    def __init__(
        self,
        stack: AsyncExitStack,
        client: PortOneClient,
        orders: OrdersOf,
        ledger: Ledger,
        settings: Settings,
    ) -> None:
        self._stack = stack
        self._client = client
        self._orders = orders
        self._ledger = ledger
        self._settings = settings
        self._tasks: set[asyncio.Task[Outcome]] = set()
        # A worker of the user's cluster may execute more tasks at once.
        self._slots = asyncio.Semaphore(settings.at_once)

    @classmethod
    async def open(cls, settings: Settings) -> _OpenRun:
        orders: OrdersOf = find_function("orders", settings.orders)
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(client_of(settings))
            ledger = await stack.enter_async_context(ledger_of(settings))
            return cls(stack.pop_all(), client, orders, ledger, settings)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        async with self._stack:
            await cancel([*self._tasks])

    async def reconcile(self, partition: Partition) -> Summary:
        return await reconcile_partition(
            self._client,
            partition,
            self._orders,
            self._ledger,
            again=self._settings.again,
            confirm=self._settings.confirm,
        )

    async def join(self) -> Summary:
        return await join_partitions(self._client, self._ledger)

    async def outcome(self, step: Callable[[], Coroutine[Any, Any, Summary]]) -> Outcome:
        """Run a step in a separate task, which the end of the run cancels."""
        task = asyncio.create_task(self._outcome(step))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:  # The worker is closing.
            await cancel([task])
            raise
        return _stopped() if task.cancelled() else task.result()

    async def _outcome(self, step: Callable[[], Coroutine[Any, Any, Summary]]) -> Outcome:
        try:
            async with self._slots:
                return Outcome(summary=await step())
        except PortOneError as error:
            return Outcome(error=_without_frames(error), ends_run=isinstance(error, _ENDS_RUN))
        except Exception as error:  # noqa: BLE001 (the orders are a function of the user)
            return Outcome(error=_described("it was not reconciled", error))


def _stopped() -> Outcome:
    error = ClusterError("the run was stopped on this worker, or started again by another driver")
    return Outcome(error=error, ends_run=True, was_replaced=True)


def _without_frames(error: PortOneError) -> PortOneError:
    """Remove cause, context and traceback: only workers in this process would return them."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _described(what: str, error: Exception) -> PartitionError:
    return PartitionError(f"{what}: {describe(error)}")
