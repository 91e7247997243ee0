"""``client.cash_receipts``: issued once and revoked, for payments and for other money."""

from __future__ import annotations

import json
import pickle
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneClient,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.models.cash_receipts import ExternalReceipt, Receipt
from portone_async.resources.cash_receipts import ReceiptIssuedError, ReceiptNotFoundError
from portone_async.testing import (
    ExpiredToken,
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Reset,
    Status,
)
from tests.support.sample_bodies import SAMPLES

URL = "/receipts/"
AnyReceipt: TypeAlias = Receipt | ExternalReceipt


class Kind(msgspec.Struct, frozen=True):
    """The three methods of one kind of receipts, for the order or payment ``imp_1``."""

    name: str
    path: str
    get: Callable[[PortOneClient], Awaitable[AnyReceipt]]
    issue: Callable[..., Awaitable[AnyReceipt]]
    cancel: Callable[..., Awaitable[AnyReceipt]]


def issue(client: PortOneClient, **more: Any) -> Awaitable[AnyReceipt]:
    required: dict[str, Any] = {"identifier": "01012345678"}
    return client.cash_receipts.issue("imp_1", **(required | more))


def issue_external(client: PortOneClient, **more: Any) -> Awaitable[AnyReceipt]:
    required: dict[str, Any] = {
        "channel_key": "channel-key-1",
        "name": "상품",
        "amount": 11000,
        "identifier": "01012345678",
    }
    return client.cash_receipts.issue_external("imp_1", **(required | more))


def cancel(client: PortOneClient, **more: Any) -> Awaitable[AnyReceipt]:
    return client.cash_receipts.cancel("imp_1", **more)


def cancel_external(client: PortOneClient, **more: Any) -> Awaitable[AnyReceipt]:
    return client.cash_receipts.cancel_external("imp_1", **more)


OF_PAYMENT = Kind(
    "payment",
    "/receipts/imp_1",
    lambda client: client.cash_receipts.get("imp_1"),
    issue,
    cancel,
)
EXTERNAL = Kind(
    "external",
    "/receipts/external/imp_1",
    lambda client: client.cash_receipts.get_external("imp_1"),
    issue_external,
    cancel_external,
)
BOTH = pytest.mark.parametrize("kind", [OF_PAYMENT, EXTERNAL], ids=lambda kind: kind.name)


@pytest.fixture(autouse=True)
def _paid(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=11000, pay_method="trans")


