"""A driver as a process: ``python -m tests.support.partition_driver LEDGER DAYS``.

It reconciles the days with two worker processes, at a rate that they share through the server of
``VALKEY_URL``, until it has finished or is killed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from portone_async import RateLimit
from portone_async.reconcile.dask import PartitionedRun, Progress, SharedRate, reconcile_many
from tests.support.partition_orders import plan_of

__all__ = ("LIMIT", "RUN", "drive")

RUN = "november"
LIMIT = RateLimit(rate=40, burst=10)


async def drive(
    ledger: Path, days: int, on_progress: Callable[[Progress], object] | None = None
) -> PartitionedRun:
    return await reconcile_many(
        plan_of(days),
        "tests.support.partition_orders:orders_of",
        ledger,
        run=RUN,
        workers=2,
        at_once=2,
        rate_limit=LIMIT,
        shared_rate=SharedRate("november", store="tests.support.partition_orders:patient_store"),
        on_progress=on_progress,
    )


if __name__ == "__main__":
    asyncio.run(drive(Path(sys.argv[1]), int(sys.argv[2])))
