"""The fake's billing keys, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from portone_async.models.billing_keys import BillingKey
from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

CARD = {"card_number": "1234-5678-9012-3456", "expiry": "2031-12"}


async def issue(
    server: FakePortOne, customer_uid: str, **fields: Any
) -> tuple[int, dict[str, Any]]:
    target = f"/subscribe/customers/{customer_uid}"
    return await fetch_json(server, target, method="POST", json=CARD | fields)


async def test_added_key_is_returned(server: FakePortOne) -> None:
    added = server.billing_keys.add(customer_uid="member-1", customer_name="홍길동")

    status, body = await fetch_json(server, "/subscribe/customers/member-1")

    assert (status, body["code"]) == (200, 0)
    assert body["response"]["customer_name"] == "홍길동"
    assert "channelGroupId" not in body["response"]
    assert added == BillingKey(**{name: getattr(added, name) for name in added.__struct_fields__})
    assert added.customer_uid == "member-1"
    assert added.inserted == added.updated


async def test_model_can_be_added_with_some_fields_changed_or_left_out(
    server: FakePortOne,
) -> None:
    model = BillingKey(customer_uid="member-1", card_name="국민카드")

    server.billing_keys.add(model, pg_provider="kcp", card_type=UNSET)

    _, body = await fetch_json(server, "/subscribe/customers/member-1")
    key = body["response"]
    assert (key["card_name"], key["pg_provider"]) == ("국민카드", "kcp")
    assert "card_type" not in key


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_unknown_key_gets_http_200_with_code_1(server: FakePortOne, method: str) -> None:
    status, body = await fetch_json(server, "/subscribe/customers/member-9", method=method)

    assert (status, body["code"], body["response"]) == (200, 1, None)
    assert "member-9" in body["message"]


async def test_second_issue_replaces_the_key_without_an_error(server: FakePortOne) -> None:
    _, first = await issue(server, "member-1")
    server.advance(60)
    status, second = await issue(server, "member-1", card_number="9876543210981111")

    assert (status, second["code"]) == (200, 0)
    assert first["response"]["inserted"] == first["response"]["updated"]
    assert second["response"]["inserted"] == first["response"]["inserted"]
    assert second["response"]["updated"] >= first["response"]["updated"] + 60
    assert second["response"]["card_number"] == "987654******1111"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"card_number": None}, "card_number"),
        ({"expiry": ""}, "expiry"),
        ({"expiry": "12/31"}, "F113"),
        ({"card_number": "1234"}, "F112"),
        ({"birth": 880808}, "birth"),
        ({"channel_group_id": "unknown"}, "비인증결제모듈"),
    ],
)
async def test_bad_card_gets_http_200_with_code_minus_1(
    server: FakePortOne, fields: dict[str, Any], text: str
) -> None:
    status, body = await issue(server, "member-1", **fields)

    assert (status, body["code"], body["response"]) == (200, -1, None)
    assert text in body["message"]
    assert "member-1" not in server.billing_keys


async def test_rejected_card_gets_the_reason_of_the_pg(server: FakePortOne) -> None:
    server.billing_keys.reject_card(CARD["card_number"], "[F113]거래거절 카드번호틀림")

    _, body = await issue(server, "member-1")

    assert "[F113]거래거절 카드번호틀림" in body["message"]


async def test_super_key_has_the_channels_of_its_group(server: FakePortOne) -> None:
    server.billing_keys.add_group("group-1", "nice_v2.mid-1", failing={"kcp.mid-2": "[F112]오류"})

    _, body = await issue(server, "member-1", channel_group_id="group-1")

    key = body["response"]
    assert key["channelGroupId"] == "group-1"
    assert [channel["pg_id"] for channel in key["succeededChannels"]] == ["mid-1"]
    assert [channel["message"] for channel in key["failedChannels"]] == ["[F112]오류"]
    assert "card_number" not in key


async def test_batch_leaves_unknown_keys_out(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="a")
    server.billing_keys.add(customer_uid="b/1")
    target = "/subscribe/customers?customer_uid[]=a&customer_uid[]=b%2F1"

    assert (await fetch_json(server, target))[0] == 200
    status, body = await fetch_json(server, f"{target}&customer_uid[]=c")
    assert (status, body["code"]) == (207, 0)
    assert [key["customer_uid"] for key in body["response"]] == ["a", "b/1"]
    assert (await fetch_json(server, "/subscribe/customers?customer_uid[]=c"))[0] == 404


async def test_batch_takes_from_one_to_a_hundred_ids(server: FakePortOne) -> None:
    ids = "&".join(f"customer_uid[]={number}" for number in range(101))

    assert (await fetch_json(server, f"/subscribe/customers?{ids}"))[0] == 400
    assert (await fetch_json(server, "/subscribe/customers"))[0] == 400


async def test_deleted_key_is_returned_and_gone(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="member-1")

    _, body = await fetch_json(server, "/subscribe/customers/member-1", method="DELETE")

    assert body["response"]["customer_uid"] == "member-1"
    assert "member-1" not in server.billing_keys
    assert len(server.billing_keys) == 0


async def test_payments_of_a_key_come_in_pages_of_20(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="member-1")
    for number in range(21):
        server.add(customer_uid="member-1", merchant_uid=f"order-{number}")
    server.add(customer_uid="member-2")

    _, first = await fetch_json(server, "/subscribe/customers/member-1/payments")
    _, second = await fetch_json(server, "/subscribe/customers/member-1/payments?page=2")

    assert (len(first["response"]["list"]), first["response"]["next"]) == (20, 2)
    assert (len(second["response"]["list"]), second["response"]["next"]) == (1, 0)
    assert first["response"]["total"] == 21
    target = "/subscribe/customers/member-1/payments?page=x"
    assert (await fetch_json(server, target))[0] == 400
    assert (await fetch_json(server, "/subscribe/customers/member-9/payments"))[1]["code"] == 1


def test_charges_of_a_key_are_declined_as_often_as_requested(server: FakePortOne) -> None:
    keys = server.billing_keys
    assert keys.take_decline("member-1") is None

    keys.decline("member-1", "[3095]한도초과", times=2)
    assert [keys.take_decline("member-1") for _ in range(3)] == ["[3095]한도초과"] * 2 + [None]

    keys.decline("member-1")
    assert keys.take_decline("member-1") is not None
    keys.accept("member-1")
    assert keys.take_decline("member-1") is None


def test_charge_of_a_key_has_its_card_and_buyer(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="a", customer_name="홍길동", card_name="국민카드")
    channel = {"pg_provider": "kcp", "pg_id": "mid-2", "card_name": "BC카드"}
    server.billing_keys.add(
        customer_uid="b", channelGroupId="group-1", succeededChannels=[channel], failedChannels=[]
    )

    plain, super_key = (server.billing_keys.payment_fields(uid) for uid in ("a", "b"))

    assert (plain["buyer_name"], plain["card_name"]) == ("홍길동", "국민카드")
    assert (super_key["pg_provider"], super_key["card_name"]) == ("kcp", "BC카드")
