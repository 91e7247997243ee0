"""Test that partitions of any length come to what one run over the whole period reports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from portone_async import PortOneClient
from portone_async.reconcile import (
    Ledger,
    Order,
    Partition,
    Plan,
    SQLiteLedger,
    Store,
    Summary,
    join_partitions,
    merge,
    plan,
    reconcile,
    reconcile_partition,
)
from portone_async.testing import FakePortOne
from tests.support.partitioned_shop import (
    DAYS,
    FIRST,
    HOUR,
    Charge,
    Sale,
    comparable,
    shops,
    totals,
)

TIERS = (None, "A01")
UNTIL = FIRST + 24 * DAYS * HOUR


async def one_run(
    client: PortOneClient, tier: str | None, orders: Iterable[Order], path: Path
) -> tuple[list[tuple[object, ...]], Summary]:
    """Return the findings and the totals of one run over the whole period."""
    with Store.open(path) as store:
        view = client.with_options(tier=tier)
        summary = await reconcile(view, orders, since=FIRST, until=UNTIL, store=store)
        return [comparable(finding) for finding in store.findings()], summary


async def run_partitions(
    client: PortOneClient, shop: list[Sale], ledger: Ledger, partitions: Iterable[Partition]
) -> Summary:
    """Reconcile partitions, and join them."""

    def orders(partition: Partition) -> list[Order]:
        return [sale.order for sale in shop if sale.order is not None and sale.is_in(partition)]

    for partition in partitions:
        await reconcile_partition(client, partition, orders, ledger, again=True)
    return await join_partitions(client, ledger)


async def check(shop: list[Sale], whole: Plan, partitions: list[Partition]) -> None:
    async with FakePortOne() as server:
        server.tier("A01")
        for sale in shop:
            sale.add_to(server)
        with TemporaryDirectory() as folder:
            async with server.client(rate_limit=None) as client:
                with SQLiteLedger.open(Path(folder, "ledger.db"), run="cut") as ledger:
                    ledger.claim(whole)
                    joined = await run_partitions(client, shop, ledger, partitions)
                    entries = list(ledger.entries())
                    assert not list(ledger.unconfirmed())
                expected: list[Summary] = []
                for tier in TIERS:
                    orders = [s.order for s in shop if s.order is not None and s.tier == tier]
                    path = Path(folder, f"{tier}.db")
                    findings, summary = await one_run(client, tier, orders, path)
                    expected.append(summary)
                    own = [comparable(e.finding) for e in entries if e.tier == tier]
                    assert sorted(own, key=str) == sorted(findings, key=str)
    assert totals(joined) == totals(merge(expected))


def cut(hours: int) -> Plan:
    return plan(TIERS, since=FIRST, until=UNTIL, every=hours * HOUR, margin=timedelta(0))


ORDER = Order("주문-1", Decimal(1000))
CHARGED_TWICE = Sale("A01", "주문-1", 40, (Charge(0), Charge(50)), ORDER)
CANCELLED_LATER = Sale("A01", "주문-1", 3, (Charge(30, "cancelled", 1000, 300, 60),), ORDER)
SAME_NUMBER = Sale(None, "주문-1", 3, (Charge(30),))


@pytest.mark.parametrize(
    "shop",
    [[CHARGED_TWICE], [CANCELLED_LATER, SAME_NUMBER]],
    ids=["charged twice", "cancelled later"],
)
async def test_cut_between_payments_of_an_order_changes_nothing(shop: list[Sale]) -> None:
    whole = cut(24)

    await check(shop, whole, list(whole))


@pytest.mark.slow
@settings(max_examples=25, phases=set(Phase) - {Phase.shrink})
@given(shop=shops(), hours=st.sampled_from([17, 24, 40, 96]), seed=st.integers(0, 9))
def test_any_cut_equals_one_run(shop: list[Sale], hours: int, seed: int) -> None:
    whole = cut(hours)
    partitions = list(whole)
    Random(seed).shuffle(partitions)

    asyncio.run(check(shop, whole, [*partitions, *partitions[: seed % 3]]))


@settings(max_examples=6, phases=set(Phase) - {Phase.shrink})
@given(shop=shops(), hours=st.sampled_from([40, 60]))
def test_some_cuts_equal_one_run(shop: list[Sale], hours: int) -> None:
    whole = cut(hours)

    asyncio.run(check(shop, whole, list(whole)[::-1]))
