"""Publish partitions in a separate process, which may kill itself.

``python -m tests.support.publishing FILE TIER COUNT`` publishes a partition so many times;
``FILE until COUNT`` publishes one twice, and kills itself at a count of SQLite's steps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portone_async.reconcile import Finding, Summary, Verdict, plan
from portone_async.reconcile.ledgers.sqlite import SQLiteLedger

from .stored import finding_of, orders
from .whole_run import killed_at

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
PLAN = plan(["A01", "B02"], since=FIRST, until=FIRST + timedelta(days=1), margin=timedelta(0))
FINDINGS = 30


def results(count: int) -> tuple[Summary, Sequence[Finding]]:
    """Return the results of a partition."""
    findings = [finding_of(order) for order in orders(count)]
    counts = dict.fromkeys(Verdict, 0) | {Verdict.MATCHED: count}
    return Summary(counts=counts, amounts={}, requests=1, retries=0, seconds=0.0), findings


def publish(path: Path, runs: int, tier: str) -> None:
    """Claim the plan, and publish a Tier's partition, with more findings each time."""
    (partition,) = PLAN.of_tier(tier)
    with SQLiteLedger.open(path, run="november") as ledger:
        ledger.claim(PLAN)
        for run in range(runs):
            ledger.publish(partition, *results(FINDINGS + run))


def publish_until(path: Path, last: int) -> None:
    """Publish twice, and kill this process at a count."""
    with killed_at(last):
        publish(path, 2, "A01")


if __name__ == "__main__":
    file, action, number = sys.argv[1:]
    if action == "until":
        publish_until(Path(file), int(number))
    else:
        publish(Path(file), int(number), action)
