"""Test one partition from its orders to its ledger, against the fake."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from portone_async import PortOneClient
from portone_async.reconcile import (
    Ledger,
    Order,
    Partition,
    UnreadableOrder,
    Verdict,
    plan,
    reconcile_partition,
)
from portone_async.testing import FakePortOne

from .test_contract import FIRST

DAY = timedelta(days=1)


def orders(partition: Partition) -> list[Order]:
    return [Order(f"{partition.since:%d}-{number}", Decimal(1000)) for number in range(3)]


async def test_partition_is_reconciled_once(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY)
    ledger.claim(whole)
    _, partition, _ = whole
    for number in range(2):
        server.add(merchant_uid=f"01-{number}", amount=Decimal(1000), paid_at=FIRST)

    summary = await reconcile_partition(client, partition, orders, ledger)
    requests = len(server.requests)
    again = await reconcile_partition(client, partition, orders, ledger)

    assert again == summary == ledger.summary_of(partition)
    assert len(server.requests) == requests
    assert [finding.verdict for finding in ledger.findings()] == [
        *(Verdict.MATCHED, Verdict.MATCHED, Verdict.MISSING)
    ]
    await reconcile_partition(client, partition, orders, ledger, again=True)
    assert len(server.requests) > requests


async def test_margin_reads_no_payments(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY)
    ledger.claim(whole)
    margin, *_ = whole

    def with_unreadable(partition: Partition) -> list[Order | UnreadableOrder]:
        return [*orders(partition), UnreadableOrder("row 9", "no amount", "o-9")]

    summary = await reconcile_partition(client, margin, with_unreadable, ledger)

    assert ledger.summary_of(margin) == summary
    assert not summary.unreadable
    assert not any(summary.counts.values())
    assert not summary.bridge
    assert not summary.amounts
    assert not server.requests
