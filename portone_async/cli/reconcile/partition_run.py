"""Reconcile partitions in this process, or in worker processes of Dask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.cli.advice import described
from portone_async.client import PortOneClient
from portone_async.errors import InvalidRequestError, PortOneError
from portone_async.policy import RateLimit
from portone_async.reconcile import (
    Ledger,
    LedgerError,
    Partition,
    Plan,
    StoreError,
    Verdict,
    join_partitions,
    reconcile_partition,
)
from portone_async.reconcile._described import describe
from portone_async.reconcile._first_error import first_error
from portone_async.resources.payments import FATAL_ERRORS

from . import worker
from .arguments import Arguments
from .partition_orders import PartitionOrders
from .partition_view import PartitionView

__all__ = ("Failure", "PartitionRun", "Todo")

_AT_ONCE = 4
_ENDS_RUN = (*FATAL_ERRORS, InvalidRequestError, LedgerError, StoreError)


class Failure(Struct, frozen=True):
    """A partition that could not be reconciled. The others were not affected by it."""

    partition: Partition
    reason: str


class Todo(Struct, frozen=True):
    """The partitions to reconcile."""

    unfinished: list[Partition]
    again: list[Partition]
    """Those that are finished, and have orders that could not be checked or have changed."""
    changed: int
    """The number of those whose orders have changed, margins included."""

    @classmethod
    def of(cls, ledger: Ledger, changed: list[Partition]) -> Todo:
        """Compare the plan of a ledger with what is published in it.

        Args:
            ledger: The ledger.
            changed: The finished partitions whose orders have changed.
        """
        unfinished = list(ledger.unfinished())
        # Findings are joined: that of a payment may depend on a partition that is not finished.
        unchecked = dict.fromkeys(
            entry.partition
            for entry in ledger.entries(Verdict.NOT_CHECKED)
            if not entry.partition.is_margin
        )
        again = [each for each in unchecked if _has_unchecked(ledger, each)]
        return cls(unfinished, list(dict.fromkeys([*changed, *again])), len(changed))

    @property
    def all(self) -> list[Partition]:
        """All partitions to reconcile."""
        return [*self.unfinished, *self.again]


class PartitionRun:
    """The run over the partitions of a plan."""

    def __init__(
        self,
        arguments: Arguments,
        plan: Plan,
        orders: PartitionOrders,
        ledger: Ledger,
        view: PartitionView,
    ) -> None:
        self._arguments = arguments
        self._plan = plan
        self._orders = orders
        self._ledger = ledger
        self._view = view
        self._failures: list[Failure] = []

    async def reconcile(self, client: PortOneClient, todo: Todo) -> list[Failure]:
        """Reconcile partitions, and close the client; return those that failed.

        Raises:
            PortOneError: It ends the run.
        """
        unfinished = todo.unfinished
        if self._arguments.workers > 1 and unfinished:
            await self._reconcile_by_workers()
            unfinished = []
        async with client:
            counted = client.with_options(on_attempt=self._view.count_attempt)
            await self._reconcile_here(
                counted, [*_pairs(unfinished, again=False), *_pairs(todo.again, again=True)]
            )
            if not self._failures:
                await join_partitions(counted, self._ledger)
        return self._failures

    async def _reconcile_here(
        self, client: PortOneClient, partitions: list[tuple[Partition, bool]]
    ) -> None:
        remaining = iter(partitions)
        try:
            async with asyncio.TaskGroup() as group:
                for _number in range(min(_AT_ONCE, len(partitions))):
                    group.create_task(self._reconcile_each(client, remaining))
        except BaseExceptionGroup as group:
            error = first_error(group)
        else:
            return
        raise error

    async def _reconcile_each(
        self, client: PortOneClient, remaining: Iterator[tuple[Partition, bool]]
    ) -> None:
        for partition, again in remaining:
            try:
                await reconcile_partition(
                    client,
                    partition,
                    self._orders.of,
                    self._ledger,
                    again=again,
                    confirm=self._arguments.confirm,
                )
            except _ENDS_RUN:
                raise
            except PortOneError as error:
                self._add_failure(Failure(partition, described(error)))
            except Exception as error:  # noqa: BLE001 (the orders may be a function of the user)
                self._add_failure(Failure(partition, describe(error)))
            else:
                if not again:
                    self._view.advance()

    def _add_failure(self, failure: Failure) -> None:
        self._failures.append(failure)
        self._view.count_failed(len(self._failures))

    async def _reconcile_by_workers(self) -> None:
        try:
            from portone_async.reconcile.dask import Progress, reconcile_many  # noqa: PLC0415 (an extra)
        except ModuleNotFoundError as error:
            if error.name not in {"dask", "distributed"}:
                raise
            raise InvalidRequestError(
                Worded("--workers needs Dask: pip install 'portone-async[dask]'")
            ) from None

        def update_view(progress: Progress) -> None:
            if progress.last.error is None:
                self._view.advance()
            self._view.count_failed(progress.failed)

        arguments = self._arguments
        variables = self._orders.variables | {
            worker.PROFILE: arguments.profile,
            worker.PROXY: arguments.proxy,
        }
        ledger: str | Path = worker.LEDGER
        if arguments.has_ledger_address:
            variables[worker.LEDGER] = arguments.ledger
        else:
            ledger = Path(arguments.ledger or arguments.temporary_ledger)
        with worker.variables(variables):
            result = await reconcile_many(
                self._plan,
                self._orders.name,
                ledger,
                run=self._ledger.run,
                workers=arguments.workers,
                at_once=_AT_ONCE,
                client=f"{worker.__name__}:client",
                rate_limit=RateLimit(arguments.rate) if arguments.rate else RateLimit(),
                confirm=arguments.confirm,
                on_progress=update_view,
            )
        self._failures += [
            Failure(failed.partition, str(failed.error))
            for failed in result.failed
            if failed.error is not None
        ]


def _has_unchecked(ledger: Ledger, partition: Partition) -> bool:
    """Return whether orders of a finished partition could not be checked."""
    summary = ledger.summary_of(partition)
    return summary is not None and bool(summary.counts.get(Verdict.NOT_CHECKED))


def _pairs(partitions: list[Partition], *, again: bool) -> Iterator[tuple[Partition, bool]]:
    return ((partition, again) for partition in partitions)
