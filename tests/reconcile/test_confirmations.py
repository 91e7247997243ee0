"""Test confirmations: what is announced, in which order they are sent, and how they resume."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portone_async import InvalidRequestError, PortOneClient, RateLimit, TokenBucket
from portone_async.reconcile import (
    Confirm,
    ConfirmationPlan,
    Finding,
    Order,
    Store,
    Verdict,
    reconcile,
)
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.support.paid_day import DAY, NEXT, paid_orders
from tests.support.scripted import RefusingThrottle

WAYS: list[Confirm] = ["single", "batch"]


def missing(count: int) -> list[Order]:
    """Return orders without a payment, the smallest first."""
    return [Order(f"none-{number}", Decimal(number)) for number in range(1, count + 1)]


def confirmed(server: FakePortOne) -> list[str]:
    """Return the order numbers that were requested alone, in the order of the requests."""
    prefix = "/payments/findAll/"
    return [r.path.removeprefix(prefix) for r in server.requests if r.path.startswith(prefix)]


def requested(server: FakePortOne) -> set[str]:
    """Return the order numbers that were requested, alone or in a batch."""
    in_batches = {uid for r in server.requests if r.path == "/payments" for _, uid in r.query}
    return {*in_batches, *confirmed(server)}


class Plans(list[ConfirmationPlan]):
    """The announced plans, and the requests that had been sent at that time."""

    def __init__(self, server: FakePortOne) -> None:
        self._server = server
        self.requests_before: list[int] = []

    def announce(self, plan: ConfirmationPlan) -> None:
        self.append(plan)
        self.requests_before.append(self._server.count("/payments"))


class StopError(Exception):
    """Ends a run from a callback."""


def stop(_: object) -> None:
    raise StopError


async def stop_later(_: object) -> None:
    await asyncio.sleep(0)
    raise StopError


# The announcement


@pytest.mark.parametrize(("confirm", "requests"), [("single", 250), ("batch", 3)])
async def test_plan_has_the_orders_and_requests_before_any_confirmation(
    server: FakePortOne, client: PortOneClient, confirm: Confirm, requests: int
) -> None:
    orders = [*paid_orders(server, 300), *missing(250)]
    plans = Plans(server)
    await reconcile(client, orders, confirm=confirm, on_confirm=plans.announce)

    assert plans == [ConfirmationPlan(orders=250, requests=requests, seconds=None)]
    # Six batches of all orders, and then nothing but the confirmations.
    assert plans.requests_before == [6]
    assert server.count("/payments") == 6 + requests


async def test_run_without_differences_announces_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    plans = Plans(server)
    orders = paid_orders(server, 3)
    await reconcile(client, orders, since=DAY, until=NEXT, on_confirm=plans.announce)

    assert plans == []


@pytest.mark.parametrize(
    ("rate_limit", "seconds"),
    [
        (RateLimit(rate=10_000, burst=5), 20 / 10_000),
        (TokenBucket(RateLimit(rate=4_000)), 20 / 4_000),
        (RefusingThrottle(1_000), None),
        (None, None),
    ],
    ids=["a limit", "a bucket", "another throttle", "none"],
)
async def test_plan_has_the_seconds_at_the_rate_limit(
    server: FakePortOne, rate_limit: Any, seconds: float | None
) -> None:
    plans = Plans(server)
    async with server.client(retry=AT_ONCE, rate_limit=rate_limit) as client:
        await reconcile(client, missing(20), on_confirm=plans.announce)

    assert [plan.seconds for plan in plans] == [seconds]


@pytest.mark.parametrize("stop", [stop, stop_later])
async def test_exception_at_the_announcement_stops_before_confirmations(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, stop: Any
) -> None:
    plans = Plans(server)
    orders = [*paid_orders(server, 3), *missing(120)]
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(StopError):
            await reconcile(client, orders, store=store, on_confirm=stop)
        assert confirmed(server) == []
        server.clear_requests()
        await reconcile(client, orders, store=store, confirm="batch", on_confirm=plans.announce)

    # The resumed run looks no order up before it confirms.
    assert plans == [ConfirmationPlan(orders=120, requests=2, seconds=None)]
    assert server.count("/payments") == 2


async def test_unknown_way_to_confirm_is_rejected(client: PortOneClient) -> None:
    with pytest.raises(InvalidRequestError, match="'single' or 'batch'"):
        await reconcile(client, [], confirm="Batch")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # that is tested


# The order


async def test_largest_difference_is_confirmed_first(server: FakePortOne) -> None:
    server.add(merchant_uid="less", amount=700)
    server.add(merchant_uid="dollars", amount=20, currency="USD")
    server.add(merchant_uid="twice", amount=600)
    server.add(merchant_uid="twice", amount=600)
    server.add(merchant_uid="unpaid", amount=650, status="ready")
    server.add(merchant_uid="refunded", amount=10_000, status="ready")
    orders = [
        Order("refunded", Decimal(10_000), status="cancelled"),  # No money is due, none is there.
        Order("less", Decimal(1000)),  # 300 won are short.
        Order("none-1", Decimal(500)),
        Order("dollars", Decimal("12.50"), "USD"),  # 7.50 dollars are over: 750 cents.
        Order("none-2", Decimal(800)),
        Order("none-3", Decimal(500)),
        Order("twice", Decimal(600)),
        Order("unpaid", Decimal(650)),
    ]
    async with server.client(retry=AT_ONCE, rate_limit=None, max_in_flight=1) as client:
        await reconcile(client, orders)

    assert confirmed(server) == [
        "none-2",
        "dollars",
        "unpaid",
        "twice",
        "none-1",
        "none-3",
        "less",
        "refunded",
    ]


async def test_order_of_confirmations_spans_pages_and_batches(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.reconcile._store.unconfirmed._PAGE", 7)
    orders = [Order(f"none-{number}", Decimal(number % 10)) for number in range(230)]
    async with server.client(retry=AT_ONCE, rate_limit=None, max_in_flight=1) as client:
        await reconcile(client, orders)

    # Sorting is stable: of equal amounts the first in the input comes first.
    expected = sorted(orders, key=lambda order: -order.amount)
    assert confirmed(server) == [order.merchant_uid for order in expected]


async def test_batches_are_confirmed_in_the_order_of_the_money(server: FakePortOne) -> None:
    async with server.client(retry=AT_ONCE, rate_limit=None, max_in_flight=1) as client:
        await reconcile(client, missing(250), confirm="batch")

    numbers = [uid for request in server.requests[-3:] for _, uid in request.query]
    assert numbers == [f"none-{number}" for number in range(250, 0, -1)]


# Resuming


@pytest.mark.parametrize("again", WAYS)
@pytest.mark.parametrize("first", WAYS)
async def test_run_stopped_amid_confirmations_resumes_to_the_same_findings(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, first: Confirm, again: Confirm
) -> None:
    server.add(merchant_uid="less", amount=2)
    orders = [*paid_orders(server, 150), *missing(350), Order("less", Decimal(5))]
    period: dict[str, Any] = {"since": DAY, "until": NEXT}
    with Store.open(tmp_path / "whole.db") as store:
        whole = await reconcile(client, orders, **period, store=store)
        findings = list(store.findings())

    reported: list[Finding] = []

    def stop_at_the_fortieth(finding: Finding) -> None:
        reported.append(finding)
        if sum(each.verdict is not Verdict.MATCHED for each in reported) == 40:
            raise StopError

    options: dict[str, Any] = {"retry": AT_ONCE, "rate_limit": None, "max_in_flight": 1}
    async with server.client(**options) as one_by_one:
        with Store.open(tmp_path / "run.db") as store:
            with pytest.raises(StopError):
                await reconcile(
                    one_by_one,
                    orders,
                    **period,
                    store=store,
                    confirm=first,
                    on_finding=stop_at_the_fortieth,
                )
            largest = {finding.merchant_uid for finding in store.findings(Verdict.MISSING)}
            assert largest == {f"none-{number}" for number in range(351 - len(largest), 351)}
            assert 40 <= len(largest) < 350

            server.clear_requests()
            resumed = await reconcile(client, orders, **period, store=store, confirm=again)
            assert list(store.findings()) == findings
    assert resumed.counts == whole.counts
    # None that was confirmed before. The stopped run may have requested one of the others, too.
    differing = {order.merchant_uid for order in orders[150:]}
    assert requested(server) == differing - largest
    # "less", and perhaps one of the stopped run that arrived late.
    assert (len(confirmed(server)) > 2) is (again == "single")


async def test_finished_run_is_not_confirmed_in_another_way(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    plans = Plans(server)
    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, missing(3), store=store, confirm="batch")
        server.clear_requests()
        await reconcile(client, missing(3), store=store, on_confirm=plans.announce)
        assert server.requests == []
        assert plans == []

        await reconcile(client, missing(3), store=store, fresh=True, on_confirm=plans.announce)
    assert [plan.orders for plan in plans] == [3]
    assert len(confirmed(server)) == 3
