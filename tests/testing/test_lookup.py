"""The fake's look-ups of payments, its codes and prepared amounts, and unknown paths."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from portone_async.testing import FakePortOne

NOT_FOUND = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}


@pytest.fixture
async def server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        yield server


async def fetch(
    server: FakePortOne, target: str, method: str = "GET", **options: Any
) -> tuple[int, str]:
    headers = {"Authorization": server.issue_token()}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, URL(server.url + target, encoded=True), **options) as reply,
    ):
        return reply.status, await reply.text()


async def fetch_json(server: FakePortOne, target: str, **options: Any) -> tuple[int, Any]:
    status, text = await fetch(server, target, **options)
    return status, json.loads(text, parse_float=Decimal)


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


@pytest.mark.parametrize("slash", ["%2F", "%2f", "%5C", "%5c"])
async def test_encoded_slash_in_a_path_gets_apaches_404(server: FakePortOne, slash: str) -> None:
    server.add(merchant_uid="a/b")
    server.add(merchant_uid="a\\b")
    status, text = await fetch(server, f"/payments/find/a{slash}b")

    assert status == 404
    assert text.startswith("<!DOCTYPE HTML PUBLIC")
    assert "<title>404 Not Found</title>" in text


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


async def test_request_line_above_apaches_limit_gets_414(server: FakePortOne) -> None:
    longest = "/payments/find/" + "x" * (8190 - len("GET /payments/find/ HTTP/1.1"))

    assert await fetch_json(server, longest) == (404, NOT_FOUND)
    for more in ("x", "x" * 30_000):
        status, text = await fetch(server, longest + more)
        assert status == 414
        assert text.startswith("<!DOCTYPE HTML PUBLIC")


# Codes, prepared amounts and unknown paths


async def test_codes_of_cards_and_banks_have_names(server: FakePortOne) -> None:
    for target, code, name in (
        ("/cards/361", "361", "BC카드"),
        ("/cards/366", "366", "신한카드"),
        ("/cards/381", "381", "KB국민카드"),
        ("/banks/004", "004", "국민은행"),
    ):
        status, body = await fetch_json(server, target)
        assert status == 200
        assert body == {"code": 0, "message": None, "response": {"code": code, "name": name}}


@pytest.mark.parametrize("target", ["/cards/000", "/banks/361"])
async def test_unknown_code_gets_404_in_an_envelope(server: FakePortOne, target: str) -> None:
    status, body = await fetch_json(server, target)
    assert (status, body["code"], body["response"]) == (404, -1, None)


@pytest.mark.parametrize("way", ["json", "data"])
async def test_amount_is_prepared_once_and_can_be_read(server: FakePortOne, way: str) -> None:
    order: dict[str, Any] = {way: {"merchant_uid": "주문 1", "amount": 15000}}
    prepared = {
        "code": 0,
        "message": None,
        "response": {"amount": 15000, "currency": "KRW", "merchant_uid": "주문 1"},
    }
    duplicate = {
        "code": 1,
        "message": "결제정보 사전등록에 실패하였습니다(이미 등록된 merchant_uid입니다).",
        "response": None,
    }
    url = "/payments/prepare"
    assert await fetch_json(server, url, method="POST", **order) == (200, prepared)
    assert await fetch_json(server, url, method="POST", **order) == (200, duplicate)
    assert await fetch_json(server, f"{url}/{quote('주문 1')}") == (200, prepared)


async def test_prepared_amount_keeps_its_digits_and_currency(server: FakePortOne) -> None:
    body = b'{"merchant_uid":"o","amount":10.05,"currency":"USD"}'
    json_type = {"Content-Type": "application/json"}
    await fetch(server, "/payments/prepare", method="POST", data=body, headers=json_type)
    _, text = await fetch(server, "/payments/prepare/o")

    assert '"response":{"amount":10.05,"currency":"USD","merchant_uid":"o"}' in text


async def test_order_without_prepared_amount_gets_the_exact_404(server: FakePortOne) -> None:
    missing = {
        "code": -1,
        "message": "사전등록된 결제정보가 존재하지 않습니다.",
        "response": None,
    }
    assert await fetch_json(server, "/payments/prepare/o") == (404, missing)


@pytest.mark.parametrize(
    "order",
    [
        {"amount": 1},
        {"merchant_uid": "o"},
        {"merchant_uid": "o", "amount": "much"},
        {"merchant_uid": "o", "amount": "NaN"},
    ],
)
async def test_prepare_without_order_or_amount_is_refused(
    server: FakePortOne, order: dict[str, Any]
) -> None:
    status, body = await fetch_json(server, "/payments/prepare", method="POST", json=order)

    assert (status, body["code"]) == (400, -1)
    assert (await fetch_json(server, "/payments/prepare/o"))[0] == 404


@pytest.mark.parametrize(
    "target", ["/", "/payments/find/a/paid/b", "/payments/find//paid", "/v2/payments", "/users"]
)
async def test_unknown_path_gets_apaches_404(server: FakePortOne, target: str) -> None:
    status, text = await fetch(server, target)

    assert status == 404
    assert text.startswith("<!DOCTYPE HTML PUBLIC")
    assert "<title>404 Not Found</title>" in text


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/payments/find/o"),
        ("DELETE", "/payments/imp_1"),
        ("GET", "/payments/prepare"),
        ("GET", "/users/getToken"),
    ],
)
async def test_wrong_method_gets_apaches_405(server: FakePortOne, method: str, target: str) -> None:
    status, text = await fetch(server, target, method=method)

    assert status == 405
    assert "<title>405 Method Not Allowed</title>" in text


async def test_unknown_path_without_a_token_gets_401(server: FakePortOne) -> None:
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.get("/v2/payments") as reply,
    ):
        assert reply.status == 401
        assert await reply.json() == {"code": -1, "message": "Unauthorized", "response": None}
