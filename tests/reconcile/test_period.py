"""Test the period: slices, empty windows that PortOne refuses, unreadable payments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.reconcile import Finding, Order, Store, UnreadableOrder, Verdict, reconcile
from portone_async.testing import FakePortOne, Json, Status
from tests.support.custom_faults import EmptyPeriodIs400, NotInBatches, Odd
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders

REFUSED = Json({"code": -1, "message": "no such page", "response": None}, status=400)


@pytest.mark.parametrize("until", [DAY, DAY - timedelta(hours=1)])
async def test_empty_or_reversed_period_is_rejected(
    server: FakePortOne, client: PortOneClient, until: object
) -> None:
    with pytest.raises(InvalidRequestError, match="must be after"):
        await reconcile(client, [], since=DAY, until=until)  # type: ignore[arg-type]  # a datetime
    assert server.requests == []


async def test_period_has_its_first_second_and_not_the_one_after_its_last(
    server: FakePortOne, client: PortOneClient, store: Store
) -> None:
    seoul = timezone(timedelta(hours=9))
    since, until = datetime(2026, 11, 1, tzinfo=seoul), datetime(2026, 11, 2, tzinfo=seoul)
    second = timedelta(seconds=1)
    times = {"before": since - second, "first": since, "last": until - second, "after": until}
    for number, paid_at in times.items():
        server.add(merchant_uid=number, amount=Decimal(1000), paid_at=paid_at)

    await reconcile(client, [], since=since, until=until, store=store)

    assert {finding.merchant_uid for finding in store.findings()} == {"first", "last"}


async def test_refused_window_without_payments_is_assumed_empty(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    orders = paid_orders(server, 5)
    summary = await reconcile(client, orders[1:], since=DAY, until=NEXT)

    assert summary.counts[Verdict.MATCHED] == 4
    assert summary.counts[Verdict.ORPHAN] == 1
    (assumed,) = summary.assumed_empty
    assert (assumed.status, assumed.since, assumed.until) == ("cancelled", DAY, NEXT)


async def test_day_without_payments_is_empty_if_every_list_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    summary = await reconcile(client, [Order("none", Decimal(1))], since=DAY, until=NEXT)

    assert summary.counts[Verdict.MISSING] == 1
    assert [period.status for period in summary.assumed_empty] == ["cancelled", "paid"]


async def test_refused_window_contradicted_by_another_list_raises(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(REFUSED, times=None, on="/payments/status/paid")

    with pytest.raises(ApiError, match="400"):
        await reconcile(client, paid_orders(server, 2), since=DAY, until=NEXT)


@pytest.mark.parametrize("is_in_batches", [True, False])
async def test_payment_of_an_order_in_a_refused_window_ends_the_run(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, *, is_in_batches: bool
) -> None:
    orders = paid_orders(server, 2)
    server.fail(REFUSED, times=None, on="/payments/status")
    if not is_in_batches:
        server.fail(NotInBatches(), times=None, on="/payments")
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(UnexpectedResponseError, match="was assumed to be empty"):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert not list(store.findings())


async def test_window_refused_with_another_error_raises(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(400), times=None, on="/payments/status")

    with pytest.raises(ApiError):
        await reconcile(client, [], since=DAY, until=NEXT)


async def test_order_with_an_unreadable_payment_is_not_checked(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = paid_orders(server, 5)
    server.fail(Odd("o-2", "amount", [3]), times=None, on="/payments")
    findings: list[Finding] = []
    summary = await reconcile(client, orders, since=DAY, until=NEXT, on_finding=findings.append)

    assert summary.counts[Verdict.MATCHED] == 4
    (unreadable,) = [f for f in findings if f.verdict is Verdict.NOT_CHECKED]
    assert unreadable.order == orders[2]
    assert unreadable.error is not None
    assert "amount" in unreadable.error


@pytest.mark.parametrize(("since", "until"), [(None, None), (DAY, NEXT)])
async def test_unreadable_second_payment_makes_an_order_not_checked(
    server: FakePortOne, client: PortOneClient, since: datetime | None, until: datetime | None
) -> None:
    orders = paid_orders(server, 3)
    second = server.add(merchant_uid="o-1", amount=1000, paid_at=NOON)
    server.fail(Odd("o-1", "amount", [3], second.imp_uid), times=None, on="/payments")
    summary = await reconcile(client, orders, since=since, until=until)

    assert summary.counts[Verdict.NOT_CHECKED] == 1
    assert summary.counts[Verdict.MATCHED] == 2


async def test_payment_of_an_unreadable_row_is_not_an_orphan(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 3)
    unreadable = UnreadableOrder("row 3", "no amount", "o-1")
    rows: list[Order | UnreadableOrder] = [orders[0], unreadable]
    with Store.open(tmp_path / "run.db") as store:
        for _ in range(2):
            summary = await reconcile(client, rows, since=DAY, until=NEXT, store=store)

            payment, row = store.findings(Verdict.NOT_CHECKED)
            assert (payment.merchant_uid, len(payment.payments)) == ("o-1", 1)
            assert payment.error == "a row or a payment with its order number could not be read"
            assert row.error == "row 3: no amount"
            assert [finding.merchant_uid for finding in store.findings(Verdict.ORPHAN)] == ["o-2"]
            assert all(bridge.adds_up for bridge in summary.bridge.values())


async def test_unreadable_payment_without_order_is_retried_on_resume(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 5)
    server.fail(Odd("o-2", "amount", [3]), times=None, on="/payments")
    rest = [*orders[:2], *orders[3:]]
    with Store.open(tmp_path / "run.db") as store:
        summary = await reconcile(client, rest, since=DAY, until=NEXT, store=store)
        (unreadable,) = store.findings(Verdict.NOT_CHECKED)
        assert (unreadable.merchant_uid, unreadable.order) == ("o-2", None)
        assert summary.counts[Verdict.ORPHAN] == 0

        server.clear_faults()
        summary = await reconcile(client, rest, since=DAY, until=NEXT, store=store)
        (orphan,) = store.findings(Verdict.ORPHAN)

    assert orphan.merchant_uid == "o-2"
    assert summary.counts[Verdict.NOT_CHECKED] == 0
