"""The endpoints of the fake that list payments in pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from portone_async.testing import FakePortOne
from portone_async.testing.endpoints.payments import entry, shape, timeline
from tests.support.fake_http import fetch

NOW = 1770000000
DAY = 24 * 60 * 60
NOT_FOUND = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}
BAD_STATUS = {"code": -1, "message": "지원되지 않는 상태값입니다.", "response": None}
LISTS = ["/payments/findAll/o", "/payments/findAll/o/paid", "/payments/status/paid"]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    # Time moves only by advance().
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 0.0)
    async with FakePortOne(now=NOW) as server:
        yield server


async def refused(server: FakePortOne, target: str) -> bool:
    """Return whether the reply is a 400 in PortOne's envelope."""
    status, text = await fetch(server, target)
    if status == 200:
        return False
    body = json.loads(text)
    assert (status, body["code"], body["response"]) == (400, -1, None)
    assert body["message"]
    return True


async def page(server: FakePortOne, target: str) -> dict[str, Any]:
    status, text = await fetch(server, target)
    body = json.loads(text)
    assert (status, body["code"], body["message"]) == (200, 0, None)
    assert list(body["response"]) == ["list", "next", "previous", "total"]
    response: dict[str, Any] = body["response"]
    return response


async def listed(server: FakePortOne, target: str) -> list[str]:
    """Return the imp_uids of a list that has one page."""
    only = await page(server, target)
    uids = [payment["imp_uid"] for payment in only["list"]]
    assert (only["total"], only["previous"], only["next"]) == (len(uids), 0, 0)
    return uids


# All payments of an order number


async def test_payments_of_an_order_are_listed_newest_first(
    server: FakePortOne,
) -> None:
    server.add(imp_uid="imp_2", merchant_uid="o", started_at=20)
    server.add(imp_uid="imp_3", merchant_uid="o", started_at=30, status="ready")
    server.add(imp_uid="imp_1", merchant_uid="o", started_at=10, sandbox=True)
    server.add(imp_uid="imp_4", merchant_uid="p", started_at=40)

    assert await listed(server, "/payments/findAll/o") == ["imp_3", "imp_2", "imp_1"]
    assert await listed(server, "/payments/findAll/o/") == ["imp_3", "imp_2", "imp_1"]
    assert await listed(server, "/payments/findAll/o/paid") == ["imp_2", "imp_1"]
    assert await listed(server, "/payments/findAll/o/ready") == ["imp_3"]


async def test_order_without_payments_gets_the_exact_404(server: FakePortOne) -> None:
    server.add(merchant_uid="o")

    for target in ("p", "o/failed", "o/failed?page=2", "p/paid?limit=1000"):
        status, text = await fetch(server, f"/payments/findAll/{target}")
        assert (status, json.loads(text)) == (404, NOT_FOUND)


@pytest.mark.parametrize("status", ["pending", "all", "canceled", "Paid", "123"])
async def test_find_all_accepts_four_statuses(server: FakePortOne, status: str) -> None:
    server.add(merchant_uid="o", status=status)

    code, text = await fetch(server, f"/payments/findAll/o/{status}")
    assert (code, json.loads(text)) == (400, BAD_STATUS)
    for known in ("ready", "paid", "failed", "cancelled"):
        server.add(merchant_uid="o", status=known)
        assert len(await listed(server, f"/payments/findAll/o/{known}")) == 1


async def test_find_all_without_an_order_number_gets_400(server: FakePortOne) -> None:
    server.add(imp_uid="findAll")
    assert await refused(server, "/payments/findAll")
    assert await refused(server, "/payments/findAll/")


async def test_find_all_accepts_any_order_number(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="주문 1+%")
    assert await listed(server, f"/payments/findAll/{quote('주문 1+%')}") == ["imp_1"]


# Pages


@pytest.mark.parametrize("target", LISTS)
async def test_pages_link_to_their_neighbours_or_0(server: FakePortOne, target: str) -> None:
    for n in range(1, 6):
        server.add(imp_uid=f"imp_{n}", merchant_uid="o", started_at=n)
    pages = [await page(server, f"{target}?limit=2&page={n}") for n in (1, 2, 3)]

    assert [(page["previous"], page["next"]) for page in pages] == [(0, 2), (1, 3), (2, 0)]
    assert [page["total"] for page in pages] == [5, 5, 5]
    uids = [payment["imp_uid"] for page in pages for payment in page["list"]]
    assert uids == ["imp_5", "imp_4", "imp_3", "imp_2", "imp_1"]