@BOTH
async def test_receipt_is_issued_read_and_revoked(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    receipt = await kind.issue(client)

    assert receipt.type == "person"
    assert receipt.amount == 11000
    assert receipt.vat == 1000
    assert receipt.apply_num
    assert receipt.applied_at is not None
    assert not receipt.is_cancelled
    assert await kind.get(client) == receipt
    revoked = await kind.cancel(client)
    assert revoked.is_cancelled
    assert await kind.get(client) == revoked
    assert [(each.method, each.target) for each in server.requests[-4:]] == [
        (method, kind.path) for method in ("POST", "GET", "DELETE", "GET")
    ]


async def test_issue_sends_every_parameter(server: FakePortOne, client: PortOneClient) -> None:
    texts: dict[str, Any] = {
        "identifier": "010-1234-5678",
        "identifier_type": "phone",
        "type": "company",
        "product_type": "digital",
        "company_tel": "02-1234-5678",
        "company_name": "상점",
        "corp_reg_no": "1234567890",
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
    }
    receipt = await client.cash_receipts.issue(
        "imp_1", **texts, tax_free=1000, vat_amount=Decimal(900), extra_body={"vat": 900}
    )

    assert json.loads(server.requests[-1].body) == texts | {
        "tax_free": 1000,
        "vat_amount": 900,
        "vat": 900,
    }
    assert receipt.type == "company"
    assert receipt.vat == 900


async def test_issue_external_sends_every_parameter(
    server: FakePortOne, client: PortOneClient
) -> None:
    texts: dict[str, Any] = {
        "channel_key": "channel-key-1",
        "name": "상품",
        "identifier": "010-1234-5678",
        "identifier_type": "phone",
        "type": "company",
        "product_type": "digital",
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
        "corp_reg_no": "1234567890",
        "pay_method": "trans",
    }
    receipt = await client.cash_receipts.issue_external(
        "CASH-1", **texts, amount="5500", tax_free=1000, vat_amount=400, extra_body={"new": 1}
    )

    assert json.loads(server.requests[-1].body) == texts | {
        "amount": 5500,
        "tax_free": 1000,
        "vat_amount": 400,
        "new": 1,
    }
    assert receipt.merchant_uid == "CASH-1"


@BOTH
async def test_omitted_parameters_are_not_sent(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    await kind.issue(client)

    external: dict[str, Any] = {"channel_key": "channel-key-1", "name": "상품", "amount": 11000}
    assert json.loads(server.requests[-1].body) == {
        "identifier": "01012345678",
        **(external if kind is EXTERNAL else {}),
    }


@BOTH
async def test_missing_receipt_is_not_found(client: PortOneClient, kind: Kind) -> None:
    for method in (kind.get, kind.cancel):
        with pytest.raises(ReceiptNotFoundError) as caught:
            await method(client)
        assert (caught.value.status, caught.value.code) == (404, -1)


@BOTH
@pytest.mark.parametrize("status", [200, 404])
async def test_missing_receipt_may_come_with_data(
    server: FakePortOne, client: PortOneClient, kind: Kind, status: int
) -> None:
    # PortOne's pages print `data`, not `response`.
    sample = SAMPLES["receipt_missing_404"].body
    body = {"code": sample["code"], "message": sample["message"], "data": None}
    server.fail(Json(body, status=status), on=URL)

    with pytest.raises(ReceiptNotFoundError):
        await kind.get(client)


@BOTH
@pytest.mark.parametrize("fault", [HtmlPage(404), Json({"code": 404, "message": "x"}, status=404)])
async def test_404_of_a_gateway_is_not_a_missing_receipt(
    server: FakePortOne, client: PortOneClient, kind: Kind, fault: Any
) -> None:
    server.fail(fault, on=URL)

    with pytest.raises(UnexpectedResponseError):
        await kind.get(client)


# A second receipt


@BOTH
async def test_issuing_twice_returns_the_receipt(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    receipt = await kind.issue(client)

    assert await kind.issue(client, type="person", vat_amount=1000) == receipt
    assert [each.method for each in server.requests[-3:]] == ["POST", "POST", "GET"]


@BOTH
@pytest.mark.parametrize("other", [{"type": "company"}, {"vat_amount": 999}, {"amount": 10999}])
async def test_other_receipt_is_reported(
    client: PortOneClient, kind: Kind, other: dict[str, Any]
) -> None:
    if kind is OF_PAYMENT and "amount" in other:
        return  # Its amount is the balance of the payment.
    receipt = await kind.issue(client)

    with pytest.raises(ReceiptIssuedError, match="another receipt") as caught:
        await kind.issue(client, **other)

    assert caught.value.receipt == receipt
    assert (caught.value.status, caught.value.code) == (400, -1)
    assert list(caught.value.identifiers.values()) == ["imp_1"]


@BOTH
async def test_revoked_receipt_is_reported(client: PortOneClient, kind: Kind) -> None:
    await kind.issue(client)
    revoked = await kind.cancel(client)

    with pytest.raises(ReceiptIssuedError, match="revoked") as caught:
        await kind.issue(client)
    assert caught.value.receipt == revoked
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value


async def test_400_without_a_receipt_is_an_api_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.update("imp_1", status="ready", paid_at=None)

    with pytest.raises(ApiError, match="발행할 수 없는") as caught:
        await issue(client)
    assert type(caught.value) is ApiError
    assert caught.value.status == 400


# Open outcomes


@BOTH
async def test_issue_finds_its_receipt_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    server.fail(LostAnswer(), on=URL)

    receipt = await kind.issue(client)

    assert await kind.get(client) == receipt
    assert server.count(URL, "POST") == 1


@BOTH
@pytest.mark.parametrize("fault", [Reset(), Status(503), HtmlPage(200), ExpiredToken()])
async def test_issue_is_sent_again_if_there_is_no_receipt(
    server: FakePortOne, client: PortOneClient, kind: Kind, fault: Any
) -> None:
    server.fail(fault, on=URL)

    assert not (await kind.issue(client)).is_cancelled
    assert server.count(URL, "POST") == 2


@BOTH
async def test_lost_answer_with_a_revoked_receipt_is_refused(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    await kind.issue(client)
    await kind.cancel(client)
    server.fail(Reset(), on=URL)

    with pytest.raises(ReceiptIssuedError, match="revoked"):
        await kind.issue(client)


@BOTH
async def test_lost_answer_with_another_receipt_is_reported(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    await kind.issue(client)
    server.fail(Reset(), on=URL)

    with pytest.raises(ReceiptIssuedError):
        await kind.issue(client, type="company")
    assert server.count(URL, "POST") == 2


@BOTH
async def test_outcome_without_a_look_up_is_unknown(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    server.fail(LostAnswer(), on=URL)
    server.fail(Status(503), times=None, on=URL)

    with pytest.raises(OutcomeUnknownError):
        await kind.issue(client, settle=0)
    server.clear_faults()
    server.fail(Reset(), on=URL)
    server.fail(Status(503), times=None, on=URL)
    with pytest.raises(OutcomeUnknownError):
        await kind.cancel(client, settle=0)


@BOTH
@pytest.mark.parametrize(("fault", "deletes"), [(LostAnswer(), 1), (Reset(), 2), (Status(502), 2)])
async def test_cancel_is_settled_after_an_open_outcome(
    server: FakePortOne, client: PortOneClient, kind: Kind, fault: Any, deletes: int
) -> None:
    await kind.issue(client)
    server.fail(fault, on=URL)

    assert (await kind.cancel(client)).is_cancelled
    assert server.count(URL, "DELETE") == deletes


@BOTH
async def test_revoking_twice_is_a_success(client: PortOneClient, kind: Kind) -> None:
    await kind.issue(client)
    revoked = await kind.cancel(client)

    assert await kind.cancel(client) == revoked


@BOTH
async def test_lost_cancel_of_no_receipt_is_not_found(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    server.fail(Reset(), on=URL)

    with pytest.raises(ReceiptNotFoundError):
        await kind.cancel(client)


# Verdicts


@BOTH
async def test_refusal_of_the_pg_is_not_an_outage(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    server.cash_receipts.refusal = (500, "PG사에서 거절하였습니다.")
    with pytest.raises(ApiError, match="거절") as caught:
        await kind.issue(client)
    assert not isinstance(caught.value, ServerError)
    server.cash_receipts.refusal = None
    await kind.issue(client)
    server.cash_receipts.refusal = (500, "PG사에서 거절하였습니다.")
    with pytest.raises(ApiError, match="거절") as caught:
        await kind.cancel(client)
    assert not caught.value.is_transient
    assert (server.count(URL, "POST"), server.count(URL, "DELETE")) == (2, 1)


@BOTH
async def test_unsupported_pg_is_a_verdict(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    server.cash_receipts.is_supported = False

    with pytest.raises(ApiError) as caught:
        await kind.issue(client)
    assert caught.value.status == 501
    assert server.count(URL) == 1


@BOTH
async def test_500_without_an_envelope_is_an_outage(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    server.fail(Status(500), times=None, on=URL)

    with pytest.raises(ServerError):
        await kind.get(client)
    assert server.count(URL) > 1


# Responses


@BOTH
async def test_receipt_of_another_one_is_rejected(
    server: FakePortOne, client: PortOneClient, kind: Kind
) -> None:
    name = "merchant_uid" if kind is EXTERNAL else "imp_uid"
    server.fail(Json({"code": 0, "message": None, "response": {name: "other"}}), on=URL)

    with pytest.raises(UnexpectedResponseError, match=f"another {name}"):
        await kind.get(client)


@BOTH
async def test_odd_receipt_is_read(server: FakePortOne, client: PortOneClient, kind: Kind) -> None:
    name = "merchant_uid" if kind is EXTERNAL else "imp_uid"
    odd: dict[str, Any] = {
        name: "imp_1",
        "type": "국세청",
        "apply_num": 5,
        "cancelled_at": 0,
        "new": [1],
    }
    server.fail(Json({"code": 0, "message": None, "response": odd}), on=URL)

    receipt = await kind.get(client)

    assert (receipt.type, receipt.amount, receipt.apply_num) == ("국세청", None, None)
    assert receipt.unreadable == ("apply_num",)
    assert receipt.raw == odd


@pytest.mark.parametrize("name", ["receipt_issue_ok", "receipt_get_cancelled_ok"])
async def test_sample_decodes(server: FakePortOne, client: PortOneClient, name: str) -> None:
    sample = SAMPLES[name].body
    server.fail(Json(sample), on=URL)

    receipt = await client.cash_receipts.get(sample["response"]["imp_uid"])

    assert receipt.raw == sample["response"]
    assert receipt.is_cancelled is (name == "receipt_get_cancelled_ok")
    assert not receipt.unreadable


async def test_sample_of_an_external_receipt_decodes(
    server: FakePortOne, client: PortOneClient
) -> None:
    sample = SAMPLES["external_receipt_ok"].body
    server.fail(Json(sample), on=URL)

    receipt = await client.cash_receipts.get_external(sample["response"]["merchant_uid"])

    assert receipt.type == "company"
    assert receipt.vat == 1000
    assert receipt.raw == sample["response"]


@pytest.mark.parametrize("name", ["receipt_already_issued_400", "receipt_pg_not_supported_501"])
async def test_sample_of_a_refusal_is_an_api_error(
    server: FakePortOne, client: PortOneClient, name: str
) -> None:
    sample = SAMPLES[name]
    server.fail(Json(sample.body, status=sample.status), on=URL)

    with pytest.raises(ApiError) as caught:
        await issue(client)
    assert caught.value.message == sample.body["message"]


@pytest.mark.parametrize("uid", ["", "..", "a/b", "a\\b"])
async def test_identifier_that_is_unsafe_in_a_path_is_not_sent(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    receipts = client.cash_receipts
    external: dict[str, Any] = {"channel_key": "c", "name": "n", "amount": 1, "identifier": "1"}
    for attempt in (
        receipts.get(uid),
        receipts.issue(uid, identifier="1"),
        receipts.cancel(uid),
        receipts.get_external(uid),
        receipts.issue_external(uid, **external),
        receipts.cancel_external(uid),
    ):
        with pytest.raises(InvalidRequestError):
            await attempt
    assert not server.requests


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [
        {"tax_free": 1.5},
        {"vat_amount": True},
        {"extra_body": {"identifier": "2"}},
        {"settle": "long"},
    ],
)
async def test_impossible_request_is_not_sent(
    server: FakePortOne, client: PortOneClient, kind: Kind, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        await kind.issue(client, **wrong)
    assert not server.requests
