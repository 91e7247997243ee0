"""PAYCO, Paymentwall and the receipts of sub-shops."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

DELIVERY: dict[str, Any] = {
    "type": "digital",
    "status": "delivered",
    "estimated_delivery_datetime": 1795608000,
    "estimated_update_datetime": 1795608000,
    "refundable": "no",
    "shipping_address_email": "buyer@example.com",
}
PART = {"business_registration_number": "123-45-67890", "company_name": "강남점", "amount": 100}


async def post(server: FakePortOne, target: str, body: Any) -> tuple[int, Any]:
    return await fetch_json(server, target, method="POST", json=body)


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": "PAYED"}, {"status": 1}])
async def test_payco_refuses_another_status(server: FakePortOne, body: dict[str, Any]) -> None:
    imp_uid = server.add().imp_uid

    assert (await post(server, f"/payco/orders/status/{imp_uid}", body))[0] == 400


async def test_payco_names_the_states_that_it_knows(server: FakePortOne) -> None:
    imp_uid = server.add().imp_uid

    _, body = await post(server, f"/payco/orders/status/{imp_uid}", {"status": "asdf"})

    assert body["message"].startswith("파라미터 정보가 유효하지 않습니다. orderProductStatus")
    assert body["message"].endswith("OUTSELLER_REFUND,CANCELED}, but [asdf]")


async def test_paymentwall_refuses_physical_goods_without_an_address(server: FakePortOne) -> None:
    payment = server.add()
    ids = {"imp_uid": payment.imp_uid, "merchant_uid": payment.merchant_uid}

    status, body = await post(
        server, "/paymentwall/delivery", DELIVERY | ids | {"type": "physical"}
    )

    assert (status, body["code"], body["response"]["error_code"]) == (200, 0, 3)
    assert len(body["response"]["notices"]) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: None} for name in DELIVERY),
        {"type": "other"},
        {"status": "lost"},
        {"refundable": True},
        {"estimated_delivery_datetime": "tomorrow"},
        {"merchant_uid": "another"},
    ],
    ids=repr,
)
async def test_paymentwall_refuses_wrong_parameters(
    server: FakePortOne, wrong: dict[str, Any]
) -> None:
    payment = server.add()
    ids = {"imp_uid": payment.imp_uid, "merchant_uid": payment.merchant_uid}

    status, body = await post(server, "/paymentwall/delivery", DELIVERY | ids | wrong)

    assert (status, body["response"]) == (404 if "merchant_uid" in wrong else 400, None)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        [1],
        [PART | {"amount": None}],
        [PART | {"amount": "100"}],
        [PART | {"tax_free": -1}],
        [PART | {"business_registration_number": "1234567890"}],
    ],
    ids=repr,
)
async def test_partners_refuse_wrong_parts(server: FakePortOne, data: Any) -> None:
    imp_uid = server.add(pg_provider="html5_inicis").imp_uid

    assert (await post(server, f"/partners/receipts/{imp_uid}", {"data": data}))[0] == 400
    assert server.partners.receipts == {}


async def test_partners_add_parts_again_in_a_second_call(server: FakePortOne) -> None:
    imp_uid = server.add(pg_provider="html5_inicis").imp_uid

    for _ in range(2):
        status, body = await post(server, f"/partners/receipts/{imp_uid}", {"data": [PART]})
        assert (status, set(body["response"])) == (200, {"receipt_url"})

    assert server.partners.receipts == {imp_uid: [PART, PART]}
