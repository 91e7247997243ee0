"""Test how a reconciliation requests orders: batches, halves and confirmations."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async import PortOneClient
from portone_async.reconcile import (
    Finding,
    Order,
    Refund,
    Store,
    UnreadableOrder,
    Verdict,
    reconcile,
)
from portone_async.testing import Exchange, FakePortOne, Hang, Reply, Status
from tests.support.custom_faults import Refused
from tests.support.paid_day import paid_orders


async def test_rejected_batch_is_halved_until_the_order_is_alone(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = paid_orders(server, 100)
    server.fail(Refused("o-37"), times=None, on="/payments")
    findings: list[Finding] = []
    summary = await reconcile(client, orders, on_finding=findings.append)

    # The order itself can be read from another endpoint.
    assert summary.counts[Verdict.MATCHED] == 100
    assert server.count("/payments/findAll") == 1
    # Seven halvings, two batches each, after the first batch.
    assert server.count("/payments") - 1 <= 1 + 2 * 7


async def test_rejection_of_all_batches_is_not_halved_forever(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = paid_orders(server, 2_000)
    server.fail(Status(403), times=None, on="/payments")
    server.fail(Status(403), times=None, on="/payments/findAll")
    summary = await reconcile(client, orders)

    assert summary.counts[Verdict.NOT_CHECKED] == 2_000
    assert len(server.requests) < 2_500


@pytest.mark.parametrize(
    "odd",
    [
        Order("half \ud83d", Decimal(1000)),
        Order("\udc80", Decimal(1000)),
        Refund("o-1", Decimal(1), "KRW", "\udcff.csv:7, half a surrogate"),
        UnreadableOrder("\udcff.csv:7", "half a \udcff surrogate"),
    ],
    ids=["high", "low", "refund", "unreadable"],
)
async def test_text_that_is_not_unicode_is_not_checked(
    server: FakePortOne,
    client: PortOneClient,
    tmp_path: Path,
    odd: Order | Refund | UnreadableOrder,
) -> None:
    orders = [*paid_orders(server, 3), odd]
    with Store.open(tmp_path / "run.db") as store:
        summary = await reconcile(client, orders, store=store)
        (finding,) = store.findings(Verdict.NOT_CHECKED)
        again = await reconcile(client, orders, store=store)

    assert summary.counts[Verdict.MATCHED] == 3
    assert again.counts == summary.counts
    assert finding.error is not None
    assert "surrogate" in finding.error
    finding.merchant_uid.encode()


@pytest.mark.parametrize(
    "odd",
    [
        Order("odd", Decimal("NaN")),
        Order("odd", Decimal(1), cancelled_amount=Decimal("Infinity")),
        Refund("o-1", Decimal("sNaN"), "KRW", "row 9"),
        Order("odd", Decimal("1E+1000000000")),
        Order("odd", Decimal(-1000)),
        Refund("o-1", Decimal("-0.5"), "KRW", "row 9"),
    ],
    ids=["order", "cancelled", "refund", "huge", "negative", "negative refund"],
)
async def test_amount_that_cannot_be_added_is_not_checked(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, odd: Order | Refund
) -> None:
    orders = [*paid_orders(server, 3), odd]
    with Store.open(tmp_path / "run.db") as store:
        summary = await reconcile(client, orders, store=store)
        (finding,) = store.findings(Verdict.NOT_CHECKED)
        again = await reconcile(client, orders, store=store)

    assert summary.counts[Verdict.MATCHED] == 3
    assert again.counts == summary.counts
    assert finding.merchant_uid == odd.merchant_uid
    problem = "its amount is negative, or not a number of at most 1,000 digits"
    assert finding.error == f"order {odd.merchant_uid!r}: {problem}"


async def test_confirmation_is_recorded_while_another_one_hangs(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = [Order(f"none-{number}", Decimal(1)) for number in range(10)]
    server.fail(Hang(), times=1, on="/payments/findAll")
    with Store.open(tmp_path / "run.db") as store:
        nine = asyncio.Event()
        reported: list[Finding] = []

        def on_finding(finding: Finding) -> None:
            reported.append(finding)
            if len(reported) == 9:
                nine.set()

        run = asyncio.create_task(reconcile(client, orders, store=store, on_finding=on_finding))
        await nine.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert len(list(store.findings(Verdict.MISSING))) == 9

        server.clear_requests()
        server.clear_faults()
        await reconcile(client, orders, store=store)
    # Only the one that was not recorded.
    assert server.count("/payments/findAll") == 1


class Together:
    """Delay every response until a number of requests are in flight."""

    def __init__(self, count: int) -> None:
        self._barrier = asyncio.Barrier(count)

    async def meet(self, exchange: Exchange) -> Reply:
        await self._barrier.wait()
        return exchange.reply()


async def test_confirmations_run_concurrently(server: FakePortOne, client: PortOneClient) -> None:
    orders = [Order(f"none-{number}", Decimal(1)) for number in range(20)]
    server.fail(Together(20), times=None, on="/payments/findAll")
    summary = await reconcile(client, orders)

    assert summary.counts[Verdict.MISSING] == 20
