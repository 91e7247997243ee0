"""Hostile identifiers stay one value in one place of one request."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from portone_async import (
    AuthenticationError,
    InvalidRequestError,
    PaymentNotFoundError,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.cli.orders import read_orders
from portone_async.reconcile import Order
from portone_async.testing import FakePortOne, Json
from portone_async.webhook import parse_webhook, verify_webhook
from tests.conftest import AT_ONCE
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

# Paths and queries

INJECTIONS = (
    "../users/getToken",
    "..%2fusers%2fgetToken",
    "%2e%2e",
    "%252e%252e%252f",
    "..;/users/getToken",
    "a/../../payments/cancel",
    "/",
    "//evil.example",
    "https://evil.example/",
    "@evil.example",
    "\\\\evil.example\\a",
    "..\\..\\users\\getToken",
    "a?status=paid",
    "a?include_sandbox=true&merchant_uid[]=b",
    "a&merchant_uid[]=b",
    "a#fragment",
    "a;status=paid",
    "a%00b",
    "a%0d%0aX-Evil:%201",
    "a+b c",
    "{merchant_uid}",
    "....//",
    "%",
    "%zz",
    "．．／",  # noqa: RUF001 (full-width, which some normalise to ../)
    "\u2025",
    "a\u2028b",
)


def asked(server: FakePortOne) -> list[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]]:
    """Path and query of all that reached the server, apart from the one fetch of a token."""
    first, *rest = server.requests
    assert (first.method, first.target) == ("POST", "/users/getToken")
    assert {request.method for request in rest} <= {"GET"}
    return [(request.path_segments, request.query) for request in rest]


@pytest.mark.parametrize("uid", INJECTIONS)
async def test_hostile_merchant_uid_is_one_value_of_one_request(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    for number, other in enumerate(("a", "b", "order-1")):
        server.add(merchant_uid=other, imp_uid=f"imp_other_{number}")
    server.add(merchant_uid=uid, imp_uid="imp_1", status="paid")

    assert (await client.payments.find(uid, status="paid")).imp_uid == "imp_1"

    is_in_the_path = not {"/", "\\"} & set(uid)
    assert asked(server) == [
        (("payments", "find", uid, "paid"), ())
        if is_in_the_path
        else (("payments",), (("merchant_uid[]", uid),))
    ]


@pytest.mark.parametrize("uid", INJECTIONS)
async def test_hostile_imp_uid_is_one_segment_of_one_request(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    server.add(merchant_uid="order-1", imp_uid=uid)

    try:
        assert (await client.payments.get(uid)).imp_uid == uid
    except UnexpectedResponseError as error:
        # PortOne's Apache takes a quoted slash for none of its pages.
        assert {"/", "\\"} & set(uid)
        assert error.status == 404

    assert asked(server) == [(("payments", uid), ())]


async def test_hostile_uids_of_a_batch_stay_separate_values(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number, uid in enumerate(INJECTIONS):
        server.add(merchant_uid=uid, imp_uid=f"imp_{number}")

    async with client.payments.get_many(INJECTIONS) as stream:
        found = {group.uid: [each.imp_uid for each in group.payments] async for group in stream}

    assert found == {uid: [f"imp_{number}"] for number, uid in enumerate(INJECTIONS)}
    ((path, query),) = asked(server)
    assert path == ("payments",)
    assert sorted(query) == sorted(("merchant_uid[]", uid) for uid in INJECTIONS)


@one_way
@pytest.mark.parametrize("status", ["paid/../x", "paid?x=1", "paid&x", "..", "paid\r\nX: 1", "%2e"])
async def test_status_that_is_not_a_word_is_not_sent(
    server: FakePortOne, client: PortOneClient, status: str
) -> None:
    with pytest.raises(InvalidRequestError, match="status"):
        await client.payments.find("order-1", status=status)
    assert not server.requests


@pytest.mark.parametrize("uid", INJECTIONS)
async def test_hostile_uid_of_a_webhook_makes_one_request(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    server.add(merchant_uid="order-1", imp_uid="imp_1")
    body = msgspec.json.encode({"imp_uid": uid, "merchant_uid": "order-1", "status": "paid"})

    with pytest.raises((PaymentNotFoundError, UnexpectedResponseError)):
        await verify_webhook(client, parse_webhook(body), merchant_uid="order-1", amount=1000)
    assert asked(server) == [(("payments", uid), (("include_sandbox", "true"),))]


@one_way
@pytest.mark.parametrize("number", ["-0", "0", "-1", "1" + "0" * 30])
def test_unquoted_order_number_is_read_exactly(tmp_path: Path, number: str) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text(f'{{"order_id": {number}, "total": -0}}\n', encoding="utf-8")

    (order,) = read_orders(str(path))

    assert isinstance(order, Order)
    assert order.merchant_uid == number
    assert str(order.amount) == "0"


# Headers

LINE_BREAKS = (
    "\r\nX-Evil: 1",
    "\nX-Evil: 1",
    "\rX-Evil: 1",
    "\n",
    "\x00",
    "\x0b",
    "\x85",
    "\u2028",
)


@pytest.mark.parametrize("end", LINE_BREAKS)
async def test_key_with_a_line_break_adds_no_header(server: FakePortOne, end: str) -> None:
    keys = (f"{server.imp_key}{end}", f"{server.imp_secret}{end}")
    async with PortOneClient(*keys, base_url=server.url, retry=AT_ONCE) as client:
        with pytest.raises(AuthenticationError):
            await client.payments.find("order-1")

    (request,) = server.requests
    assert (request.fields["imp_key"], request.fields["imp_secret"]) == keys
    assert "x-evil" not in request.headers


@one_way
@pytest.mark.parametrize("end", LINE_BREAKS)
async def test_tier_with_a_line_break_is_rejected(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("PORTONE_IMP_KEY", "k")
    monkeypatch.setenv("PORTONE_IMP_SECRET", "s")
    if "\x00" not in end:
        monkeypatch.setenv("PORTONE_TIER", f"A01{end}")
        with pytest.raises(InvalidRequestError, match="tier"):
            PortOneClient.from_env()
    async with server.client() as client:
        with pytest.raises(InvalidRequestError, match="tier"):
            client.with_options(tier=f"A01{end}")
        assert not server.requests


@pytest.mark.parametrize("end", LINE_BREAKS)
async def test_token_with_a_line_break_is_never_sent(
    server: FakePortOne, client: PortOneClient, end: str
) -> None:
    token = {"access_token": f"token{end}", "expired_at": 2e9, "now": 1e9}
    server.fail(Json({"code": 0, "message": None, "response": token}), on="/users/getToken")

    with pytest.raises(UnexpectedResponseError):
        await client.payments.find("order-1")
    assert [request.target for request in server.requests] == ["/users/getToken"]


@one_way
@pytest.mark.parametrize(
    "uid", ["a\r\nX-Evil: 1", "a\n", "\ra", "a\x00", "a\x85", "a\x9b", "a\ud800"]
)
async def test_order_number_with_a_control_character_is_not_sent(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    with pytest.raises(InvalidRequestError):
        await client.payments.find(uid)
    with pytest.raises(InvalidRequestError):
        await client.payments.get(uid)
    with pytest.raises(InvalidRequestError):
        await anext(client.payments.find_all(uid))
    assert not server.requests


@one_way
@pytest.mark.parametrize(
    "base_url",
    [
        *(f"https://api.iamport.kr{end}" for end in LINE_BREAKS),
        *(f"https://api.iamport.kr/{end}" for end in LINE_BREAKS),
        "\thttps://api.iamport.kr",
        "https://api.iam\tport.kr",
        "https://api.iamport.kr@evil.example",
        "https://api.iamport.kr\\@evil.example",
        "https://api.iamport.kr:443:443",
        "https://api.iamport.kr:４43",  # noqa: RUF001 (a full-width digit)
        "https://api。iamport。kr",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1#@evil.example",
        "http://127.0.0.1%2eevil.example",
        "http://0x7f.1",
        "http://2130706433",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://api.iamport.kr\\.evil.example",
        "http://[::1]evil.example",
    ],
    ids=ascii,
)
def test_ambiguous_base_url_is_rejected(base_url: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        PortOneClient("k", "s", base_url=base_url)
    assert "evil" not in str(caught.value)
