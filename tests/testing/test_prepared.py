"""Amounts registered before payment."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch, fetch_json


@pytest.mark.parametrize("encoding", ["json", "data"])
async def test_amount_is_prepared_once_and_can_be_read(server: FakePortOne, encoding: str) -> None:
    order: dict[str, Any] = {encoding: {"merchant_uid": "주문 1", "amount": 15000}}
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


async def test_update_replaces_amount_and_currency(server: FakePortOne) -> None:
    url = "/payments/prepare"
    await fetch(server, url, method="POST", json={"merchant_uid": "o", "amount": 1})
    changed = {"merchant_uid": "o", "amount": 2, "currency": "USD"}

    _, updated = await fetch_json(server, url, method="PUT", json=changed)

    assert updated == {"code": 0, "message": None, "response": changed}
    assert await fetch_json(server, f"{url}/o") == (200, updated)


async def test_update_of_an_order_without_prepared_amount_gets_404(server: FakePortOne) -> None:
    order = {"merchant_uid": "o", "amount": 1}

    status, body = await fetch_json(server, "/payments/prepare", method="PUT", json=order)

    assert (status, body["code"]) == (404, -1)
    assert (await fetch_json(server, "/payments/prepare/o"))[0] == 404