@pytest.mark.parametrize("target", LISTS)
async def test_page_after_the_last_is_refused(server: FakePortOne, target: str) -> None:
    server.add_many({"merchant_uid": "o"} for _ in range(4))

    assert (await page(server, f"{target}?limit=2&page=2"))["next"] == 0
    assert await refused(server, f"{target}?limit=2&page=3")
    assert await refused(server, f"{target}?page=2")


@pytest.mark.parametrize("target", LISTS)
async def test_page_size_defaults_to_20_and_is_at_most_1000(
    server: FakePortOne, target: str
) -> None:
    server.add_many({"merchant_uid": "o"} for _ in range(1001))

    default = await page(server, target)
    assert (len(default["list"]), default["next"], default["total"]) == (20, 2, 1001)
    most = await page(server, f"{target}?limit=1000")
    assert (len(most["list"]), most["next"]) == (1000, 2)
    least = await page(server, f"{target}?limit=1&page=1001")
    assert (len(least["list"]), least["previous"], least["next"]) == (1, 1000, 0)


@pytest.mark.parametrize("target", LISTS)
@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "page=0", "page=-1", "page=1.5"],
)
async def test_invalid_page_or_limit_is_refused(
    server: FakePortOne, target: str, query: str
) -> None:
    server.add(merchant_uid="o")
    assert await refused(server, f"{target}?{query}")


@pytest.mark.parametrize("target", LISTS)
@pytest.mark.parametrize(
    ("sorting", "uids"),
    [
        ("-started", "c b a"),
        ("started", "a b c"),
        ("-paid", "b a c"),
        ("paid", "c a b"),
        ("-updated", "a c b"),
        ("updated", "b c a"),
        ("", "c b a"),
        ("sideways", "c b a"),
    ],
)
async def test_sorting_orders_a_list(
    server: FakePortOne, target: str, sorting: str, uids: str
) -> None:
    server.add(imp_uid="a", merchant_uid="o", started_at=NOW - 30, paid_at=NOW - 2)
    server.add(imp_uid="b", merchant_uid="o", started_at=NOW - 20, paid_at=NOW - 1)
    server.add(imp_uid="c", merchant_uid="o", started_at=NOW - 10, paid_at=NOW - 3)
    server.update("a", name="changed last")

    assert await listed(server, f"{target}?sorting={sorting}") == uids.split()


@pytest.mark.parametrize("target", LISTS)
async def test_last_added_is_newest_within_one_second(server: FakePortOne, target: str) -> None:
    server.add_many({"imp_uid": f"imp_{n}", "merchant_uid": "o"} for n in (1, 2))
    server.add(imp_uid="imp_3", merchant_uid="o")

    assert await listed(server, f"{target}?sorting=-paid") == ["imp_3", "imp_2", "imp_1"]
    assert await listed(server, f"{target}?sorting=paid") == ["imp_1", "imp_2", "imp_3"]


# Payments of a status in a period

CASES = {
    "ready": {"started_at": 10},
    "paid": {"started_at": 1, "paid_at": 20},
    "failed": {"started_at": 2, "failed_at": 30},
    "cancelled": {"started_at": 3, "paid_at": 4, "cancelled_at": 40},
}


async def test_period_applies_to_the_time_of_the_final_status(server: FakePortOne) -> None:
    server.add(imp_uid="imp_pending", status="pending", started_at=50)
    for status, times in CASES.items():
        server.add(imp_uid=f"imp_{status}", status=status, **times)

    for status, times in CASES.items():
        time = max(times.values())
        uids = [f"imp_{status}"]
        at = f"from={time}&to={time}"
        for matching in (status, "all"):
            assert await listed(server, f"/payments/status/{matching}?{at}") == uids
        for other in CASES.keys() - {status}:
            assert await listed(server, f"/payments/status/{other}?{at}") == []
        for since, until in ((1, time - 1), (time + 1, 60)):
            assert await listed(server, f"/payments/status/{status}?from={since}&to={until}") == []
    everything = await listed(server, "/payments/status/all?from=0&to=60&sorting=started")
    assert everything == ["imp_paid", "imp_failed", "imp_cancelled", "imp_ready", "imp_pending"]


