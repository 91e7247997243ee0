"""``client.partners``: parts of sub-shops in receipts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneClient,
    PortOneError,
)
from portone_async.models.partners import PartnerReceipt
from portone_async.resources.partners import PartnerPaymentNotFoundError
from portone_async.testing import FakePortOne, Json, LostAnswer, Reset, Status
from tests.support.canaries import error_texts, package_frames, pickled_texts, renderings

PART = PartnerReceipt(
    business_registration_number="987-65-43210",
    company_name="심어둔상점",
    amount=Decimal("6000.00"),
    tax_free=0,
    vat_amount="545",
)
OTHER: dict[str, Any] = {
    "business_registration_number": "987-65-43211",
    "company_name": "다른상점",
    "amount": 4000,
}


@pytest.fixture(name="imp_uid")
def _imp_uid(server: FakePortOne) -> str:
    return server.add(pg_provider="html5_inicis", amount=10000).imp_uid


async def test_issue_sends_the_parts_of_the_receipt(
    server: FakePortOne, client: PortOneClient, imp_uid: str
) -> None:
    result = await client.partners.issue_receipt(imp_uid, data=[PART, OTHER], extra_body={"new": 1})

    assert result.receipt_url == f"https://receipt.example.com/{imp_uid}"
    sent = server.requests[-1]
    assert (sent.method, sent.target) == ("POST", f"/partners/receipts/{imp_uid}")
    assert json.loads(sent.body) == {
        "data": [
            {
                "business_registration_number": "987-65-43210",
                "company_name": "심어둔상점",
                "amount": 6000,
                "tax_free": 0,
                "vat_amount": 545,
            },
            OTHER,
        ],
        "new": 1,
    }
    assert b"6000," in sent.body
    assert len(server.partners.receipts[imp_uid]) == 2


async def test_unknown_payment_is_not_found(client: PortOneClient) -> None:
    with pytest.raises(PartnerPaymentNotFoundError) as caught:
        await client.partners.issue_receipt("imp_0", data=[PART])

    assert caught.value.identifiers == {"imp_uid": "imp_0"}


@pytest.mark.parametrize(
    ("payment", "status"),
    [
        ({"pg_provider": "nice"}, 501),
        ({"pg_provider": "html5_inicis", "status": "failed"}, 400),
    ],
)
async def test_refusal_is_an_api_error_and_is_not_repeated(
    server: FakePortOne, client: PortOneClient, payment: dict[str, Any], status: int
) -> None:
    imp_uid = server.add(**payment).imp_uid

    with pytest.raises(ApiError) as caught:
        await client.partners.issue_receipt(imp_uid, data=[PART])

    assert caught.value.status == status
    assert not caught.value.is_transient
    assert server.count("/partners") == 1


async def test_trouble_inside_portone_is_an_answer(
    server: FakePortOne, client: PortOneClient, imp_uid: str
) -> None:
    server.fail(Json({"code": -1, "message": "내부 오류", "response": None}, status=500))

    with pytest.raises(ApiError) as caught:
        await client.partners.issue_receipt(imp_uid, data=[PART])

    assert (caught.value.status, caught.value.is_transient) == (500, False)


@pytest.mark.parametrize("fault", [LostAnswer(), Status(500)], ids=["lost", "page"])
async def test_lost_answer_is_unknown_and_sent_once(
    server: FakePortOne, client: PortOneClient, imp_uid: str, fault: Any
) -> None:
    server.fail(fault)

    with pytest.raises(OutcomeUnknownError, match="no look-up") as caught:
        await client.partners.issue_receipt(imp_uid, data=[PART])

    assert caught.value.identifiers == {"imp_uid": imp_uid}
    assert server.count("/partners") == 1


async def test_odd_response_is_read_in_part(
    server: FakePortOne, client: PortOneClient, imp_uid: str
) -> None:
    server.fail(Json({"code": 0, "message": None, "response": {"receipt_url": 1, "new": 2}}))

    result = await client.partners.issue_receipt(imp_uid, data=[PART])

    assert (result.receipt_url, result.unreadable) == (None, ("receipt_url",))


@pytest.mark.parametrize(
    "data",
    [
        [],
        "text",
        None,
        [1],
        [{"company_name": "x", "amount": 1}],
        [OTHER | {"amount": 1.5}],
        [OTHER | {"amount": True}],
        [OTHER | {"tax_free": -1}],
        [OTHER | {"vat_amount": "a lot"}],
    ],
    ids=repr,
)
async def test_invalid_parts_are_not_sent(
    server: FakePortOne, client: PortOneClient, data: Any
) -> None:
    with pytest.raises(InvalidRequestError, match=r"data|amount"):
        await client.partners.issue_receipt("imp_1", data=data)

    assert not server.requests


def test_repr_of_a_part_shows_no_company() -> None:
    texts = list(renderings(PART))

    assert "amount" in texts[0]
    assert not [text for text in texts if "43210" in text or "심어둔상점" in text]


@pytest.mark.parametrize("status", [200, 400, 500, 0])
async def test_no_error_has_a_registration_number(
    server: FakePortOne, client: PortOneClient, status: int
) -> None:
    echo = {"code": -1, "message": "사업자번호 9876543210 오류", "response": None}
    server.fail(Json(echo, status=status) if status else Reset())

    with pytest.raises(PortOneError) as caught:
        await client.partners.issue_receipt("imp_1", data=[PART])

    error = package_frames(caught.value)
    texts = [*error_texts(error), *pickled_texts(error)]
    spelled = ("9876543210", "987-65-43210", "심어둔상점")
    assert not [secret for text in texts for secret in spelled if secret in text]
