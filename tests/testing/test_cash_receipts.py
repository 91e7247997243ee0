"""Cash receipts of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

OF_PAYMENT = "/receipts/imp_1"
EXTERNAL = "/receipts/external/order-1"
BODIES: dict[str, dict[str, Any]] = {
    OF_PAYMENT: {"identifier": "01012345678"},
    EXTERNAL: {"channel_key": "c", "name": "상품", "amount": 11000, "identifier": "01012345678"},
}
BOTH = pytest.mark.parametrize("target", [OF_PAYMENT, EXTERNAL])


@pytest.fixture(autouse=True)
def _paid(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=15000, cancel_amount=4000, status="cancelled")


async def issue(server: FakePortOne, target: str, **more: Any) -> tuple[int, Any]:
    return await fetch_json(server, target, method="POST", json=BODIES[target] | more)


@BOTH
async def test_receipt_has_the_fields_of_the_sample(server: FakePortOne, target: str) -> None:
    status, body = await issue(server, target, type="company")

    receipt = body["response"]
    name = "imp_uid" if target == OF_PAYMENT else "merchant_uid"
    assert status == 200
    assert receipt[name] == target.rsplit("/", maxsplit=1)[1]
    # The amount of a payment's receipt is its balance.
    assert (receipt["type"], receipt["amount"], receipt["vat"]) == ("company", 11000, 1000)
    assert receipt["applied_at"] > 0
    assert receipt["cancelled_at"] == 0
    assert await fetch_json(server, target) == (200, body)


@BOTH
async def test_taxes_are_as_requested(server: FakePortOne, target: str) -> None:
    _, body = await issue(server, target, tax_free=1000, vat_amount=900)

    assert body["response"]["vat"] == 900


@BOTH
async def test_second_receipt_is_refused(server: FakePortOne, target: str) -> None:
    await issue(server, target)

    status, body = await issue(server, target)

    assert (status, body["code"], body["response"]) == (400, -1, None)


@BOTH
async def test_receipt_is_revoked_once_and_stays_readable(server: FakePortOne, target: str) -> None:
    await issue(server, target)

    status, revoked = await fetch_json(server, target, method="DELETE")

    assert status == 200
    assert revoked["response"]["cancelled_at"] > 0
    assert await fetch_json(server, target) == (200, revoked)
    assert (await fetch_json(server, target, method="DELETE"))[0] == 400
    assert (await issue(server, target))[0] == 400


async def test_missing_receipt_gets_the_exact_404(server: FakePortOne) -> None:
    message = "해당 아임포트 고유 번호(imp_1)로 현금영수증을 발급 한 내역이 존재하지 않습니다."
    missing = {"code": -1, "message": message, "response": None}

    assert await fetch_json(server, OF_PAYMENT) == (404, missing)
    assert (await fetch_json(server, EXTERNAL))[0] == 404


async def test_cancel_of_a_missing_receipt_is_refused(server: FakePortOne) -> None:
    assert (await fetch_json(server, OF_PAYMENT, method="DELETE"))[0] == 400
    assert (await fetch_json(server, EXTERNAL, method="DELETE"))[0] == 404


async def test_receipt_needs_a_paid_payment(server: FakePortOne) -> None:
    ready = server.add(status="ready").imp_uid

    for imp_uid in (ready, "imp_missing"):
        status, _ = await fetch_json(
            server, f"/receipts/{imp_uid}", method="POST", json=BODIES[OF_PAYMENT]
        )
        assert status == 400


@BOTH
async def test_pg_may_refuse_and_be_unsupported(server: FakePortOne, target: str) -> None:
    await issue(server, target)
    receipts = server.cash_receipts
    receipts.refusal = (500, "거절")
    refused = await fetch_json(server, target, method="DELETE")
    receipts.is_supported = False
    unsupported = await fetch_json(server, target, method="DELETE")

    assert (refused[0], refused[1]["message"]) == (500, "거절")
    assert unsupported[0] == 501
    receipts.refusal, receipts.is_supported = None, True
    assert (await fetch_json(server, target, method="DELETE"))[0] == 200


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [
        {"identifier": None},
        {"identifier": 1012345678},
        {"identifier_type": "card"},
        {"type": "personal"},
        {"product_type": "other"},
        {"tax_free": "1000"},
        {"vat_amount": True},
        {"buyer_tel": 5},
    ],
)
async def test_wrong_parameter_is_refused(
    server: FakePortOne, target: str, wrong: dict[str, Any]
) -> None:
    assert (await issue(server, target, **wrong))[0] == 400
    assert (await fetch_json(server, target))[0] == 404


async def test_receipt_of_the_payment_window_can_be_added(server: FakePortOne) -> None:
    receipt = server.cash_receipts.add("imp_1", type="company", amount=11000, vat=1000)

    _, body = await fetch_json(server, OF_PAYMENT)

    assert body["response"]["apply_num"] == receipt.apply_num
    assert (receipt.type, receipt.imp_uid) == ("company", "imp_1")
    assert (await issue(server, OF_PAYMENT))[0] == 400
