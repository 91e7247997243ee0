"""Escrow deliveries of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

URL = "/escrows/logis/imp_1"
LOGIS: dict[str, Any] = {"company": "CJGLS", "invoice": "1", "sent_at": 1772331300}
BODY: dict[str, Any] = {"sender": {"name": "홍"}, "receiver": {"name": "김"}, "logis": LOGIS}


@pytest.fixture(autouse=True)
def _paid(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", escrow=True)


async def send(server: FakePortOne, method: str = "POST", **more: Any) -> tuple[int, Any]:
    body = {name: value for name, value in (BODY | more).items() if value is not ...}
    return await fetch_json(server, URL, method=method, json=body)


async def test_delivery_is_registered_once_and_changed(server: FakePortOne) -> None:
    assert (await fetch_json(server, URL))[0] == 409
    assert (await send(server, "PUT"))[0] == 409

    status, body = await send(server, products=[{"id": "p", "name": "n", "amount": 1}])

    assert status == 200
    assert body["response"].pop("applied_at") > 0
    assert body["response"] == LOGIS
    assert (await send(server))[0] == 409
    changed = LOGIS | {"company": "EPOST"}
    assert (await send(server, "PUT", logis=changed))[1]["response"]["company"] == "EPOST"
    assert (await fetch_json(server, URL))[1]["response"]["company"] == "EPOST"


async def test_unknown_courier_becomes_etc(server: FakePortOne) -> None:
    _, body = await send(server, logis=LOGIS | {"company": "NEWPOST"})

    assert body["response"]["company"] == "ETC"


async def test_delivery_may_be_visible_later(server: FakePortOne) -> None:
    server.escrow.visible_after = 1800
    await send(server)

    assert (await fetch_json(server, URL))[0] == 409
    assert (await send(server, "PUT"))[0] == 409
    server.advance(1801)
    assert (await fetch_json(server, URL))[0] == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_unknown_payment_and_pg_are_refused(server: FakePortOne, method: str) -> None:
    server.update("imp_1", pg_provider="nice")
    assert (await send(server, method))[0] == 400
    server.remove("imp_1")
    assert (await send(server, method))[0] == 404


async def test_payment_without_escrow_is_refused(server: FakePortOne) -> None:
    server.update("imp_1", escrow=False)

    status, body = await send(server)

    assert (status, body["message"]) == (409, "해당거래건은 배송정보를 등록할 수 없습니다.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": ...},
        {"receiver": ...},
        {"logis": ...},
        {"sender": "홍"},
        {"sender": {"name": 5}},
        {"receiver": {"formed_address": "길"}},
        {"receiver": {"formed_address": {"address_line_1": 1}}},
        {"logis": {"company": "CJGLS", "invoice": "1"}},
        {"logis": LOGIS | {"sent_at": "2026-03-01"}},
        {"logis": LOGIS | {"receiving_at": 20260301}},
        {"products": {"id": "p"}},
        {"products": ["p"]},
        {"products": [{"id": "p", "name": "n"}]},
        {"products": [{"id": "p", "name": "n", "amount": "1"}]},
        {"send_email": "no"},
    ],
)
async def test_wrong_parameter_is_refused(server: FakePortOne, wrong: dict[str, Any]) -> None:
    for method in ("POST", "PUT"):
        assert (await send(server, method, **wrong))[0] == 400
    assert (await fetch_json(server, URL))[0] == 409
