"""Look-ups of payments by their ids."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

NOT_FOUND = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}


async def find(server: FakePortOne, target: str) -> str | None:
    """Return the imp_uid in the reply; ``None`` for PortOne's 404."""
    status, body = await fetch_json(server, target)
    if status == 404:
        assert body == NOT_FOUND
        return None
    assert (status, body["code"], body["message"]) == (200, 0, None)
    imp_uid: str = body["response"]["imp_uid"]
    return imp_uid


# One payment by order number


async def test_unknown_order_gets_the_exact_404(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    assert await fetch_json(server, "/payments/find/order-2") == (404, NOT_FOUND)
    assert await fetch_json(server, "/payments/find/order") == (404, NOT_FOUND)


async def test_find_returns_the_newest_started_payment(server: FakePortOne) -> None:
    server.add(imp_uid="imp_middle", merchant_uid="o", started_at=20)
    server.add(imp_uid="imp_newest", merchant_uid="o", started_at=30, status="ready")
    server.add(imp_uid="imp_oldest", merchant_uid="o", started_at=10)
    server.add(imp_uid="imp_other", merchant_uid="p", started_at=40)

    assert await find(server, "/payments/find/o") == "imp_newest"
    assert await find(server, "/payments/find/o/paid") == "imp_middle"
    assert await find(server, "/payments/find/o/failed") is None


async def test_last_added_is_newest_within_one_second(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o", started_at=10)
    server.add(imp_uid="imp_2", merchant_uid="o", started_at=10)

    assert await find(server, "/payments/find/o") == "imp_2"
    assert await find(server, "/payments/find/o?sorting=started") == "imp_1"


@pytest.mark.parametrize(
    ("sorting", "first"),
    [
        ("-started", "imp_c"),
        ("started", "imp_a"),
        ("-paid", "imp_b"),
        ("paid", "imp_c"),
        ("-updated", "imp_a"),
        ("updated", "imp_b"),
        ("", "imp_c"),
        ("sideways", "imp_c"),
    ],
)
@pytest.mark.parametrize("path", ["/payments/find/o", "/payments/find/o/paid"])
async def test_sorting_decides_which_payment_is_found(
    server: FakePortOne, path: str, sorting: str, first: str
) -> None:
    server.add(imp_uid="imp_a", merchant_uid="o", started_at=10, paid_at=200)
    server.add(imp_uid="imp_b", merchant_uid="o", started_at=20, paid_at=300)
    server.add(imp_uid="imp_c", merchant_uid="o", started_at=30, paid_at=100)
    server.update("imp_a", name="changed last")

    assert await find(server, f"{path}?sorting={sorting}") == first


async def test_update_at_an_earlier_time_counts_as_earlier(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")
    server.add(imp_uid="imp_2", merchant_uid="o")
    assert await find(server, "/payments/find/o?sorting=-updated") == "imp_2"
    server.advance(-3600)
    server.update("imp_2", name="x")
    assert await find(server, "/payments/find/o?sorting=-updated") == "imp_1"


async def test_trailing_slash_is_ignored(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")

    assert await find(server, "/payments/find/o/") == "imp_1"
    assert await find(server, "/payments/find/o/?sorting=-paid") == "imp_1"
    assert await find(server, "/payments/find/o/paid/") == "imp_1"


async def test_find_accepts_unknown_statuses(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o", status="pending")

    assert await find(server, "/payments/find/o/pending") == "imp_1"
    assert await find(server, "/payments/find/o/123") is None


async def test_find_returns_test_payments(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o", sandbox=True)

    assert await find(server, "/payments/find/o") == "imp_1"
    assert await find(server, "/payments/find/o/paid") == "imp_1"


async def test_removed_payment_is_not_found(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")
    server.remove("imp_1")

    assert await find(server, "/payments/find/o") is None
    assert await find(server, "/payments/imp_1") is None


order_numbers = (
    st.text(min_size=1)
    .filter(lambda text: text not in (".", "..") and not {"/", "\\"} & set(text))
    .map(lambda text: text[:200])
)


@settings(max_examples=150, deadline=None)
@given(merchant_uid=order_numbers)
async def test_any_order_number_is_found_unchanged(merchant_uid: str) -> None:
    async with FakePortOne() as server:
        payment = server.add(merchant_uid=merchant_uid)
        server.add(started_at=1)
        quoted = quote(merchant_uid, safe="")

        status, body = await fetch_json(server, f"/payments/find/{quoted}/paid")
        assert (status, body["response"]["merchant_uid"]) == (200, merchant_uid)
        assert body["response"]["imp_uid"] == payment.imp_uid
        _, body = await fetch_json(server, f"/payments?merchant_uid[]={quoted}")
        assert [payment["merchant_uid"] for payment in body["response"]] == [merchant_uid]


@pytest.mark.parametrize(
    "merchant_uid",
    ["a b", "주문-1", "100%", "%25", "a#b", "a?b=c", "a+b", "a&b", "..%2f", "...", "'\"`", "a;b"],
)
async def test_order_number_is_percent_decoded_once(server: FakePortOne, merchant_uid: str) -> None:
    server.add(imp_uid="imp_1", merchant_uid=merchant_uid)
    assert await find(server, f"/payments/find/{quote(merchant_uid, safe='')}") == "imp_1"


async def test_plus_in_a_path_is_not_a_space(server: FakePortOne) -> None:
    server.add(imp_uid="imp_plus", merchant_uid="a+b")
    server.add(imp_uid="imp_space", merchant_uid="a b")

    assert await find(server, "/payments/find/a+b") == "imp_plus"
    assert await find(server, "/payments/find/a%20b") == "imp_space"


async def test_invalid_utf_8_matches_nothing(server: FakePortOne) -> None:
    server.add(merchant_uid="\ufffd")
    assert await find(server, "/payments/find/%ff") is None


async def test_encoded_slash_in_the_query_is_accepted(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="a/b")
    status, body = await fetch_json(server, "/payments?merchant_uid[]=a%2Fb")

    assert (status, body["response"][0]["imp_uid"]) == (200, "imp_1")


@pytest.mark.parametrize("dots", ["..", "%2e%2e", ".%2E"])
async def test_encoded_dot_segments_are_resolved(server: FakePortOne, dots: str) -> None:
    server.add(imp_uid="imp_1", merchant_uid="..")

    assert await find(server, f"/payments/find/{dots}/imp_1") == "imp_1"
    assert await find(server, "/./payments/%2e/imp_1") == "imp_1"


# One payment by PortOne's id


async def test_get_accepts_only_an_imp_uid(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")

    assert await find(server, "/payments/imp_1") == "imp_1"
    assert await find(server, "/payments/imp_2") is None
    assert await find(server, "/payments/o") is None


@pytest.mark.parametrize("flag", ["", "?include_sandbox=false", "?include_sandbox="])
async def test_get_hides_test_payments(server: FakePortOne, flag: str) -> None:
    server.add(imp_uid="imp_1", sandbox=True)
    assert await find(server, f"/payments/imp_1{flag}") is None


async def test_get_returns_test_payments_with_include_sandbox(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", sandbox=True)
    server.add(imp_uid="imp_2", sandbox=None)

    assert await find(server, "/payments/imp_1?include_sandbox=true") == "imp_1"
    assert await find(server, "/payments/imp_2") == "imp_2"


async def test_extension_is_sent_only_by_get_and_on_request(
    server: FakePortOne,
) -> None:
    payment = server.add(imp_uid="imp_1", merchant_uid="o", extension={"REMITTER": "홍길동"})
    assert payment.extension == {"REMITTER": "홍길동"}

    _, extended = await fetch_json(server, "/payments/imp_1?extension=true")
    assert extended["response"]["extension"] == {"REMITTER": "홍길동"}
    for target in (
        "/payments/imp_1",
        "/payments/imp_1?extension=false",
        "/payments/find/o?extension=true",
    ):
        _, body = await fetch_json(server, target)
        assert "extension" not in body["response"]
    _, many = await fetch_json(server, "/payments?imp_uid[]=imp_1&extension=true")
    assert "extension" not in many["response"][0]


# Several payments at once


async def many(server: FakePortOne, query: str) -> tuple[int, list[str] | None]:
    status, body = await fetch_json(server, f"/payments?{query}")
    if status in (400, 404):
        assert body["code"] == -1
        return status, None
    assert (body["code"], body["message"]) == (0, None)
    return status, [payment["imp_uid"] for payment in body["response"]]


async def test_batch_is_sorted_newest_first(
    server: FakePortOne,
) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o", started_at=10)
    server.add(imp_uid="imp_3", merchant_uid="p", started_at=30, sandbox=True)
    server.add(imp_uid="imp_2", merchant_uid="q", started_at=20)

    query = "imp_uid[]=imp_1&merchant_uid[]=q&merchant_uid[]=p"
    assert await many(server, query) == (200, ["imp_3", "imp_2", "imp_1"])
    assert await many(server, query.replace("[]", "%5B%5D")) == (200, ["imp_3", "imp_2", "imp_1"])
    assert await many(server, "imp_uid[0]=imp_1&imp_uid[1]=imp_2") == (200, ["imp_2", "imp_1"])


async def test_batch_with_missing_payments_gets_207(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")

    assert await many(server, "imp_uid[]=imp_1&imp_uid[]=imp_2") == (207, ["imp_1"])
    assert await many(server, "imp_uid[]=imp_1&merchant_uid[]=p") == (207, ["imp_1"])
    assert await many(server, "merchant_uid[]=o&merchant_uid[]=p") == (207, ["imp_1"])


async def test_batch_without_any_payment_gets_the_exact_404(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")

    assert await fetch_json(server, "/payments?imp_uid[]=o&merchant_uid[]=p") == (404, NOT_FOUND)
    assert await fetch_json(server, "/payments") == (404, NOT_FOUND)
    assert await fetch_json(server, "/payments?imp_uid=imp_1") == (404, NOT_FOUND)


async def test_batch_returns_all_payments_of_an_order_once(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o", started_at=10, status="failed")
    server.add(imp_uid="imp_2", merchant_uid="o", started_at=20)

    both = (200, ["imp_2", "imp_1"])
    assert await many(server, "merchant_uid[]=o") == both
    assert await many(server, "merchant_uid[]=o&imp_uid[]=imp_1&imp_uid[]=imp_1") == both


async def test_batch_above_100_is_refused(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")
    hundred = "&".join(["imp_uid[]=imp_1"] * 60 + ["merchant_uid[]=o"] * 40)

    assert await many(server, hundred) == (200, ["imp_1"])
    assert await many(server, hundred + "&imp_uid[]=imp_1") == (400, None)
