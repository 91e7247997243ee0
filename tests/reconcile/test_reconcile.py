"""A day's orders against PortOne, over real HTTP."""

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
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders

Kept = tuple[Summary, dict[str, Finding]]


def order(uid: str, amount: int = 1000, **fields: Any) -> Order:
    return Order(uid, Decimal(amount), **fields)


def a_day(server: FakePortOne) -> list[Order]:
    """Orders of a day with a difference of every kind."""
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


async def ran(client: PortOneClient, orders: Any, **options: Any) -> Kept:
    findings: list[Finding] = []
    summary = await reconcile(client, orders, on_finding=findings.append, **options)
    by_uid = {finding.merchant_uid: finding for finding in findings}
    assert len(by_uid) == len(findings)
    return summary, by_uid


@pytest.mark.parametrize("has_period", [True, False])
async def test_every_order_gets_its_verdict(
    server: FakePortOne, client: PortOneClient, has_period: bool
) -> None:
    orders = a_day(server)
    period = {"since": DAY, "until": NEXT} if has_period else {}
    summary, findings = await ran(client, orders, **period)

    assert {uid: each.verdict for uid, each in findings.items() if uid in EXPECTED} == EXPECTED
    good = [each for uid, each in findings.items() if uid.startswith("good")]
    assert [each.verdict for each in good] == [Verdict.MATCHED] * 300
    assert ("orphan" in findings) is has_period
    assert len(findings) == len(orders) + has_period
    assert summary.counts[Verdict.MATCHED] == 303
    assert summary.amounts[Verdict.MISSING] == {"KRW": Decimal(2000)}
    assert summary.requests == len(server.requests) - server.count("/users/getToken")


async def test_a_swept_day_needs_a_request_for_a_thousand_payments_and_a_few_to_confirm(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [*paid_orders(server, 10_000), order("none")]
    summary, _ = await ran(client, orders, since=DAY, until=NEXT)

    assert summary.counts[Verdict.MATCHED] == 10_000
    # Eleven slices of paid, since each begins with the last second of the one before; one of
    # cancelled; the one that is missing in a batch, and confirmed.
    assert summary.requests == 11 + 1 + 1 + 1


async def test_without_a_period_a_hundred_orders_that_agree_need_one_request(
    server: FakePortOne, client: PortOneClient, caplog: pytest.LogCaptureFixture
) -> None:
    summary, _ = await ran(client, paid_orders(server, 250))

    assert summary.counts[Verdict.MATCHED] == 250
    assert summary.requests == server.count("/payments") == 3
    assert not caplog.records


async def test_what_a_run_costs_is_counted_and_the_clients_own_callback_sees_it_too(
    server: FakePortOne,
) -> None:
    attempts: list[Attempt] = []
    started = time.monotonic()
    server.fail(Status(503), times=3, on="/payments")
    async with server.client(retry=AT_ONCE, rate_limit=None, on_attempt=attempts.append) as client:
        summary, _ = await ran(client, a_day(server), since=DAY, until=NEXT)

    assert summary.retries == 3
    assert summary.requests == server.count("/payments")
    assert sum(each.method == "GET" for each in attempts) == summary.requests
    assert 0 < summary.seconds < time.monotonic() - started


async def test_all_that_was_charged_without_an_order_is_found_and_what_failed_is_not(
    server: FakePortOne, client: PortOneClient
) -> None:
    at = {"amount": 1000, "started_at": NOON}
    # More than are read from the store at once.
    server.add_many({"merchant_uid": f"o-{n}", "paid_at": NOON, **at} for n in range(1_003))
    server.add(merchant_uid="tried", status="failed", failed_at=NOON, **at)
    period = {"since": DAY, "until": NEXT, "statuses": ("paid", "failed")}
    summary, findings = await ran(client, [], **period)

    assert summary.counts[Verdict.ORPHAN] == len(findings) == 1_003
    assert "tried" not in findings


async def test_orders_may_come_from_an_async_source(
    server: FakePortOne, client: PortOneClient
) -> None:
    async def source() -> AsyncIterator[Order]:
        for each in a_day(server):
            yield each

    summary, _ = await ran(client, source())
    assert sum(summary.counts.values()) == 312


async def test_what_could_not_be_checked_is_never_missing_and_checked_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = [order("none"), order("a\nb"), order("good")]
    server.add(merchant_uid="good", amount=1000)
    with Store.open(tmp_path / "run.db") as store:
        server.fail(Status(400), times=None, on="/payments")
        summary, findings = await ran(client, orders, store=store)
        assert {each.verdict for each in findings.values()} == {Verdict.NOT_CHECKED}
        assert "400" in (findings["none"].error or "")

        server.clear_faults()
        summary, findings = await ran(client, orders, store=store)
    assert findings["none"].verdict is Verdict.MISSING
    assert findings["good"].verdict is Verdict.MATCHED
    assert summary.counts[Verdict.NOT_CHECKED] == 1  # It can never be looked up.


async def test_refused_keys_end_a_run_and_it_can_be_resumed(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = a_day(server)
    with Store.open(tmp_path / "run.db") as store:
        async with PortOneClient("wrong", "wrong", base_url=server.url) as refused:
            with pytest.raises(AuthenticationError):
                await reconcile(refused, orders, since=DAY, until=NEXT, store=store)
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        resumed = list(store.findings())
    with Store.open(tmp_path / "other.db") as store:
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert list(store.findings()) == resumed


async def test_a_run_that_is_done_asks_nothing_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = a_day(server)
    with Store.open(tmp_path / "run.db") as store:
        first = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        server.clear_requests()
        second = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
    assert not server.requests
    assert second.counts == first.counts
    assert second.amounts == first.amounts


@pytest.mark.parametrize("period", [{"since": DAY}, {"until": DAY}, {"since": NEXT, "until": DAY}])
async def test_half_a_period_is_refused(client: PortOneClient, period: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        await reconcile(client, [], **period)
