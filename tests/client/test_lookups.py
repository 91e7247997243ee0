"""Test look-ups of many payments: their requests and checks, then over HTTP with the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from portone_async import (
    AuthenticationError,
    ClientClosedError,
    Failed,
    Found,
    InvalidRequestError,
    Missing,
    Payment,
    PaymentMismatchError,
    PaymentNotFoundError,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    ServerError,
    Sorting,
    ThrottleError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from portone_async.models import Group
from portone_async.models.payments import PaymentListing, PaymentPage
from portone_async.resources._windows import Window
from portone_async.resources.payments._batch import (
    LONGEST_QUERY,
    Identifier,
    batch_call,
    grouped,
    query_bytes,
)
from portone_async.resources.payments._calls import (
    find_all_call,
    find_call,
    get_call,
    is_path_safe,
    list_call,
    listed_call,
)
from portone_async.resources.payments._sorting import sort_payments
from portone_async.testing import Delay, FakePortOne, Json, Status, Unauthorized
from tests.support.custom_faults import Held
from tests.support.idle import assert_idle
from tests.support.samples import CARD_PAID
from tests.support.scripted import RefusingThrottle

ODD = ["a b", "주문 1", "a/b", "100%", "a#b", "a?b=c", "a+b", "a&b", "[]", "x" * 200]


DAY = datetime(2026, 11, 1, tzinfo=UTC)


def order_payment(imp_uid: str = "imp_1", status: str = "paid", **days: int) -> Payment:
    """Return a payment of ``order-1`` with its times in days."""
    times: dict[str, Any] = {name: DAY + timedelta(days=number) for name, number in days.items()}
    return Payment(
        imp_uid=imp_uid,
        merchant_uid="order-1",
        status=PaymentStatus(status),
        amount=Decimal(1),
        **times,
    )


@pytest.mark.parametrize(
    ("sorting", "expected"),
    [
        ("started", "dabce"),
        ("-started", "ecbad"),
        ("paid", "cedba"),
        ("-paid", "abced"),
        ("updated", "deabc"),
        ("-updated", "cbaed"),
    ],
)
def test_payments_without_the_sorted_time_count_as_earliest(sorting: str, expected: str) -> None:
    payments = [
        order_payment("c", started_at=3, failed_at=30),
        order_payment("e", started_at=15),
        order_payment("a", started_at=1, paid_at=18),
        order_payment("d"),
        order_payment("b", started_at=2, paid_at=5, cancelled_at=20),
    ]

    assert (
        "".join(payment.imp_uid for payment in sort_payments(payments, Sorting(sorting)))
        == expected
    )


def check(call: Any, answer: Any) -> str | None:
    problem: str | None = call.check(answer)
    return problem


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (find_call("order-2", "paid", None), "merchant_uid"),
        (find_call("order-1", "failed", None), "status"),
        (get_call("imp_2", include_sandbox=False, extension=False), "imp_uid"),
        (find_call("order-1", "paid", None), None),
        (find_call("order-1", None, None), None),
        (get_call("imp_1", include_sandbox=False, extension=False), None),
    ],
)
def test_response_must_be_the_requested_payment(call: Any, field: str | None) -> None:
    problem = None if field is None else f"PortOne answered with a payment of another {field}"

    assert check(call, order_payment()) == problem


def test_list_of_an_order_holds_only_its_payments() -> None:
    listing = PaymentListing((order_payment(), order_payment("imp_2", status="failed")))

    for status in (None, "paid", "failed"):
        assert check(listed_call("order-1", status), listing) is None
    assert "2 payment(s)" in str(check(listed_call("order-1", "cancelled"), listing))
    assert "none is cancelled" in str(check(listed_call("order-1", "cancelled"), listing))
    another = PaymentListing((*listing.list, replace(order_payment(), merchant_uid="order-2")))
    assert "another merchant_uid" in str(check(listed_call("order-1", None), another))
    for status in (None, "paid"):
        assert "an empty list" in str(check(listed_call("order-1", status), PaymentListing()))


NEWEST, WEEK = Sorting.STARTED_DESC, Window(0, 7 * 86400)
EMPTY = PaymentPage(0, 0, ())


def test_page_holds_only_requested_payments() -> None:
    page = PaymentPage(2, 0, (order_payment(), order_payment("imp_2", status="failed")))

    assert check(find_all_call("order-1", None, None, 1, 10), page) is None
    assert check(list_call("all", WEEK, NEWEST, 1, 10), page) is None
    for call, name in (
        (find_all_call("order-2", None, None, 1, 10), "merchant_uid"),
        (find_all_call("order-1", "paid", None, 2, 10), "status"),
        (list_call("failed", WEEK, NEWEST, 1, 10), "status"),
    ):
        assert check(call, page) == f"PortOne listed a payment of another {name}"


def test_empty_page_is_accepted_only_where_it_can_be_true() -> None:
    order, period = find_all_call, list_call

    assert "an empty list" in str(check(order("order-1", None, None, 1, 10), EMPTY))
    assert check(period("paid", WEEK, NEWEST, 1, 10), EMPTY) is None
    for page in (PaymentPage(3, 0, ()), PaymentPage(3, 2, ()), PaymentPage(0, 2, ())):
        problem = f"PortOne listed none of {page.total} payment(s)"
        assert check(order("order-1", None, None, 1, 10), page) == problem
        assert check(period("paid", WEEK, NEWEST, 1, 10), page) == problem
        # Departures may leave a later page empty.
        assert check(order("order-1", None, None, 2, 10), page) is None
        assert check(period("paid", WEEK, NEWEST, 2, 10), page) is None


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (find_call("o", None, None), "/payments/find/o"),
        (find_call("o", "paid", NEWEST), "/payments/find/o/paid?sorting=-started"),
        (get_call("i", include_sandbox=False, extension=False), "/payments/i"),
        (get_call("i", include_sandbox=True, extension=False), "/payments/i?include_sandbox=true"),
        (get_call("i", include_sandbox=False, extension=True), "/payments/i?extension=true"),
        (find_all_call("o", None, None, 3, 7), "/payments/findAll/o?page=3&limit=7"),
        (
            find_all_call("o", "paid", NEWEST, 3, 7),
            "/payments/findAll/o/paid?page=3&limit=7&sorting=-started",
        ),
        (
            list_call("all", WEEK, NEWEST, 3, 7),
            "/payments/status/all?page=3&limit=7&sorting=-started&from=0&to=604800",
        ),
        (
            list_call("paid", Window(5, None), NEWEST, 1, 1),
            "/payments/status/paid?page=1&limit=1&sorting=-started&from=5",
        ),
        (listed_call("a/b", "paid"), "/payments?merchant_uid%5B%5D=a%2Fb"),
    ],
)
def test_targets_match_the_api_documentation(call: Any, target: str) -> None:
    assert (call.method, call.target()) == ("GET", target)


def test_merchant_uid_with_a_slash_is_not_path_safe() -> None:
    assert [is_path_safe(uid) for uid in ("a", "a/b", "a\\b", "/")] == [True, False, False, False]
    with pytest.raises(InvalidRequestError):
        is_path_safe("..")


async def test_find_all_returns_every_payment_of_an_order(
    server: FakePortOne, client: PortOneClient
) -> None:
    for uid in ODD:
        added = {
            server.add(merchant_uid=uid, status=s).imp_uid for s in ("failed", "ready", "paid")
        }
        server.add(merchant_uid="another")
        payments = [payment async for payment in client.payments.find_all(uid, page_size=2)]
        assert {payment.imp_uid for payment in payments} == added
        paid = [payment async for payment in client.payments.find_all(uid, status="paid")]
        assert [payment.status for payment in paid] == ["paid"]


async def test_find_all_requests_numbered_pages_twice(
    server: FakePortOne, client: PortOneClient
) -> None:
    for _ in range(5):
        server.add(merchant_uid="order-1")
    pages = client.payments.find_all("order-1", status="paid", sorting="paid", page_size=2)
    assert len([payment async for payment in pages]) == 5
    targets = [request.target for request in server.requests if "findAll" in request.target]
    # Twice: payments may leave a status, and an arrival would hide a departure in the totals.
    assert targets == [
        f"/payments/findAll/order-1/paid?page={page}&limit=2&sorting=paid"
        for page in (1, 2, 3, 1, 2, 3)
    ]


async def test_find_all_is_empty_only_for_an_unknown_order(
    server: FakePortOne, client: PortOneClient
) -> None:
    for uid in ("nope", "no/pe"):
        assert [payment async for payment in client.payments.find_all(uid)] == []
    server.fail(Status(404), times=None)
    with pytest.raises(PortOneError):
        _ = [payment async for payment in client.payments.find_all("nope")]


@pytest.mark.parametrize("status", ["paid", "ready", "failed", "cancelled", "all"])
async def test_list_returns_each_payment_of_a_period_once(
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
    received = [
        payment.imp_uid async for payment in client.payments.list(status, since=since, page_size=3)
    ]
    assert sorted(received) == sorted(expected)


async def test_period_includes_since_and_excludes_until(
    server: FakePortOne, client: PortOneClient
) -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    start = int(day.timestamp())
    for number, at in enumerate((start - 1, start, start + 86399, start + 86400)):
        server.add(merchant_uid=f"order-{number}", paid_at=at, started_at=at)
    pages = client.payments.list("paid", since=day, until=day + timedelta(days=1))
    assert {payment.merchant_uid async for payment in pages} == {"order-1", "order-2"}


async def test_list_with_other_payments_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    page = {"total": 1, "previous": False, "next": False, "list": [CARD_PAID | {"status": "ready"}]}
    server.fail(Json({"code": 0, "message": None, "response": page}), times=None)
    with pytest.raises(UnexpectedResponseError, match="status"):
        _ = [payment async for payment in client.payments.list("paid")]
    with pytest.raises(UnexpectedResponseError, match="merchant_uid"):
        _ = [payment async for payment in client.payments.find_all("order-1")]


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 (the case under test)


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
async def test_invalid_arguments_are_rejected_before_sending(
    server: FakePortOne, client: PortOneClient, method: str, argument: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        getattr(client.payments, method)(argument, **options)
    assert not server.requests


async def iterate_async(items: list[str]) -> AsyncIterator[str]:
    for item in items:
        yield item


@pytest.mark.parametrize("is_async", [False, True])
async def test_get_many_returns_groups_in_request_order(
    server: FakePortOne, client: PortOneClient, is_async: bool
) -> None:
    orders = [f"order-{number}" for number in range(250)] + ODD
    for number, uid in enumerate(orders):
        for _ in range(number % 3):
            server.add(merchant_uid=uid)
    by_id = server.add(merchant_uid="by id")
    requested = iterate_async(orders) if is_async else orders
    async with client.payments.get_many(requested, [by_id.imp_uid, "imp_0"]) as stream:
        groups = [group async for group in stream]

    assert [group.uid for group in groups] == [*orders, by_id.imp_uid, "imp_0"]
    assert [len(group.payments) for group in groups] == [
        *(number % 3 for number in range(len(orders))), 1, 0,
    ]  # fmt: skip
    assert all(
        payment.merchant_uid == group.uid for group in groups[:-2] for payment in group.payments
    )
    assert server.count("/payments") == 3


async def test_batch_fits_in_a_request_line(server: FakePortOne, client: PortOneClient) -> None:
    orders = [f"{'한' * 40}{number}" for number in range(200)]
    for uid in orders:
        server.add(merchant_uid=uid)
    async with client.payments.get_many(orders) as stream:
        assert [len(group.payments) async for group in stream] == [1] * 200
    lines = [
        request.target for request in server.requests if request.target.startswith("/payments")
    ]
    assert max(map(len, lines)) < 8190 - 30
    assert len(lines) < 14


async def test_error_of_a_batch_names_its_ids(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(Status(500), on="/payments", times=None)
    several = [f"order-{number}" for number in range(5)]

    with pytest.raises(ServerError) as caught:
        async with client.payments.get_many(several, imp_uids=["imp_1"]) as groups:
            await anext(groups)

    assert caught.value.identifiers == {
        "merchant_uid": "order-0, order-1, order-2 and 2 more",
        "imp_uid": "imp_1",
    }


async def test_batch_holds_at_most_100_ids(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-0")
    for count, requests in ((100, 1), (101, 3)):
        async with client.payments.get_many(f"order-{n}" for n in range(count)) as stream:
            assert len([group async for group in stream]) == count
        assert server.count("/payments") == requests


@pytest.mark.parametrize("name", ["merchant_uid", "imp_uid"])
@pytest.mark.parametrize("uid", ["o", "가/나", "a+b"])
def test_query_bytes_equals_the_added_query_length(name: str, uid: str) -> None:
    base = Identifier(name, "x")

    def length(*identifiers: Identifier) -> int:
        return len(batch_call(identifiers).target())

    assert query_bytes(Identifier(name, uid)) == length(base, Identifier(name, uid)) - length(base)


def test_id_over_the_query_limit_is_rejected() -> None:
    longest = "x" * (LONGEST_QUERY - query_bytes(Identifier("imp_uid", "x")) + 1)

    assert query_bytes(Identifier("imp_uid", longest)) == LONGEST_QUERY
    with pytest.raises(InvalidRequestError, match="too long"):
        query_bytes(Identifier("imp_uid", longest + "x"))


def test_group_lists_unique_payments_newest_first() -> None:
    old, new, unstarted = (
        order_payment("b", started_at=0),
        order_payment("c", started_at=1),
        order_payment("a"),
    )
    listing = PaymentListing((unstarted, old, new, old))
    groups = grouped([Identifier("merchant_uid", "order-1")], listing)

    assert groups == [Group("order-1", (new, old, unstarted))]


async def test_repeated_order_is_returned_twice(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="o")
    async with client.payments.get_many(["o", "o"]) as stream:
        assert [(group.uid, len(group.payments)) async for group in stream] == [("o", 1)] * 2


@pytest.mark.parametrize("bad", ["", "..", "a\nb", "x" * 8000])
async def test_invalid_id_ends_a_batch(
    server: FakePortOne, client: PortOneClient, bad: str
) -> None:
    with pytest.raises(InvalidRequestError):
        async with client.payments.get_many(["o", bad]) as stream:
            _ = [group async for group in stream]


async def test_one_text_in_place_of_many_is_refused(client: PortOneClient) -> None:
    payments, keys = client.payments, client.billing_keys
    for look_up in (
        lambda: payments.find_many("order-1"),
        lambda: payments.get_many("order-1"),
        lambda: payments.get_many(imp_uids="imp_1"),
        lambda: keys.get_many("member-1"),
    ):
        with pytest.raises(InvalidRequestError, match="must be several texts"):
            look_up()


async def test_find_many_distinguishes_found_missing_and_failed(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in range(100):
        server.add(merchant_uid=f"order-{number}")
    orders = [*(f"order-{number}" for number in range(100)), "nope", "no/pe", "..", "a\nb"]
    server.fail(Status(400), on="/payments/find/order-7")
    async with client.payments.find_many(orders, status="paid") as stream:
        results = {result.merchant_uid: result async for result in stream}

    assert set(results) == set(orders)
    assert {uid for uid, result in results.items() if isinstance(result, Missing)} == {
        "nope",
        "no/pe",
    }
    failed = {uid for uid, result in results.items() if isinstance(result, Failed)}
    assert {"..", "a\nb"} < failed
    assert len(failed) == 3
    assert all(
        result.payment.merchant_uid == uid
        for uid, result in results.items()
        if isinstance(result, Found)
    )


async def test_rejected_keys_end_a_stream_at_once(server: FakePortOne) -> None:
    async with PortOneClient("wrong", "wrong", base_url=server.url) as client:
        with pytest.raises(AuthenticationError):
            async with client.payments.find_many(f"order-{n}" for n in range(10**6)) as stream:
                _ = [result async for result in stream]
    assert server.count("/users/getToken") == 1
    assert asyncio.all_tasks() >= {asyncio.current_task()}


async def test_permanently_rejected_token_ends_a_stream_at_once(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Unauthorized(), times=None, on="/payments")
    with pytest.raises(UnauthorizedError):
        async with client.payments.find_many(f"order-{n}" for n in range(1000)) as stream:
            _ = [result async for result in stream]
    assert server.count("/payments") < 500


async def test_throttle_error_ends_a_stream_at_once(server: FakePortOne) -> None:
    throttle = RefusingThrottle(2, ThrottleError("the store is down"))
    async with server.client(rate_limit=throttle) as client:
        with pytest.raises(ThrottleError, match=r"GET /payments/find.*the store is down") as caught:
            async with client.payments.find_many(f"order-{n}" for n in range(1000)) as stream:
                _ = [result async for result in stream]
    assert not caught.value.is_transient
    assert caught.value.attempts == ()
    # The token, and one look-up that was sent or cancelled.
    assert server.count("/users/getToken") == 1
    assert len(server.requests) <= 2


async def test_find_many_is_unordered_and_get_many_is_ordered(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [f"order-{number}" for number in range(250)]
    server.add_many({"merchant_uid": uid} for uid in orders)
    held = Held()
    server.fail(held, on="/payments/find/order-0")
    async with client.payments.find_many(orders[:5]) as stream:
        merchant_uids = [(await anext(stream)).merchant_uid for _ in range(4)]
        held.release()
        merchant_uids += [result.merchant_uid async for result in stream]
    assert sorted(merchant_uids[:4]) == orders[1:5]
    assert merchant_uids[4:] == ["order-0"]

    server.fail(Delay(0.3), on="/payments")
    async with client.payments.get_many(orders) as groups:
        assert [group.uid async for group in groups] == orders


@pytest.mark.parametrize("uid", ["order-1", "sl/ash"])
async def test_find_many_and_find_all_apply_status_and_sorting(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    older = server.add(merchant_uid=uid, started_at=100, paid_at=100, amount=1)
    newer = server.add(merchant_uid=uid, started_at=200, paid_at=200, amount=1)
    failed = server.add(merchant_uid=uid, status="failed", started_at=300, amount=1)

    async def find_many(**options: Any) -> str:
        async with client.payments.find_many([uid], **options) as stream:
            (result,) = [result async for result in stream]
        assert isinstance(result, Found)
        return result.payment.imp_uid

    assert await find_many() == failed.imp_uid
    assert await find_many(status="paid") == newer.imp_uid
    assert await find_many(status="paid", sorting="started") == older.imp_uid
    pages = client.payments.find_all(uid, status="paid", sorting="started")
    assert [payment.imp_uid async for payment in pages] == [older.imp_uid, newer.imp_uid]
    newest_first = client.payments.find_all(uid)
    assert [payment.imp_uid async for payment in newest_first] == [
        payment.imp_uid for payment in (failed, newer, older)
    ]


async def test_default_page_sizes_are_100_and_1000(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="order-1")
    _ = [payment async for payment in client.payments.find_all("order-1")]
    _ = [payment async for payment in client.payments.list("paid")]

    sizes = [
        dict(request.query).get("limit") for request in server.requests if request.method == "GET"
    ]
    assert sizes == ["100", "1000", "1000"]  # An open-ended period of 90 days is two windows.


async def test_list_defaults_to_the_last_90_days(
    server: FakePortOne, client: PortOneClient
) -> None:
    now = int(server.now)
    for uid, days in (("old", 91), ("first", 89.9), ("middle", 45), ("last", 0)):
        at = now - int(days * 24 * 3600)
        server.add(merchant_uid=uid, started_at=at, paid_at=at)

    merchant_uids = [payment.merchant_uid async for payment in client.payments.list("paid")]
    assert merchant_uids == ["first", "middle", "last"]


async def test_closing_the_client_ends_a_stream(server: FakePortOne, client: PortOneClient) -> None:
    results: list[Found | Missing | Failed] = []

    async def close_after_the_first() -> None:
        async with client.payments.find_many(f"order-{n}" for n in range(1000)) as stream:
            async for result in stream:
                results.append(result)
                await client.close()

    with pytest.raises(ClientClosedError):
        await close_after_the_first()
    assert 0 < len(results) < 200
    assert not any(isinstance(result, Failed) for result in results)


async def test_early_exit_of_a_stream_leaves_no_request(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in range(500):
        server.add(merchant_uid=f"order-{number}")
    async with client.payments.find_many(f"order-{n}" for n in range(500)) as stream:
        async for _ in stream:
            break
    assert_idle(client)
    assert server.count("/payments") < 100


async def test_mismatch_reports_both_identifiers(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = server.add(merchant_uid="order-1", amount=5000)
    for imp_uid in (None, payment.imp_uid):
        with pytest.raises(PaymentMismatchError, match="4999") as caught:
            await client.payments.verify("order-1", amount=4999, imp_uid=imp_uid)
        assert caught.value.identifiers == {"merchant_uid": "order-1", "imp_uid": payment.imp_uid}
        assert [difference.field for difference in caught.value.differences] == ["amount"]


async def test_sandbox_payment_is_rejected_unless_allowed(
    server: FakePortOne, client: PortOneClient
) -> None:
    test = server.add(merchant_uid="order-1", amount=5000, sandbox=True)
    for imp_uid in (None, test.imp_uid):
        with pytest.raises(PaymentMismatchError, match="sandbox"):
            await client.payments.verify("order-1", amount=5000, imp_uid=imp_uid)
    verified = await client.payments.verify("order-1", amount=5000, allow_sandbox=True)
    assert verified.imp_uid == test.imp_uid


@pytest.mark.parametrize("merchant_uid", ["", "..", "a\nb"])
async def test_verify_rejects_an_invalid_merchant_uid_before_sending(
    server: FakePortOne, client: PortOneClient, merchant_uid: str
) -> None:
    payment = server.add(merchant_uid="order-1", amount=5000)
    with pytest.raises(InvalidRequestError):
        await client.payments.verify(merchant_uid, amount=5000, imp_uid=payment.imp_uid)
    assert not server.requests


@pytest.mark.parametrize("status", ["ready", "failed", "cancelled"])
async def test_wait_ignores_a_payment_that_is_not_paid(
    server: FakePortOne, client: PortOneClient, status: str
) -> None:
    server.add(merchant_uid="order-1", status=status)
    with pytest.raises(PaymentNotFoundError):
        await client.payments.wait_until_paid("order-1", timeout=0.1)


async def test_verify_and_wait_work_over_http(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-1", amount=5000)

    assert (await client.payments.verify("order-1", amount=5000)).is_paid
    assert (await client.payments.wait_until_paid("order-1", timeout=5)).is_paid