async def test_period_includes_both_ends(server: FakePortOne) -> None:
    for time in (99, 100, 150, 200, 201):
        server.add(imp_uid=f"imp_{time}", started_at=1, paid_at=time)

    inside = ["imp_100", "imp_150", "imp_200"]
    assert await listed(server, "/payments/status/paid?from=100&to=200&sorting=paid") == inside


async def test_cancelled_payment_is_listed_by_its_cancellation_time(
    server: FakePortOne,
) -> None:
    server.add(imp_uid="imp_1", started_at=90, paid_at=100)
    server.update("imp_1", status="cancelled", cancelled_at=100 + DAY, cancel_amount=1)

    first, second = "from=0&to=1000", f"from={DAY}&to={DAY + 1000}"
    for period in (first, second):
        assert await listed(server, f"/payments/status/paid?{period}") == []
    for status in ("cancelled", "all"):
        assert await listed(server, f"/payments/status/{status}?{first}") == []
        assert await listed(server, f"/payments/status/{status}?{second}") == ["imp_1"]


async def test_period_defaults_to_the_last_90_days(server: FakePortOne) -> None:
    for age in (-1, 0, 90 * DAY, 90 * DAY + 1):
        server.add(imp_uid=f"imp_{age}", started_at=1, paid_at=NOW - age)

    assert await listed(server, "/payments/status/paid?sorting=-paid") == [
        "imp_0",
        f"imp_{90 * DAY}",
    ]
    server.advance(1)
    assert await listed(server, "/payments/status/paid?sorting=-paid") == ["imp_-1", "imp_0"]


