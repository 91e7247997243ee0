"""Test whole reconciliations, over HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portone_async import Attempt, AuthenticationError, InvalidRequestError, PortOneClient
from portone_async.reconcile import Finding, Order, Store, Summary, Verdict, reconcile
from portone_async.testing import FakePortOne, Status
from tests.conftest import AT_ONCE
from tests.support.logged import logged
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders

Result = tuple[Summary, dict[str, Finding]]


def order(uid: str, amount: int = 1000, **fields: Any) -> Order:
    return Order(uid, Decimal(amount), **fields)


def add_day(server: FakePortOne) -> list[Order]:
    """Add payments of a day, and return orders with a difference of every kind."""
    at: dict[str, Any] = {"started_at": NOON, "paid_at": NOON, "amount": 1000}
    for number in range(300):
        server.add(merchant_uid=f"good-{number}", **at)
    for uid in ("주문 1", "sl/ash"):
        server.add(merchant_uid=uid, **at)
    server.add(merchant_uid="less", **at | {"amount": 999})
    server.add(merchant_uid="dollars", currency="USD", **at)
    server.add(merchant_uid="twice", **at)
    server.add(merchant_uid="twice", **at)
    server.add(merchant_uid="test", sandbox=True, **at)
    server.add(
        merchant_uid="part", status="cancelled", cancel_amount=400, cancelled_at=NOON + 60, **at
    )
    server.add(
        merchant_uid="back", status="cancelled", cancel_amount=1000, cancelled_at=NOON + 60, **at
    )
    server.add(merchant_uid="unpaid", status="ready", amount=1000, started_at=NOON)
    server.add(
        merchant_uid="yesterday", **at | {"paid_at": NOON - 86_400, "started_at": NOON - 86_400}
    )
    server.add(merchant_uid="orphan", **at)
    uids = [
        "주문 1",
        "sl/ash",
        "less",
        "dollars",
        "twice",
        "test",
        "part",
        "back",
        "unpaid",
        "yesterday",
        "none",
        "no/ne",
    ]
    return [order(f"good-{number}") for number in range(300)] + [order(uid) for uid in uids]


EXPECTED = {
    "주문 1": Verdict.MATCHED,
    "sl/ash": Verdict.MATCHED,
    "yesterday": Verdict.MATCHED,
    "less": Verdict.AMOUNT_DIFFERS,
    "dollars": Verdict.CURRENCY_DIFFERS,
    "twice": Verdict.PAID_TWICE,
    "test": Verdict.TEST_PAYMENT,
    "part": Verdict.PARTIALLY_CANCELLED,
    "back": Verdict.STATUS_DIFFERS,
    "unpaid": Verdict.STATUS_DIFFERS,
    "none": Verdict.MISSING,
    "no/ne": Verdict.MISSING,
}


async def run(client: PortOneClient, orders: Any, **options: Any) -> Result:
    findings: list[Finding] = []
    summary = await reconcile(client, orders, on_finding=findings.append, **options)
    by_uid = {finding.merchant_uid: finding for finding in findings}
    assert len(by_uid) == len(findings)
    return summary, by_uid


@pytest.mark.parametrize("has_period", [True, False])
async def test_every_order_gets_its_verdict(
    server: FakePortOne, client: PortOneClient, has_period: bool
) -> None:
    orders = add_day(server)
    period = {"since": DAY, "until": NEXT} if has_period else {}
    summary, findings = await run(client, orders, **period)

    assert {uid: findings[uid].verdict for uid in EXPECTED} == EXPECTED
    good = [finding.verdict for uid, finding in findings.items() if uid.startswith("good")]
    assert good == [Verdict.MATCHED] * 300
    assert ("orphan" in findings) is has_period
    assert len(findings) == len(orders) + has_period
    assert summary.counts[Verdict.MATCHED] == 303
    assert summary.amounts[Verdict.MISSING] == {"KRW": Decimal(2000)}
    assert summary.requests == len(server.requests) - server.count("/users/getToken")


async def test_period_needs_one_request_per_thousand_payments(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [*paid_orders(server, 10_000), order("none")]
    summary, _ = await run(client, orders, since=DAY, until=NEXT)

    assert summary.counts[Verdict.MATCHED] == 10_000
    # Eleven slices of paid, since each starts with the last second of the previous one; one of
    # cancelled; the missing order in a batch; its confirmation.
    assert summary.requests == 11 + 1 + 1 + 1


async def test_matched_orders_need_one_request_per_hundred(
    server: FakePortOne, client: PortOneClient, caplog: pytest.LogCaptureFixture
) -> None:
    summary, _ = await run(client, paid_orders(server, 250))

    assert summary.counts[Verdict.MATCHED] == 250
    assert summary.requests == server.count("/payments") == 3
    assert not logged(caplog)


async def test_attempts_are_counted_and_reported_to_the_caller_too(
    server: FakePortOne,
) -> None:
    attempts: list[Attempt] = []
    started = time.monotonic()
    server.fail(Status(503), times=3, on="/payments")
    async with server.client(retry=AT_ONCE, rate_limit=None, on_attempt=attempts.append) as client:
        summary, _ = await run(client, add_day(server), since=DAY, until=NEXT)

    assert summary.retries == 3
    assert summary.requests == server.count("/payments")
    assert sum(attempt.method == "GET" for attempt in attempts) == summary.requests
    assert 0 < summary.seconds < time.monotonic() - started


async def test_charged_payments_without_order_are_orphans(
    server: FakePortOne, client: PortOneClient
) -> None:
    at = {"amount": 1000, "started_at": NOON}
    # More than one page of the store.
    server.add_many({"merchant_uid": f"o-{n}", "paid_at": NOON, **at} for n in range(1_003))
    server.add(merchant_uid="failed", status="failed", failed_at=NOON, **at)
    period = {"since": DAY, "until": NEXT, "statuses": ("paid", "failed")}
    summary, findings = await run(client, [], **period)

    assert summary.counts[Verdict.ORPHAN] == len(findings) == 1_003
    assert "failed" not in findings


async def test_orders_can_come_from_an_async_iterator(
    server: FakePortOne, client: PortOneClient
) -> None:
    async def source() -> AsyncIterator[Order]:
        for item in add_day(server):
            yield item

    summary, _ = await run(client, source())
    assert sum(summary.counts.values()) == 312


async def test_order_that_could_not_be_checked_is_checked_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = [order("none"), order("a\nb"), order("good")]
    server.add(merchant_uid="good", amount=1000)
    with Store.open(tmp_path / "run.db") as store:
        server.fail(Status(400), times=None, on="/payments")
        summary, findings = await run(client, orders, store=store)
        assert {finding.verdict for finding in findings.values()} == {Verdict.NOT_CHECKED}
        assert "400" in (findings["none"].error or "")

        server.clear_faults()
        summary, findings = await run(client, orders, store=store)
    assert findings["none"].verdict is Verdict.MISSING
    assert findings["good"].verdict is Verdict.MATCHED
    assert summary.counts[Verdict.NOT_CHECKED] == 1  # It can never be looked up.


async def test_rejected_keys_end_a_run_that_can_be_resumed(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = add_day(server)
    with Store.open(tmp_path / "run.db") as store:
        async with PortOneClient("wrong", "wrong", base_url=server.url) as rejected:
            with pytest.raises(AuthenticationError):
                await reconcile(rejected, orders, since=DAY, until=NEXT, store=store)
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        resumed = list(store.findings())
    with Store.open(tmp_path / "other.db") as store:
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert list(store.findings()) == resumed


async def test_finished_run_sends_no_requests_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = add_day(server)
    with Store.open(tmp_path / "run.db") as store:
        first = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        server.clear_requests()
        second = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
    assert not server.requests
    assert second.counts == first.counts
    assert second.amounts == first.amounts


@pytest.mark.parametrize("period", [{"since": DAY}, {"until": DAY}, {"since": NEXT, "until": DAY}])
async def test_half_a_period_is_rejected(client: PortOneClient, period: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        await reconcile(client, [], **period)
