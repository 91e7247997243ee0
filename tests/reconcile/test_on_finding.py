"""Test ``on_finding``: each finding once, however often the run is stopped."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from portone_async import PortOneClient, PortOneError
from portone_async.reconcile import Finding, Order, Store, UnreadableOrder, Verdict, reconcile
from portone_async.reconcile._store.matched import Range
from portone_async.testing import FakePortOne
from tests.support.paid_day import DAY, NEXT, paid_orders


async def test_contradicted_order_is_reported_once(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = [*paid_orders(server, 2), Order("o-1", Decimal(2))]
    findings: list[Finding] = []
    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, orders, store=store, on_finding=findings.append)
        assert sorted(findings, key=str) == sorted(store.findings(), key=str)
        await reconcile(client, orders, store=store, on_finding=findings.append)

    assert Counter(finding.verdict for finding in findings) == {
        Verdict.NOT_CHECKED: 1,
        Verdict.MATCHED: 1,
    }


async def test_rows_that_are_read_again_are_reported_once(
    client: PortOneClient, tmp_path: Path
) -> None:
    rows = [UnreadableOrder(f"orders.csv:{number}", "no amount") for number in range(6_000)]
    findings: list[Finding] = []

    def broken() -> Iterator[UnreadableOrder]:
        yield from rows
        raise PortOneError("the file cannot be read")

    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(PortOneError, match="the file"):
            await reconcile(client, broken(), store=store, on_finding=findings.append)
        await reconcile(client, rows, store=store, on_finding=findings.append)

    assert len({finding.error for finding in findings}) == len(findings) == 6_000


class StoppedStore(Store):
    """Call ``stop`` each time that it has just recorded something."""

    stop: Callable[[], object] | None = None

    def match(self, *, after: int = 0, limit: int = 2) -> Range | None:
        matched = super().match(after=after, limit=limit)
        if matched is not None and any(self.matched_findings(matched)) and self.stop is not None:
            self.stop()
        return matched

    def record(self, findings: Iterable[Finding]) -> None:
        recorded = list(findings)
        super().record(recorded)
        if recorded and self.stop is not None:
            self.stop()


@pytest.mark.parametrize("has_period", [False, True])
async def test_finding_recorded_during_cancellation_is_reported(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, has_period: bool
) -> None:
    period: dict[str, Any] = {"since": DAY, "until": NEXT} if has_period else {}
    orders = [
        *paid_orders(server, 3),
        *(Order(f"none-{number}", Decimal(1)) for number in range(3)),
    ]
    findings: list[Finding] = []
    loop = asyncio.get_running_loop()
    cancelled = 0
    with StoppedStore.open(tmp_path / "run.db") as store:
        while cancelled < 20:
            run = asyncio.create_task(
                reconcile(client, orders, **period, store=store, on_finding=findings.append)
            )
            # Before the run receives the result of the step.
            store.stop = lambda run=run: loop.call_soon_threadsafe(run.cancel)
            await asyncio.wait([run])
            if not run.cancelled():
                break
            cancelled += 1
        stored = list(store.findings())

    assert 1 < cancelled < 20
    assert sorted(findings, key=str) == sorted(stored, key=str)


async def test_matched_orders_are_counted_and_only_the_others_reported(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = [*paid_orders(server, 5), Order("none", Decimal(1))]
    findings: list[Finding] = []
    matched: list[int] = []
    with Store.open(tmp_path / "run.db") as store:
        run = partial(
            reconcile,
            client,
            orders,
            since=DAY,
            until=NEXT,
            store=store,
            on_finding=findings.append,
            on_matched=matched.append,
        )
        summary = await run()
        await run()

    assert [finding.verdict for finding in findings] == [Verdict.MISSING]
    assert sum(matched) == summary.counts[Verdict.MATCHED] == 5