async def test_either_end_of_a_period_can_be_omitted(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", started_at=1, paid_at=NOW - 100 * DAY)
    server.add(imp_uid="imp_2", started_at=1, paid_at=NOW - 5)
    target = "/payments/status/paid"

    assert await listed(server, f"{target}?to={NOW - 10 * DAY}") == ["imp_1"]
    assert await listed(server, f"{target}?to={NOW - 10 * DAY - 1}") == ["imp_1"]
    assert await listed(server, f"{target}?to={NOW - 10 * DAY + 1}") == []
    assert await listed(server, f"{target}?from={NOW - 5}") == ["imp_2"]
    assert await listed(server, f"{target}?from={NOW - 4}") == []
    assert await refused(server, f"{target}?from={NOW - 90 * DAY - 1}")
    assert await refused(server, f"{target}?from={NOW + 1}")


@pytest.mark.parametrize(
    ("since", "until", "is_refused"),
    [
        ("0", str(90 * DAY), False),
        ("0", str(90 * DAY + 1), True),
        ("7", "7", False),
        ("8", "7", True),
        ("x", "7", True),
        ("7", "", True),
        ("-1", "7", True),
        ("2026-11-01", "2026-11-02", True),
    ],
)
async def test_invalid_reversed_or_long_period_is_refused(
    server: FakePortOne, since: str, until: str, is_refused: bool
) -> None:
    assert await refused(server, f"/payments/status/all?from={since}&to={until}") is is_refused


async def test_empty_period_gets_an_empty_page(server: FakePortOne) -> None:
    empty: dict[str, Any] = {"list": [], "next": 0, "previous": 0, "total": 0}

    assert await page(server, "/payments/status/paid?from=1&to=2") == empty
    assert await page(server, "/payments/status/all?limit=1000") == empty
    assert await refused(server, "/payments/status/paid?from=1&to=2&page=2")


async def test_test_payments_are_listed(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", sandbox=True)

    for status in ("paid", "all"):
        (payment,) = (await page(server, f"/payments/status/{status}"))["list"]
        assert (payment["imp_uid"], payment["sandbox"]) == ("imp_1", True)


@pytest.mark.parametrize("status", ["pending", "canceled", "Paid", "ALL", "%20"])
async def test_unknown_status_is_refused(server: FakePortOne, status: str) -> None:
    server.add(status=status)

    code, text = await fetch(server, f"/payments/status/{status}")
    assert (code, json.loads(text)) == (400, BAD_STATUS)


async def test_removed_payment_is_not_listed(server: FakePortOne) -> None:
    server.add_many({"imp_uid": f"imp_{n}", "merchant_uid": "o"} for n in range(3))
    for target in LISTS:
        assert len(await listed(server, target)) == 3
    server.remove("imp_1")

    for target in LISTS:
        assert await listed(server, target) == ["imp_2", "imp_0"]


async def test_list_paths_are_not_taken_for_an_imp_uid(server: FakePortOne) -> None:
    for method, target in (("POST", "/payments/status/paid"), ("PUT", "/payments/findAll/o")):
        status, text = await fetch(server, target, method)
        assert status == 405
        assert text.startswith("<!DOCTYPE")
    assert await listed(server, "/payments/status/paid") == []


# Pages while payments change


async def walk(server: FakePortOne, target: str, between: Any) -> list[str]:
    """Return the imp_uids of all pages, and call ``between`` after every page."""
    uids: list[str] = []
    number = 1
    while number:
        current = await page(server, f"{target}&page={number}")
        uids += [payment["imp_uid"] for payment in current["list"]]
        number = current["next"]
        between()
    return uids


async def test_new_payment_shifts_descending_pages(
    server: FakePortOne,
) -> None:
    for n in range(4):
        server.add(imp_uid=f"imp_{n}", started_at=NOW - 10 + n)
    arriving = iter(("imp_new",))

    def arrive() -> None:
        for imp_uid in arriving:
            server.add(imp_uid=imp_uid)

    uids = await walk(server, "/payments/status/paid?limit=2&sorting=-started", arrive)
    assert uids == ["imp_3", "imp_2", "imp_2", "imp_1", "imp_0"]


@pytest.mark.parametrize("sorting", ["started", "paid", "updated"])
async def test_ascending_walk_misses_no_new_payment(server: FakePortOne, sorting: str) -> None:
    for n in range(5):
        server.add(imp_uid=f"imp_{n}")
    arriving = iter(range(5, 8))

    def arrive() -> None:
        server.advance(1)
        for n in arriving:
            server.add(imp_uid=f"imp_{n}")
            return

    target = f"/payments/status/paid?limit=2&from={NOW}&to={NOW + 60}&sorting={sorting}"
    assert list(dict.fromkeys(await walk(server, target, arrive))) == [f"imp_{n}" for n in range(8)]


async def test_changed_status_shifts_ascending_pages(
    server: FakePortOne,
) -> None:
    for n in range(4):
        server.add(imp_uid=f"imp_{n}", started_at=NOW - 10 + n)

    def cancel() -> None:
        server.update("imp_0", status="cancelled")

    uids = await walk(server, "/payments/status/paid?limit=2&sorting=started", cancel)
    assert uids == ["imp_0", "imp_1", "imp_3"]  # imp_2 has moved up to the first page


# The cost of a page


async def test_page_encodes_only_its_payments_and_sorts_once(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_many({"started_at": 1, "paid_at": n} for n in range(300))
    encoded, ordered = list[int](), list[int]()
    encode, sort_entries = shape.Shape.encode, entry.sort_entries

    def counted_encode(self: shape.Shape, rows: list[tuple[Any, ...]]) -> list[bytes]:
        encoded.append(len(rows))
        return encode(self, rows)

    def counted_order(entries: list[entry.Entry], sorting: str | None) -> list[entry.Entry]:
        ordered.append(len(entries))
        return sort_entries(entries, sorting)

    monkeypatch.setattr(shape.Shape, "encode", counted_encode)
    monkeypatch.setattr(timeline, "sort_entries", counted_order)
    target = "/payments/status/paid?from=100&to=149&limit=10"
    for number in (1, 2, 3):
        assert (await page(server, f"{target}&page={number}"))["total"] == 50
    assert sum(encoded) == 30
    assert ordered == [50]
    # They are stored in the order of this time.
    for sorting in ("paid", "-paid"):
        await page(server, f"{target}&sorting={sorting}")
    assert ordered == [50]


# Batches


async def test_batch_beyond_the_request_line_limit_gets_414(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")
    head = "/payments?merchant_uid[]=o&merchant_uid[]="
    longest = head + "x" * (8190 - len(f"GET {head} HTTP/1.1"))

    assert (await fetch(server, longest))[0] == 207
    korean = "&".join(f"merchant_uid[]={quote('주' * 40)}" for _ in range(100))
    for target in (longest + "x", f"/payments?{korean}"):
        status, text = await fetch(server, target)
        assert status == 414
        assert text.startswith("<!DOCTYPE HTML PUBLIC")


async def test_batch_of_100_missing_gets_404_and_of_101_gets_400(server: FakePortOne) -> None:
    server.add(merchant_uid="o")
    hundred = "&".join(f"merchant_uid[]=p{n}" for n in range(100))

    assert (await fetch(server, f"/payments?{hundred}"))[0] == 404
    assert (await fetch(server, f"/payments?{hundred}&imp_uid[]=x"))[0] == 400
