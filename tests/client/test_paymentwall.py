"""``client.paymentwall``: reported deliveries."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from portone_async import ApiError, InvalidRequestError, PortOneClient, PortOneError
from portone_async.models.paymentwall import PaymentwallDelivery
from portone_async.resources.paymentwall import DeliveryRefusedError
from portone_async.testing import FakePortOne, Fault, Json, LostAnswer, Reset
from tests.support.canaries import error_texts, package_frames, pickled_texts

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DIGITAL: dict[str, Any] = {
    "type": "digital",
    "status": "delivered",
    "estimated_delivery_datetime": NOON,
    "estimated_update_datetime": NOON,
    "refundable": "no",
    "shipping_address_email": "gil@buyer.example",
}
ADDRESS: dict[str, Any] = {
    "shipping_address_country": "Atlantida",
    "shipping_address_city": "Hidden-City",
    "shipping_address_zip": "06234-77",
    "shipping_address_state": "Hidden-State",
    "shipping_address_street": "Hidden Street 1",
    "shipping_address_phone": "010-9876-5432",
    "shipping_address_firstname": "Gildong",
    "shipping_address_lastname": "Hongsecret",
}
PHYSICAL: dict[str, Any] = {
    **DIGITAL,
    **ADDRESS,
    "type": "physical",
    "carrier_tracking_id": "T-1",
    "carrier_type": "EPOST",
    "reason": "gift",
    "details": "ring twice for Gildong",
}


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


@pytest.mark.parametrize("delivery", [DIGITAL, PHYSICAL], ids=["digital", "physical"])
async def test_delivery_is_registered_with_its_parameters(
    server: FakePortOne, client: PortOneClient, delivery: dict[str, Any]
) -> None:
    payment = server.add(pg_provider="paymentwall")

    result = await client.paymentwall.register_delivery(
        payment.imp_uid, merchant_uid=payment.merchant_uid, **delivery, extra_body={"new": [1]}
    )

    assert result == PaymentwallDelivery(success=1)
    sent = server.requests[-1]
    assert (sent.method, sent.target) == ("POST", "/paymentwall/delivery")
    assert json.loads(sent.body) == delivery | {
        "imp_uid": payment.imp_uid,
        "merchant_uid": payment.merchant_uid,
        "estimated_delivery_datetime": 1795608000,
        "estimated_update_datetime": 1795608000,
        "new": [1],
    }


async def test_failure_inside_a_success_is_an_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = server.add(pg_provider="paymentwall")
    delivery = {name: value for name, value in PHYSICAL.items() if name != "shipping_address_zip"}

    with pytest.raises(DeliveryRefusedError) as caught:
        await client.paymentwall.register_delivery(
            payment.imp_uid, merchant_uid=payment.merchant_uid, **delivery
        )

    error = caught.value
    assert (error.status, error.code, error.error_code) == (200, 0, 3)
    assert error.notices == ("shipping_address_zip is required",)
    assert "Invalid delivery data; shipping_address_zip is required" in str(error)
    assert error.identifiers["imp_uid"] == payment.imp_uid
    assert not error.is_transient
    assert pickle.loads(pickle.dumps(error)) == error
    assert server.count("/paymentwall") == 1


@pytest.mark.parametrize(
    "response",
    [
        {"error": "Invalid delivery data", "error_code": 3, "notices": ["zip is required"]},
        {"error_code": 3, "success": 1},
        {"error_code": "E3", "notices": None},
        {"error": "Invalid delivery data"},
    ],
)
async def test_response_with_an_error_is_a_failure(
    server: FakePortOne, client: PortOneClient, response: dict[str, Any]
) -> None:
    server.fail(Json(answer(response)))

    with pytest.raises(DeliveryRefusedError):
        await client.paymentwall.register_delivery("imp_1", merchant_uid="o", **DIGITAL)


@pytest.mark.parametrize(
    "response", [{"success": 1}, {}, {"error_code": 0, "error": None, "success": 1, "new": {}}]
)
async def test_response_without_an_error_is_a_success(
    server: FakePortOne, client: PortOneClient, response: dict[str, Any]
) -> None:
    server.fail(Json(answer(response)))

    result = await client.paymentwall.register_delivery("imp_1", merchant_uid="o", **DIGITAL)

    assert result.raw == response


async def test_lost_answer_is_reported_again(server: FakePortOne, client: PortOneClient) -> None:
    payment = server.add(pg_provider="paymentwall")
    server.fail(LostAnswer())

    result = await client.paymentwall.register_delivery(
        payment.imp_uid, merchant_uid=payment.merchant_uid, **DIGITAL
    )

    assert result.success == 1
    assert server.count("/paymentwall", "POST") == 2


async def test_refusal_of_portone_is_an_api_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(ApiError) as caught:
        await client.paymentwall.register_delivery("imp_0", merchant_uid="o", **DIGITAL)

    assert not isinstance(caught.value, DeliveryRefusedError)
    assert caught.value.identifiers == {"imp_uid": "imp_0", "merchant_uid": "o"}


@pytest.mark.parametrize("wrong", [None, 1, ""], ids=repr)
async def test_identifier_that_is_not_text_is_not_sent(
    server: FakePortOne, client: PortOneClient, wrong: Any
) -> None:
    for ids in ({"imp_uid": wrong, "merchant_uid": "o"}, {"imp_uid": "i", "merchant_uid": wrong}):
        with pytest.raises(InvalidRequestError, match="_uid must"):
            await client.paymentwall.register_delivery(**ids, **DIGITAL)

    assert not server.requests


async def test_time_without_a_zone_is_not_sent(server: FakePortOne, client: PortOneClient) -> None:
    naive: dict[str, Any] = DIGITAL | {"estimated_update_datetime": NOON.replace(tzinfo=None)}

    with pytest.raises(InvalidRequestError, match="time zone"):
        await client.paymentwall.register_delivery("imp_1", merchant_uid="o", **naive)

    assert not server.requests


SECRETS = (
    "gil@",
    "Atlantida",
    "Hidden",
    "06234",
    "9876",
    "Gildong",
    "Hongsecret",
    "ring twice",
    "gift",
)
TEXT = "; ".join(str(value) for value in PHYSICAL.values())
ECHOES: dict[str, Fault] = {
    "refusal": Json(answer(None, code=-1, message=TEXT)),
    "error": Json(answer({"error_code": 3, "error": TEXT, "notices": [TEXT]})),
    "schema": Json(answer([TEXT])),
    "reset": Reset(),
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_no_error_has_personal_data(
    server: FakePortOne, client: PortOneClient, echo: str
) -> None:
    server.fail(ECHOES[echo], times=None)

    with pytest.raises(PortOneError) as caught:
        await client.paymentwall.register_delivery("imp_1", merchant_uid="o", **PHYSICAL)

    error = package_frames(caught.value)
    texts = [*error_texts(error), *pickled_texts(error)]
    assert not [secret for text in texts for secret in SECRETS if secret in text]
