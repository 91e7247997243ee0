"""Submit the partitions of a run to the workers of a cluster, and collect their results."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import distributed

from portone_async._tasks import cancel
from portone_async.errors import PortOneError
from portone_async.reconcile.partition import Partition

from ._cluster import Connection
from ._results import ClusterError, PartitionError, PartitionResult, Progress
from ._settings import Settings
from ._worker import Outcome, RunPlugin, join_run, run_partition

__all__ = ("Driver", "register")


class Driver:
    """Submits the partitions of a run, and collects their results."""

    def __init__(
        self,
        connection: Connection,
        plugin: str,
        total: int,
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        self._connection = connection
        self._plugin = plugin
        self._total = total
        self._finished = 0
        self._on_progress = on_progress
        # The same partition of another run, or of a driver that was killed, is another task.
        self._suffix = secrets.token_hex(4)
        self.failed: list[PartitionResult] = []
        self.was_replaced = False
        """Whether another driver of the run has taken over the workers."""

    async def run(self, partitions: Sequence[Partition], at_once: int) -> None:
        """Submit the partitions, ``at_once`` at the same time, and report each result."""
        self._finished = self._total - len(partitions)
        running: set[asyncio.Task[PartitionResult]] = set()
        try:
            for partition in partitions:
                if len(running) >= at_once:
                    running = await self._report_some(running)
                running.add(asyncio.create_task(self._submit(partition)))
            while running:
                running = await self._report_some(running)
        finally:
            await cancel(running)

    async def _report_some(
        self, running: set[asyncio.Task[PartitionResult]]
    ) -> set[asyncio.Task[PartitionResult]]:
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._report(task.result())
        return running

    def _report(self, result: PartitionResult) -> None:
        if result.error is None:
            self._finished += 1
        else:
            self.failed.append(result)
        if self._on_progress is not None:
            counts = {"finished": self._finished, "failed": len(self.failed), "total": self._total}
            self._on_progress(Progress(last=result, **counts))

    async def join(self) -> None:
        """Look up the orders whose payments are in several partitions: one task, on any worker.

        Raises:
            PortOneError: It failed. The partitions are in the ledger.
        """
        outcome = await self._execute(join_run, key="join")
        if isinstance(outcome, PortOneError):
            raise outcome
        if outcome.error is not None:
            raise outcome.error

    async def _submit(self, partition: Partition) -> PartitionResult:
        """Run a partition on a worker.

        Raises:
            PortOneError: It ends the run.
        """
        outcome = await self._execute(run_partition, partition, key=partition.name)
        if isinstance(outcome, PortOneError):
            return PartitionResult(partition=partition, error=outcome)
        if outcome.error is not None and outcome.ends_run:
            raise outcome.error
        return PartitionResult(partition=partition, summary=outcome.summary, error=outcome.error)

    async def _execute(
        self,
        function: Callable[..., Coroutine[Any, Any, Outcome]],
        *arguments: object,
        key: str,
    ) -> Outcome | PartitionError:
        """Execute a task; return an error if every worker that executes it is killed.

        Raises:
            ClusterError: Dask could not execute it.
        """
        try:
            outcome: Outcome = await self._connection.submit(
                function, self._plugin, *arguments, key=f"{key} {self._suffix}", pure=False
            )
        except distributed.KilledWorker as error:
            times = error.allowed_failures + 1
            return PartitionError(f"{times} worker processes ended while they reconciled it")
        except Exception as error:  # noqa: BLE001 (of Dask: the scheduler, or a worker that lacks a module)
            failure = ClusterError(f"a task was not executed ({type(error).__name__})")
        else:
            self.was_replaced |= outcome.was_replaced
            return outcome
        raise failure


async def register(connection: Connection, settings: Settings) -> str:
    """Register the plugin on all workers, also on those that start later; return its name.

    It is named after the run, so that a driver that starts again replaces the plugin of a killed
    one.

    Raises:
        ClusterError: A worker cannot load this package, for example.
    """
    name = f"portone_async {settings.run}"
    try:
        await connection.register_plugin(RunPlugin(settings), name=name)
    except Exception as error:  # noqa: BLE001 (any exception of a worker that cannot load it)
        failure = ClusterError(f"a worker cannot load the run ({type(error).__name__})")
    else:
        return name
    raise failure
