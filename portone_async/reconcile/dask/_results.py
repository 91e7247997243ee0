"""The results and the errors of a run over many partitions."""

from __future__ import annotations

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.errors import PortOneError
from portone_async.reconcile.finding import Summary
from portone_async.reconcile.partition import Partition

__all__ = ("ClusterError", "PartitionError", "PartitionResult", "PartitionedRun", "Progress")


class ClusterError(PortOneError):
    """The Dask cluster cannot be used, or the connection to it was lost. The run can be resumed."""

    advice = Worded(
        "Check that the scheduler and its workers run, then start the run again: it resumes."
    )


class PartitionError(PortOneError):
    """A partition could not be reconciled for a reason outside of PortOne and this package.

    Its message contains the class and the place of the exception, but not its text, which may
    contain the address of a database.
    """

    advice = Worded(
        "Call reconcile_partition() for it in one process to see the whole exception, "
        "then start the run again: only unfinished partitions are reconciled."
    )


class PartitionResult(Struct, frozen=True, kw_only=True):
    """The end of one partition: either a summary or an error."""

    partition: Partition
    summary: Summary | None = None
    error: PortOneError | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """The state of a run after the end of a partition."""

    last: PartitionResult
    """The partition that has ended."""
    finished: int
    """The number of partitions in the ledger, those of earlier runs included."""
    failed: int
    """The number of partitions that failed in this run."""
    total: int
    """The number of partitions of the plan."""


class PartitionedRun(Struct, frozen=True, kw_only=True):
    """The result of a run over many partitions."""

    summary: Summary
    """The totals of all partitions in the ledger."""
    failed: tuple[PartitionResult, ...] = ()
    """The partitions that failed: they are not in the ledger, and the next run repeats them.

    If there are any, orders are not joined with payments in other partitions yet.
    """
