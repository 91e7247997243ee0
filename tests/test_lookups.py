"""Look-ups of many payments, over real HTTP against the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portone_async import (
    AuthenticationError,
    Failed,
    Found,
    InvalidRequestError,
    Missing,
    PortOneClient,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.testing import FakePortOne, Json, Status

from .samples import CARD_PAID

ODD = ["a b", "주문 1", "a/b", "100%", "a#b", "a?b=c", "a+b", "a&b", "[]", "x" * 200]


async def test_find_all_gives_every_payment_of_an_order(
    server: FakePortOne, client: PortOneClient
) -> None:
    for uid in ODD:
        added = {
            server.add(merchant_uid=uid, status=s).imp_uid for s in ("failed", "ready", "paid")
        }
        server.add(merchant_uid="another")
        found = [each async for each in client.payments.find_all(uid, page_size=2)]
        assert {each.imp_uid for each in found} == added
        paid = [each async for each in client.payments.find_all(uid, status="paid")]
        assert [each.status for each in paid] == ["paid"]


async def test_find_all_sends_pages_as_the_api_counts_them(
    server: FakePortOne, client: PortOneClient
) -> None:
    for _ in range(5):
        server.add(merchant_uid="order-1")
    pages = client.payments.find_all("order-1", status="paid", sorting="paid", page_size=2)
    assert len([each async for each in pages]) == 5
    targets = [each.target for each in server.requests if "findAll" in each.target]
    assert targets == [
        f"/payments/findAll/order-1/paid?page={page}&limit=2&sorting=paid" for page in (1, 2, 3)
    ]


async def test_find_all_of_an_unknown_order_is_empty_and_a_fault_is_not(
    server: FakePortOne, client: PortOneClient
) -> None:
    for uid in ("nope", "no/pe"):
        assert [each async for each in client.payments.find_all(uid)] == []
    server.fail(Status(404), times=None)
    with pytest.raises(PortOneError):
        _ = [each async for each in client.payments.find_all("nope")]


@pytest.mark.parametrize("status", ["paid", "ready", "failed", "cancelled", "all"])
async def test_list_gives_each_payment_of_a_status_in_a_period_once(
    server: FakePortOne, client: PortOneClient, status: str
) -> None:
    now = int(server.now)
    expected: set[str] = set()
    for number in range(40):
        state = ("paid", "ready", "failed", "cancelled")[number % 4]
        at = now - number * 10 * 24 * 3600
        payment = server.add(
            merchant_uid=f"order-{number}",
            status=state,
            started_at=at,
            paid_at=at,
            failed_at=at,
            cancelled_at=at,
        )
        if status in (state, "all") and number < 30:
            expected.add(payment.imp_uid)
    since = datetime.fromtimestamp(now - 295 * 24 * 3600, UTC)
    got = [each.imp_uid async for each in client.payments.list(status, since=since, page_size=3)]
    assert sorted(got) == sorted(expected)


async def test_a_periods_first_moment_is_in_it_and_its_end_is_not(
    server: FakePortOne, client: PortOneClient
) -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    start = int(day.timestamp())
    for number, at in enumerate((start - 1, start, start + 86399, start + 86400)):
        server.add(merchant_uid=f"order-{number}", paid_at=at, started_at=at)
    pages = client.payments.list("paid", since=day, until=day + timedelta(days=1))
    assert {each.merchant_uid async for each in pages} == {"order-1", "order-2"}


async def test_a_list_with_anything_else_in_it_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    page = {"total": 1, "previous": False, "next": False, "list": [CARD_PAID | {"status": "ready"}]}
    server.fail(Json({"code": 0, "message": None, "response": page}), times=None)
    with pytest.raises(UnexpectedResponseError, match="status"):
        _ = [each async for each in client.payments.list("paid")]
    with pytest.raises(UnexpectedResponseError, match="merchant_uid"):
        _ = [each async for each in client.payments.find_all("order-1")]


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 (what is to be refused)


@pytest.mark.parametrize(
    ("method", "argument", "options"),
    [
        ("list", "paid", {"since": NAIVE}),
        ("list", "a b", {}),
        ("list", "paid", {"sorting": "newest"}),
        ("list", "paid", {"page_size": 1001}),
        ("find_all", "", {}),
        ("find_all", "o", {"page_size": 0}),
        ("find_all", "o", {"status": "a/b"}),
        ("find_many", ["o"], {"status": "a/b"}),
        ("find_many", ["o"], {"sorting": "x"}),
    ],
)
async def test_what_can_never_be_right_is_refused_at_once(
    server: FakePortOne, client: PortOneClient, method: str, argument: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        getattr(client.payments, method)(argument, **options)
    assert not server.requests


async def each_of(items: list[str]) -> AsyncIterator[str]:
    for item in items:
        yield item


@pytest.mark.parametrize("is_async", [False, True])
async def test_get_many_gives_groups_in_the_order_asked_for(
    server: FakePortOne, client: PortOneClient, is_async: bool
) -> None:
    orders = [f"order-{number}" for number in range(250)] + ODD
    for number, uid in enumerate(orders):
        for _ in range(number % 3):
            server.add(merchant_uid=uid)
    by_id = server.add(merchant_uid="by id")
    asked = each_of(orders) if is_async else orders
    async with client.payments.get_many(asked, [by_id.imp_uid, "imp_0"]) as stream:
        groups = [group async for group in stream]

    assert [group.uid for group in groups] == [*orders, by_id.imp_uid, "imp_0"]
    assert [len(group.payments) for group in groups] == [
        *(number % 3 for number in range(len(orders))), 1, 0,
    ]  # fmt: skip
    assert all(each.merchant_uid == group.uid for group in groups[:-2] for each in group.payments)
    assert server.count("/payments") == 3


async def test_a_batch_fits_into_a_request_line_and_a_hundred_ids(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [f"{'한' * 40}{number}" for number in range(200)]
    for uid in orders:
        server.add(merchant_uid=uid)
    async with client.payments.get_many(orders) as stream:
        assert [len(group.payments) async for group in stream] == [1] * 200
    lines = [each.target for each in server.requests if each.target.startswith("/payments")]
    assert max(map(len, lines)) < 8190 - 30
    assert len(lines) < 14


async def test_an_order_asked_for_twice_is_answered_twice(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="o")
    async with client.payments.get_many(["o", "o"]) as stream:
        assert [(group.uid, len(group.payments)) async for group in stream] == [("o", 1)] * 2


@pytest.mark.parametrize("bad", ["", "..", "a\nb", "x" * 8000])
async def test_an_id_that_can_never_be_looked_up_ends_a_batch(
    server: FakePortOne, client: PortOneClient, bad: str
) -> None:
    with pytest.raises(InvalidRequestError):
        async with client.payments.get_many(["o", bad]) as stream:
            _ = [group async for group in stream]


async def test_find_many_tells_found_missing_and_failed_apart(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in range(100):
        server.add(merchant_uid=f"order-{number}")
    orders = [*(f"order-{number}" for number in range(100)), "nope", "no/pe", "..", "a\nb"]
    server.fail(Status(400), on="/payments/find/order-7")
    async with client.payments.find_many(orders, status="paid") as stream:
        results = {result.merchant_uid: result async for result in stream}

    assert set(results) == set(orders)
    assert {uid for uid, each in results.items() if isinstance(each, Missing)} == {"nope", "no/pe"}
    failed = {uid for uid, each in results.items() if isinstance(each, Failed)}
    assert {"..", "a\nb"} < failed
    assert len(failed) == 3
    assert all(
        each.payment.merchant_uid == uid for uid, each in results.items() if isinstance(each, Found)
    )


async def test_refused_keys_end_a_run_at_once(server: FakePortOne) -> None:
    async with PortOneClient("wrong", "wrong", base_url=server.url) as client:
        with pytest.raises(AuthenticationError):
            async with client.payments.find_many(f"order-{n}" for n in range(10**6)) as stream:
                _ = [result async for result in stream]
    assert server.count("/users/getToken") == 1
    assert asyncio.all_tasks() >= {asyncio.current_task()}


async def test_a_run_that_is_left_early_leaves_no_request_behind(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in range(500):
        server.add(merchant_uid=f"order-{number}")
    async with client.payments.find_many(f"order-{n}" for n in range(500)) as stream:
        async for _ in stream:
            break
    session = client._shared.transport._session
    assert session is not None
    assert session.connector is not None
    assert not session.connector._acquired
    assert server.count("/payments") < 100


async def test_verify_and_wait_work_over_http(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-1", amount=5000)

    assert (await client.payments.verify("order-1", amount=5000)).is_paid
    assert (await client.payments.wait_until_paid("order-1", timeout=5)).is_paid
