"""KCP quick pay and Benepia of the fake, without the client."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

REGISTRATION: dict[str, Any] = {"btid": "b-1", "cust_ip": "203.0.113.1", "code_verifier": "secret"}
MONEY: dict[str, Any] = {
    "member_id": "member-1",
    "channel_key": "channel-1",
    "merchant_uid": "order-1",
    "name": "상품",
    "amount": 9900,
    "imp_uid": "imp_1",
}
POINTS: dict[str, Any] = {"benepia_user": "u", "benepia_password": "p", "channel_key": "channel-1"}


async def send(server: FakePortOne, target: str, method: str = "POST", /, **fields: Any) -> Any:
    return await fetch_json(server, target, method=method, json=fields)


async def test_transaction_is_registered_once_and_changed(server: FakePortOne) -> None:
    target = "/kcpquick/prepare/order-1"

    assert (await send(server, target, "PUT", **REGISTRATION))[0] == 404
    assert (await send(server, target, **REGISTRATION))[0] == 200
    assert (await send(server, target, **REGISTRATION))[0] == 409
    assert (await send(server, target, "PUT", **(REGISTRATION | {"btid": "b-2"})))[0] == 200
    assert server.kcp_quick.registered["order-1"]["btid"] == "b-2"


@pytest.mark.parametrize(
    "fields",
    [
        {"btid": "b-1"},
        REGISTRATION | {"prepaid_auth_yn": "X"},
        REGISTRATION | {"prepaid_auth_yn": "Y"},
        REGISTRATION | {"prepaid_amount": 1.5},
    ],
    ids=repr,
)
async def test_bad_registration_gets_400(server: FakePortOne, fields: dict[str, Any]) -> None:
    assert (await send(server, "/kcpquick/prepare/order-1", **fields))[0] == 400


async def test_quick_pay_takes_no_forms(server: FakePortOne) -> None:
    status, _ = await fetch_json(
        server, "/kcpquick/prepare/order-1", method="POST", data=REGISTRATION
    )

    assert status == 400


async def test_money_is_charged_once_by_one_transaction(server: FakePortOne) -> None:
    server.kcp_quick.add_member("member-1")

    assert (await send(server, "/kcpquick/payment/money", **MONEY))[1]["code"] == 0
    second = MONEY | {"merchant_uid": "order-2"}
    assert (await send(server, "/kcpquick/payment/money", **second))[1]["code"] != 0


async def test_amount_of_quick_pay_is_whole(server: FakePortOne) -> None:
    server.kcp_quick.add_member("member-1")

    _, body = await send(server, "/kcpquick/payment/money", **(MONEY | {"amount": 1.5}))

    assert body["code"] != 0


async def test_member_is_erased_only_with_query_and_header(server: FakePortOne) -> None:
    server.kcp_quick.add_member("member-1")
    target = "/kcpquick/members/member-1"
    query = "?site_code=a&partner_type=b&partner_subtype=c"
    accept = {"Accept": "application/json"}

    assert (await fetch_json(server, target, method="DELETE", headers=accept))[0] == 400
    assert (await fetch_json(server, target + query, method="DELETE"))[0] == 400
    status, body = await fetch_json(server, target + query, method="DELETE", headers=accept)
    assert (status, body["response"]["member_id"]) == (200, "member-1")
    assert (await fetch_json(server, target + query, method="DELETE", headers=accept))[0] == 404


async def test_failure_of_fido_has_no_response(server: FakePortOne) -> None:
    server.kcp_quick.add_member("member-1", has_fido=False)

    status, body = await send(server, "/kcpquick/members/member-1/fido/release", channel_key="c")

    assert status == 200
    assert sorted(body) == ["code", "error", "message"]
    assert body["error"]["code"] == "C210"


async def test_points_are_spent_unless_it_is_a_test(server: FakePortOne) -> None:
    server.benepia.add("u", "p", point=1000)
    order: dict[str, Any] = {"amount": 400, "name": "상품"}

    _, test = await send(server, "/benepia/payment", **POINTS, **order, merchant_uid="o-1")
    assert test["response"]["sandbox"] is True
    _, real = await send(
        server, "/benepia/payment", **POINTS, **order, merchant_uid="o-2", benepia_member_code="c"
    )
    assert real["response"]["sandbox"] is False
    assert (await send(server, "/benepia/point", **POINTS))[1]["response"] == {"point": 600}


async def test_wrong_password_and_too_few_points_get_500(server: FakePortOne) -> None:
    server.benepia.add("u", "p", point=10)
    order: dict[str, Any] = {"amount": 400, "name": "상품", "merchant_uid": "o-1"}

    for fields in (POINTS | {"benepia_password": "x"}, POINTS):
        status, body = await send(server, "/benepia/payment", **fields, **order)
        assert (status, body["response"]) == (500, None)


async def test_webhook_url_of_benepia_is_an_array(server: FakePortOne) -> None:
    server.benepia.add("u", "p")
    order: dict[str, Any] = {
        "amount": 400,
        "name": "상품",
        "merchant_uid": "o-1",
        "notice_url": "https://a",
    }

    _, body = await send(server, "/benepia/payment", **POINTS, **order)

    assert "notice_url" in body["message"]
