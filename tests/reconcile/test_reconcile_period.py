"""The period of a reconciliation: slices, empty windows that PortOne refuses, odd payments."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.reconcile import Finding, Order, Store, Verdict, reconcile
from portone_async.testing import FakePortOne, Json, Status
from tests.support.custom_faults import EmptyPeriodIs400, NotInBatches, Odd
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders

REFUSED = Json({"code": -1, "message": "no such page", "response": None}, status=400)


@pytest.mark.parametrize("until", [DAY, DAY - timedelta(hours=1)])
async def test_empty_or_reversed_period_is_refused(
    server: FakePortOne, client: PortOneClient, until: object
) -> None:
    with pytest.raises(InvalidRequestError, match="must be after"):
        await reconcile(client, [], since=DAY, until=until)  # type: ignore[arg-type]  # a datetime
    assert server.requests == []


async def test_refused_window_without_payments_is_empty_and_noted(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    orders = paid_orders(server, 5)
    summary = await reconcile(client, orders[1:], since=DAY, until=NEXT)

    assert summary.counts[Verdict.MATCHED] == 4
    assert summary.counts[Verdict.ORPHAN] == 1
    (assumed,) = summary.assumed_empty
    assert (assumed.status, assumed.since, assumed.until) == ("cancelled", DAY, NEXT)


async def test_day_without_any_payment_is_empty_although_every_list_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    summary = await reconcile(client, [Order("none", Decimal(1))], since=DAY, until=NEXT)

    assert summary.counts[Verdict.MISSING] == 1
    assert [each.status for each in summary.assumed_empty] == ["cancelled", "paid"]


async def test_refused_window_that_another_list_contradicts_is_an_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(REFUSED, times=None, on="/payments/status/paid")

    with pytest.raises(ApiError, match="400"):
        await reconcile(client, paid_orders(server, 2), since=DAY, until=NEXT)


@pytest.mark.parametrize("is_in_batches", [True, False])
async def test_order_whose_payment_lies_in_a_refused_window_ends_the_run(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, *, is_in_batches: bool
) -> None:
    orders = paid_orders(server, 2)
    server.fail(REFUSED, times=None, on="/payments/status")
    if not is_in_batches:
        server.fail(NotInBatches(), times=None, on="/payments")
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(UnexpectedResponseError, match="was taken for an empty period"):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert not list(store.findings())


async def test_window_that_another_error_refuses_is_an_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(400), times=None, on="/payments/status")

    with pytest.raises(ApiError):
        await reconcile(client, [], since=DAY, until=NEXT)


async def test_list_raises_where_every_window_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(REFUSED, times=None, on="/payments/status")

    with pytest.raises(ApiError):
        [each async for each in client.payments.list("paid", since=DAY, until=NEXT)]


async def test_list_of_a_status_without_payments_is_empty_where_that_is_a_400(
    server: FakePortOne, client: PortOneClient
) -> None:
    paid_orders(server, 5)
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    pages = client.payments.list("cancelled", since=DAY, until=NEXT)

    assert [each async for each in pages] == []
    # An unknown status is refused for itself, whatever other lists hold.
    with pytest.raises(ApiError):
        [each async for each in client.payments.list("unheard", since=DAY, until=NEXT)]


async def test_odd_payment_of_an_order_is_not_checked_and_the_run_goes_on(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = paid_orders(server, 5)
    server.fail(Odd("o-2", "amount", [3]), times=None, on="/payments")
    findings: list[Finding] = []
    summary = await reconcile(client, orders, since=DAY, until=NEXT, on_finding=findings.append)

    assert summary.counts[Verdict.MATCHED] == 4
    (odd,) = [each for each in findings if each.verdict is Verdict.NOT_CHECKED]
    assert odd.order == orders[2]
    assert odd.error is not None
    assert "amount" in odd.error


@pytest.mark.parametrize(("since", "until"), [(None, None), (DAY, NEXT)])
async def test_order_with_an_odd_payment_beside_a_good_one_is_not_checked(
    server: FakePortOne, client: PortOneClient, since: datetime | None, until: datetime | None
) -> None:
    orders = paid_orders(server, 3)
    second = server.add(merchant_uid="o-1", amount=1000, paid_at=NOON)
    server.fail(Odd("o-1", "amount", [3], second.imp_uid), times=None, on="/payments")
    summary = await reconcile(client, orders, since=since, until=until)

    assert summary.counts[Verdict.NOT_CHECKED] == 1
    assert summary.counts[Verdict.MATCHED] == 2


async def test_odd_payment_without_an_order_is_not_checked_until_it_can_be_read(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 5)
    server.fail(Odd("o-2", "amount", [3]), times=None, on="/payments")
    rest = [*orders[:2], *orders[3:]]
    with Store.open(tmp_path / "run.db") as store:
        summary = await reconcile(client, rest, since=DAY, until=NEXT, store=store)
        (odd,) = store.findings(Verdict.NOT_CHECKED)
        assert (odd.merchant_uid, odd.order) == ("o-2", None)
        assert summary.counts[Verdict.ORPHAN] == 0

        server.clear_faults()
        summary = await reconcile(client, rest, since=DAY, until=NEXT, store=store)
        (orphan,) = store.findings(Verdict.ORPHAN)

    assert orphan.merchant_uid == "o-2"
    assert summary.counts[Verdict.NOT_CHECKED] == 0


async def test_list_gives_the_readable_payments_and_then_one_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    paid_orders(server, 9)
    server.fail(Odd("o-4", "amount", [3]), times=None, on="/payments")
    pages = client.payments.list("paid", since=DAY, until=NEXT, page_size=3)
    got: list[str] = []

    async def read() -> None:
        async for each in pages:
            got.append(each.merchant_uid)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(UnexpectedResponseError, match="o-4") as caught:
        await read()

    assert got == [f"o-{number}" for number in range(9) if number != 4]
    assert len(caught.value.unreadable) == 1
    assert [each async for each in pages] == []


async def test_busy_second_is_read_whole(server: FakePortOne, client: PortOneClient) -> None:
    server.add_many(
        {"merchant_uid": f"o-{n}", "amount": 1, "paid_at": NOON, "started_at": NOON}
        for n in range(2_500)
    )
    pages = client.payments.list("paid", since=DAY, until=NEXT)
    got = [each.merchant_uid async for each in pages]

    assert sorted(got) == sorted(f"o-{n}" for n in range(2_500))
    assert server.count("/payments/status/paid") <= 5
