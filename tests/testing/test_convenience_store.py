"""Barcodes of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

URL = "/cvs"
REQUIRED: dict[str, Any] = {"channel_key": "c", "merchant_uid": "o", "amount": 9900}


async def issue(server: FakePortOne, **more: Any) -> tuple[int, Any]:
    body = {name: value for name, value in (REQUIRED | more).items() if value is not ...}
    return await fetch_json(server, URL, method="POST", json=body)


async def test_barcode_waits_and_is_paid(server: FakePortOne) -> None:
    _, body = await issue(server, barcode="880123")

    payment = body["response"]
    assert (payment["status"], payment["pay_method"]) == ("ready", "cvs")
    assert (payment["barcode"], payment["pg_provider"]) == ("880123", "galaxia")
    assert server.convenience_store.pay(payment["imp_uid"]).is_paid
    with pytest.raises(ValueError, match="not ready"):
        server.convenience_store.pay(payment["imp_uid"])
    with pytest.raises(KeyError):
        server.convenience_store.pay("imp_missing")


async def test_paid_order_gets_no_barcode(server: FakePortOne) -> None:
    server.add(merchant_uid="o")

    assert (await issue(server))[1]["code"] != 0


@pytest.mark.parametrize("name", sorted(REQUIRED))
async def test_missing_parameter_is_refused(server: FakePortOne, name: str) -> None:
    status, body = await issue(server, **{name: ...})

    assert status == 400
    assert f'"{name}"' in body["message"]


@pytest.mark.parametrize("wrong", [{"amount": "1"}, {"expired_at": "x"}, {"barcode": 5}])
async def test_parameter_of_another_type_is_refused(
    server: FakePortOne, wrong: dict[str, Any]
) -> None:
    assert (await issue(server, **wrong))[0] == 400


async def test_only_an_unpaid_barcode_is_revoked(server: FakePortOne) -> None:
    _, body = await issue(server)
    target = f"{URL}/{body['response']['imp_uid']}"
    card = server.add(status="ready").imp_uid

    _, closed = await fetch_json(server, target, method="DELETE")

    assert closed["response"]["status"] == "cancelled"
    for refused in (target, f"{URL}/{card}"):
        assert (await fetch_json(server, refused, method="DELETE"))[1]["code"] != 0
    assert (await fetch_json(server, f"{URL}/imp_missing", method="DELETE"))[0] == 404
