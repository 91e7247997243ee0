"""Test the end of a run in partitions against the fake: orders are compared with all payments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from portone_async import AuthenticationError, PortOneClient, UnexpectedResponseError
from portone_async.reconcile import (
    Ledger,
    Order,
    Partition,
    Verdict,
    join_partitions,
    plan,
    reconcile_partition,
)
from portone_async.testing import FakePortOne, Status
from tests.support.custom_faults import EmptyPeriodIs400
from tests.support.partitioned_shop import FIRST, HOUR

DAY = 24 * HOUR
NO_MARGIN = timedelta(0)
WHOLE = plan(["A01", "B02"], since=FIRST, until=FIRST + 2 * DAY, margin=NO_MARGIN)


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        for tier in ("A01", "B02"):
            server.tier(tier)
        yield server


def add(server: FakePortOne, number: str, hour: int, **changes: Any) -> str:
    fields = {"merchant_uid": number, "amount": Decimal(1000), "tier": "A01"} | changes
    time = FIRST + hour * HOUR
    return server.add(paid_at=time, started_at=time, **fields).imp_uid


def orders(partition: Partition) -> Sequence[Order]:
    """Each day has an order, with the same number in both Tiers."""
    return [Order(f"{partition.since:%d}", Decimal(1000))]


async def run(client: PortOneClient, ledger: Ledger) -> None:
    for partition in ledger.unfinished():
        await reconcile_partition(client, partition, orders, ledger)


def found(ledger: Ledger) -> list[tuple[str | None, str, Verdict]]:
    return [(e.tier, e.finding.merchant_uid, e.finding.verdict) for e in ledger.entries()]


async def test_second_charge_on_the_next_day_is_found(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    ledger.claim(WHOLE)
    charges = {add(server, "01", 1), add(server, "01", 30)}
    add(server, "02", 30)
    for hour in (1, 30):
        add(server, f"0{1 + hour // 24}", hour, tier="B02")
    await run(client, ledger)
    before = ledger.summary()
    assert next(iter(found(ledger))) == ("A01", "01", Verdict.NOT_CHECKED)

    summary = await join_partitions(client, ledger)

    assert found(ledger) == [
        ("A01", "01", Verdict.PAID_TWICE),
        ("A01", "02", Verdict.MATCHED),
        ("B02", "01", Verdict.MATCHED),
        ("B02", "02", Verdict.MATCHED),
    ]
    (finding,) = ledger.findings(Verdict.PAID_TWICE)
    assert {payment.imp_uid for payment in finding.payments} == charges
    assert summary == ledger.summary()
    assert summary.requests == before.requests + 1
    assert summary.seconds > before.seconds
    again = await join_partitions(client, ledger)
    assert again == summary


async def test_payment_that_is_cancelled_between_partitions_is_found(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    ledger.claim(plan(["A01"], since=FIRST, until=FIRST + 2 * DAY, margin=NO_MARGIN))
    first, second = ledger.unfinished()
    charge, strange = add(server, "01", 1), add(server, "strange", 2)
    await reconcile_partition(client, first, orders, ledger)
    for uid in (charge, strange):
        cancellation = {"cancel_amount": Decimal(1000), "cancelled_at": FIRST + 30 * HOUR}
        server.update(uid, tier="A01", status="cancelled", **cancellation)
    await reconcile_partition(client, second, orders, ledger)

    summary = await join_partitions(client, ledger)

    assert found(ledger) == [
        ("A01", "01", Verdict.STATUS_DIFFERS),
        ("A01", "02", Verdict.MISSING),
    ]
    assert summary.bridge["KRW"].charged == 0
    assert summary.bridge["KRW"].adds_up


async def test_look_up_that_fails_leaves_the_order_unchecked(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    ledger.claim(WHOLE)
    add(server, "01", 1)
    add(server, "01", 30)
    await run(client, ledger)
    server.fail(Status(503), times=None)

    await join_partitions(client, ledger)

    finding = next(ledger.findings())
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.error is not None
    assert "503" in finding.error
    assert len(finding.payments) == 2
    _, second, *_ = WHOLE
    ledger.publish(second, ledger.summary(), [])
    assert next(ledger.findings()) == finding
    server.clear_faults()
    await join_partitions(client, ledger)
    assert next(ledger.findings()).verdict is Verdict.PAID_TWICE


async def test_rejected_keys_end_the_join(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    ledger.claim(WHOLE)
    add(server, "01", 1)
    add(server, "01", 30)
    await run(client, ledger)

    async with PortOneClient(server.imp_key, "another", base_url=server.url) as stranger:
        with pytest.raises(AuthenticationError):
            await join_partitions(stranger, ledger)

    assert next(ledger.findings()).verdict is Verdict.NOT_CHECKED


async def test_payment_in_a_period_assumed_empty_ends_the_join(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    ledger.claim(WHOLE)
    first, second, *others = WHOLE
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status/")
    for partition in (second, *others):
        await reconcile_partition(client, partition, orders, ledger)
    add(server, "01", 30)
    await reconcile_partition(client, first, orders, ledger)

    with pytest.raises(UnexpectedResponseError, match="was assumed to be empty, but imp_"):
        await join_partitions(client, ledger)


async def test_orders_of_margins_join_payments_of_the_period(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    ledger.claim(plan(["A01"], since=FIRST, until=FIRST + DAY))
    add(server, "31", 1)
    add(server, "01", 2)
    add(server, "02", 3)
    second = add(server, "02", 30)
    strange = add(server, "strange", 4)
    await run(client, ledger)

    await join_partitions(client, ledger)

    assert found(ledger) == [
        ("A01", "01", Verdict.MATCHED),
        ("A01", "02", Verdict.PAID_TWICE),
        ("A01", "strange", Verdict.ORPHAN),
    ]
    _, twice, orphan = ledger.findings()
    assert second in {payment.imp_uid for payment in twice.payments}
    assert [payment.imp_uid for payment in orphan.payments] == [strange]
