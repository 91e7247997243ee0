"""Test ``payments.list`` over HTTP: refused windows, unreadable payments, busy seconds."""

from __future__ import annotations

import pytest

from portone_async import ApiError, PortOneClient, UnexpectedResponseError
from portone_async.testing import FakePortOne, Json
from tests.support.custom_faults import EmptyPeriodIs400, Odd
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders

REFUSED = Json({"code": -1, "message": "no such page", "response": None}, status=400)


async def test_list_raises_if_every_window_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(REFUSED, times=None, on="/payments/status")

    with pytest.raises(ApiError):
        [payment async for payment in client.payments.list("paid", since=DAY, until=NEXT)]


async def test_list_without_payments_is_empty_if_portone_returns_400(
    server: FakePortOne, client: PortOneClient
) -> None:
    paid_orders(server, 5)
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    pages = client.payments.list("cancelled", since=DAY, until=NEXT)

    assert [payment async for payment in pages] == []
    # An unknown status is refused as such, whatever other lists have.
    with pytest.raises(ApiError):
        [payment async for payment in client.payments.list("unheard", since=DAY, until=NEXT)]


async def test_list_yields_readable_payments_before_one_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    paid_orders(server, 9)
    server.fail(Odd("o-4", "amount", [3]), times=None, on="/payments")
    pages = client.payments.list("paid", since=DAY, until=NEXT, page_size=3)
    received: list[str] = []

    async def read() -> None:
        async for payment in pages:
            received.append(payment.merchant_uid)  # noqa: PERF401 (keeps those before the error)

    with pytest.raises(UnexpectedResponseError, match="o-4") as caught:
        await read()

    assert received == [f"o-{number}" for number in range(9) if number != 4]
    assert len(caught.value.unreadable) == 1
    assert [payment async for payment in pages] == []


async def test_busy_second_is_read_whole(server: FakePortOne, client: PortOneClient) -> None:
    server.add_many(
        {"merchant_uid": f"o-{n}", "amount": 1, "paid_at": NOON, "started_at": NOON}
        for n in range(2_500)
    )
    pages = client.payments.list("paid", since=DAY, until=NEXT)
    received = [payment.merchant_uid async for payment in pages]

    assert sorted(received) == sorted(f"o-{n}" for n in range(2_500))
    assert server.count("/payments/status/paid") <= 5
