"""Charges of the fake, without the client."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

AGAIN: dict[str, Any] = {
    "customer_uid": "member-1",
    "merchant_uid": "order-1",
    "amount": 9900,
    "name": "구독",
}
ONETIME: dict[str, Any] = {
    "merchant_uid": "order-1",
    "amount": 9900,
    "card_number": "1234-5600-0000-7890",
    "expiry": "2030-12",
}


@pytest.fixture(autouse=True)
def _key(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="member-1", customer_name="키 이름")


async def again(server: FakePortOne, **fields: Any) -> Any:
    body = {name: value for name, value in (AGAIN | fields).items() if value != "absent"}
    return await fetch_json(server, "/subscribe/payments/again", method="POST", json=body)


async def onetime(server: FakePortOne, **fields: Any) -> Any:
    body = {name: value for name, value in (ONETIME | fields).items() if value != "absent"}
    return await fetch_json(server, "/subscribe/payments/onetime", method="POST", json=body)


async def test_charge_makes_a_payment_that_look_ups_find(server: FakePortOne) -> None:
    status, body = await again(server, buyer_email="a@example.com", custom_data={"a": 1})

    assert (status, body["code"]) == (200, 0)
    payment = body["response"]
    assert payment["imp_uid"].startswith("imps_")
    assert (payment["status"], payment["channel"]) == ("paid", "api")
    assert payment["customer_uid_usage"] == "payment"
    assert payment["custom_data"] == '{"a": 1}'
    assert payment["buyer_email"] == "a@example.com"
    assert payment["buyer_name"] == "키 이름"
    _, found = await fetch_json(server, "/payments/find/order-1")
    assert found["response"] == payment


async def test_form_is_accepted_as_json_is(server: FakePortOne) -> None:
    form = {name: str(value) for name, value in AGAIN.items()}
    _, body = await fetch_json(server, "/subscribe/payments/again", method="POST", data=form)

    assert body["response"]["amount"] == 9900


async def test_unknown_key_is_refused_with_code_1(server: FakePortOne) -> None:
    status, body = await again(server, customer_uid="unknown")

    assert (status, body["code"], body["response"]) == (200, 1, None)
    assert body["message"] == "등록되지 않은 구매자입니다."


@pytest.mark.parametrize("status", ["paid", "failed", "ready", "cancelled"])
async def test_used_number_is_refused(server: FakePortOne, status: str) -> None:
    server.add(merchant_uid="order-1", status=status)

    for charge in (again, onetime):
        status_code, body = await charge(server)
        assert (status_code, body["code"], body["response"]) == (200, -1, None)
        assert "이미 존재하는 merchant_uid" in body["message"]


async def test_used_number_is_charged_again_if_the_test_allows_it(server: FakePortOne) -> None:
    server.charges.refuses_used_numbers = False
    await again(server)
    await again(server)

    assert len(server.payments.of_order("order-1", status="paid")) == 2


@pytest.mark.parametrize("name", ["customer_uid", "merchant_uid", "amount", "name"])
async def test_missing_parameter_is_named(server: FakePortOne, name: str) -> None:
    _, body = await again(server, **{name: "absent"})

    assert body["code"] != 0
    assert name in body["message"]
    assert len(server.payments) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "9900"),
        ("amount", True),
        ("name", 5),
        ("card_quota", "3"),
        ("card_quota", -1),
        ("tax_free", "x"),
        ("interest_free_by_merchant", "true"),
        ("extra", "x"),
        ("product_count", 1.5),
        ("bypass", {}),
    ],
)
async def test_parameter_of_another_type_is_refused(
    server: FakePortOne, name: str, value: Any
) -> None:
    _, body = await again(server, **{name: value})

    assert body["code"] != 0
    assert len(server.payments) == 0


async def test_next_charges_fail_are_refused_or_hidden(server: FakePortOne) -> None:
    server.charges.fail_next("한도초과", times=2)
    server.charges.refuse_next("거절", code=7)
    bodies = [(await again(server, merchant_uid=f"order-{n}"))[1] for n in range(4)]

    statuses = [body["response"] and body["response"]["status"] for body in bodies]
    assert statuses == ["failed", "failed", None, "paid"]
    assert bodies[0]["response"]["fail_reason"] == "한도초과"
    assert (bodies[2]["code"], bodies[2]["message"]) == (7, "거절")


async def test_hidden_payment_appears_when_the_clock_moves(server: FakePortOne) -> None:
    server.charges.hide_next(60)
    _, body = await again(server)
    status, _ = await fetch_json(server, "/payments/find/order-1")
    assert status == 404
    # Its number is used already.
    assert (await again(server))[1]["code"] == -1

    server.advance(60)

    _, found = await fetch_json(server, "/payments/find/order-1")
    assert found["response"] == body["response"]
    assert (await again(server))[1]["code"] == -1


async def test_declined_key_fails_and_another_one_does_not(server: FakePortOne) -> None:
    server.billing_keys.decline("member-1", "정지된 카드", times=1)
    bodies = [(await again(server, merchant_uid=f"order-{n}"))[1] for n in range(2)]

    assert [body["response"]["status"] for body in bodies] == ["failed", "paid"]
    assert bodies[0]["response"]["fail_reason"] == "정지된 카드"


async def test_card_is_charged_and_stored_under_a_name(server: FakePortOne) -> None:
    _, body = await onetime(server, customer_uid="member-2", pg="nice.mid-1")

    payment = body["response"]
    assert payment["card_number"] == "123456******7890"
    assert (payment["pg_provider"], payment["pg_id"]) == ("nice", "mid-1")
    assert "member-2" in server.billing_keys


async def test_card_of_a_failed_charge_is_not_stored(server: FakePortOne) -> None:
    server.charges.fail_next()
    await onetime(server, customer_uid="member-2")

    assert "member-2" not in server.billing_keys


async def test_rejected_card_is_refused_without_a_payment(server: FakePortOne) -> None:
    server.billing_keys.reject_card("1234-5600-0000-7890", "[F113]거래거절 카드번호틀림")
    _, body = await onetime(server)

    assert body["code"] == -1
    assert body["message"] == "카드정보 인증에 실패하였습니다. [F113]거래거절 카드번호틀림"
    assert len(server.payments) == 0
