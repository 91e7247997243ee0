"""``client.naver``: look-ups, points and confirmations."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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
from portone_async.models.naver import (
    NaverCashAmount,
    NaverProductOrder,
    NaverReview,
)
from portone_async.resources.naver import NaverNotFoundError, ProductOrdersRefusedError
from portone_async.testing import FakePortOne, HtmlPage, Json, LostAnswer, Status
from tests.support.canaries import renderings

ORDER: dict[str, Any] = {
    "claim_status": None,
    "claim_type": None,
    "delivery_amount": 3000,
    "individual_code": "P123456789012",
    "orderer": {"id": "buye****", "name": "홍길동", "tel": "010-0000-0000"},
    "product_amount": 12000,
    "product_id": "SKU-1",
    "product_name": "면 티셔츠",
    "product_option_id": "SKU-1-RED-M",
    "product_option_name": "색상: 빨강 / 크기: M",
    "product_order_id": "2026030100000001",
    "product_order_status": "PAYED",
    "quantity": 1,
    "shipping_address": {
        "base": "서울특별시 강남구 테헤란로 1",
        "detail": "101호",
        "name": "홍길동",
        "postcode": "06234",
        "tel1": "010-0000-0000",
        "tel2": None,
    },
    "shipping_due": 1772676000,
    "shipping_memo": "문 앞",
}
REVIEW: dict[str, Any] = {
    "content": None,
    "created_at": 1772000000,
    "modified_at": 1772000000,
    "product_id": "SKU-1",
    "product_name": "면 티셔츠",
    "product_option_name": None,
    "product_order_id": "2026020100000001",
    "review_id": "5000000001",
    "score": "5",
    "title": "잘 받았습니다",
    "writer": "buye****",
}
CHANNEL = "channel-key-1"


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


@pytest.fixture(name="payment")
def _payment(server: FakePortOne) -> str:
    """Return the id of a payment of the payment type."""
    return server.add(pg_provider="naverpay", amount=3000).imp_uid


# Product orders


async def test_product_orders_of_a_payment_are_listed(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = server.add(pg_provider="naverco").imp_uid
    added = [server.naver.add(imp_uid), server.naver.add(imp_uid, quantity=2)]

    assert await client.naver.product_orders(imp_uid) == added
    assert server.requests[-1].target == f"/payments/{imp_uid}/naver/product-orders"
    assert await client.naver.product_order(added[1].product_order_id) == added[1]
    assert server.requests[-1].target == f"/naver/product-orders/{added[1].product_order_id}"


async def test_sample_of_product_orders_decodes(server: FakePortOne, client: PortOneClient) -> None:
    odd: dict[str, Any] = ORDER | {
        "product_order_id": "2",
        "product_order_status": "NEW_STATE",
        "orderer": [],
    }
    server.fail(Json(answer([ORDER, odd | {"quantity": "many", "new": 1}])))

    first, second = await client.naver.product_orders("imp_1")

    assert (first.product_amount, first.delivery_amount) == (Decimal(12000), Decimal(3000))
    assert first.shipping_due == datetime(2026, 3, 5, 2, tzinfo=UTC)
    assert first.orderer is not None
    assert first.shipping_address is not None
    assert (first.orderer.name, first.shipping_address.detail) == ("홍길동", "101호")
    assert (second.product_order_status, second.orderer, second.quantity) == (
        "NEW_STATE",
        None,
        None,
    )
    assert set(second.unreadable) == {"orderer", "quantity"}
    assert second.raw["new"] == 1


async def test_missing_product_orders_are_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(NaverNotFoundError) as caught:
        await client.naver.product_orders("imp_0")
    assert caught.value.identifiers == {"imp_uid": "imp_0"}
    with pytest.raises(NaverNotFoundError) as caught:
        await client.naver.product_order("1")
    assert caught.value.identifiers == {"product_order_id": "1"}


async def test_404_of_a_gateway_is_not_a_missing_product_order(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(404))

    with pytest.raises(UnexpectedResponseError):
        await client.naver.product_order("1")


async def test_response_about_another_product_order_is_rejected(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(answer(ORDER)))

    with pytest.raises(UnexpectedResponseError, match="another product order"):
        await client.naver.product_order("1")


def test_repr_of_a_product_order_shows_no_person() -> None:
    order = msgspec.convert(ORDER, NaverProductOrder, strict=False)
    parts = [*renderings(order), *renderings(order.orderer), *renderings(order.shipping_address)]

    secrets = ("홍길동", "buye", "0000-0000", "테헤란로", "101호", "06234", "문 앞", "P123")
    assert not [secret for secret in secrets for text in parts if secret in text]
    assert "PAYED" in parts[0]


# Reviews


async def test_reviews_of_a_period_are_listed_by_type(
    server: FakePortOne, client: PortOneClient
) -> None:
    now = datetime.fromtimestamp(int(server.now), UTC)
    server.naver.add_review(created_at=now - timedelta(days=2))
    first = server.naver.add_review(created_at=now - timedelta(days=1))
    server.naver.add_review(created_at=now)
    premium = server.naver.add_review(created_at=now - timedelta(hours=1), content="길게 쓴 글")
    since = now - timedelta(days=1)

    for kind, expected in (("general", first), ("premium", premium)):
        reviews = await client.naver.reviews(
            channel_key=CHANNEL, since=since, until=now, review_type=kind
        )
        assert reviews == [expected]

    request = server.requests[-1]
    assert (request.method, request.path, request.body) == ("GET", "/naver/reviews", b"")
    assert dict(request.query) == {
        "channel_key": CHANNEL,
        "from": str(int(since.timestamp())),
        "to": str(int(now.timestamp())),
        "review_type": "premium",
    }


async def test_period_of_reviews_is_rounded_up_to_whole_seconds(
    server: FakePortOne, client: PortOneClient
) -> None:
    since = datetime(2026, 11, 1, 0, 0, 0, 1, tzinfo=UTC)
    until = datetime(2026, 11, 2, tzinfo=UTC)

    await client.naver.reviews(channel_key=CHANNEL, since=since, until=until, review_type="general")

    query = dict(server.requests[-1].query)
    assert (query["from"], query["to"]) == ("1793491201", "1793577600")


async def test_sample_of_reviews_decodes(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(Json(answer([REVIEW, REVIEW | {"score": 4.5, "created_at": 0}])))
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)

    first, second = await client.naver.reviews(
        channel_key=CHANNEL, since=noon, until=noon + timedelta(days=400), review_type="general"
    )

    assert (first.score, first.title) == (5, "잘 받았습니다")
    assert (second.score, second.created_at, second.unreadable) == (None, None, ("score",))


def test_repr_of_a_review_shows_neither_text_nor_writer() -> None:
    texts = [*renderings(msgspec.convert(REVIEW, NaverReview, strict=False))]

    assert not [text for text in texts if "buye" in text or "받았" in text]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        (datetime(2026, 11, 1), datetime(2026, 11, 2, tzinfo=UTC)),  # noqa: DTZ001 (on purpose)
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11-02"),
    ],
    ids=["reversed", "empty", "naive", "text"],
)
async def test_invalid_period_of_reviews_is_not_sent(
    server: FakePortOne, client: PortOneClient, since: Any, until: Any
) -> None:
    with pytest.raises(InvalidRequestError):
        await client.naver.reviews(
            channel_key=CHANNEL, since=since, until=until, review_type="general"
        )

    assert not server.requests


async def test_bad_answer_of_naver_is_retried_for_reviews(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(answer(None, code=-1), status=500), LostAnswer())
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)

    assert not await client.naver.reviews(
        channel_key=CHANNEL, since=noon, until=noon + timedelta(1), review_type="general"
    )
    assert server.count("/naver/reviews") == 3


async def test_unknown_type_of_reviews_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)

    with pytest.raises(ApiError) as caught:
        await client.naver.reviews(
            channel_key=CHANNEL, since=noon, until=noon + timedelta(1), review_type="all"
        )

    assert caught.value.status == 400


# Cash amounts


async def test_cash_amount_of_a_payment_is_exact(
    server: FakePortOne, client: PortOneClient, payment: str
) -> None:
    assert await client.naver.cash_amount(payment) == NaverCashAmount(
        amount_total=Decimal(3000),
        amount_by_npoint=Decimal(3000),
        amount_by_primary=Decimal(0),
        amount_supply=Decimal(2727),
        amount_vat=Decimal(273),
    )
    assert server.requests[-1].target == f"/payments/{payment}/naver/cash-amount"


async def test_cash_amount_of_another_payment_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = server.add(pg_provider="naverco").imp_uid

    with pytest.raises(ApiError) as caught:
        await client.naver.cash_amount(imp_uid)

    assert (caught.value.status, caught.value.identifiers) == (400, {"imp_uid": imp_uid})


async def test_bad_answer_of_naver_is_transient_for_a_cash_amount(
    server: FakePortOne, client: PortOneClient, payment: str
) -> None:
    server.fail(Json(answer(None, code=-1), status=500), times=None)

    with pytest.raises(ServerError):
        await client.naver.cash_amount(payment)


# Points and confirmations


async def test_points_are_credited_once(
    server: FakePortOne, client: PortOneClient, payment: str
) -> None:
    await client.naver.give_points(payment)

    assert server.naver.points == {payment: 1}
    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", f"/payments/{payment}/naver/point")
    assert json.loads(request.body) == {}


@pytest.mark.parametrize("response", [{"code": 0}, answer(None), answer([]), answer({"a": 1})])
async def test_points_need_no_response(
    server: FakePortOne, client: PortOneClient, payment: str, response: dict[str, Any]
) -> None:
    server.fail(Json(response))

    await client.naver.give_points(payment)

    assert server.count("/payments", "POST") == 1


async def test_purchase_is_confirmed_by_the_requester(
    server: FakePortOne, client: PortOneClient, payment: str
) -> None:
    await client.naver.confirm(payment, requester="customer", extra_body={"new": 1})

    assert server.naver.confirmed == {payment: "customer"}
    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", f"/payments/{payment}/naver/confirm")
    assert json.loads(request.body) == {"requester": "customer", "new": 1}


@pytest.mark.parametrize("name", ["give_points", "confirm"])
class TestSentOnce:
    """``give_points`` and ``confirm``, which leave nothing to look up."""

    @pytest.mark.parametrize(
        "fault", [LostAnswer(), HtmlPage(500), Status(503)], ids=["lost", "page", "503"]
    )
    async def test_lost_answer_is_unknown_and_sent_once(
        self, server: FakePortOne, client: PortOneClient, payment: str, name: str, fault: Any
    ) -> None:
        server.fail(fault, method="POST")

        with pytest.raises(OutcomeUnknownError, match="no look-up") as caught:
            await getattr(client.naver, name)(payment)

        assert caught.value.identifiers == {"imp_uid": payment}
        assert server.count("/payments", "POST") == 1

    async def test_json_500_is_an_answer_and_not_repeated(
        self, server: FakePortOne, client: PortOneClient, name: str
    ) -> None:
        imp_uid = server.add(pg_provider="naverco").imp_uid

        with pytest.raises(ApiError, match="네이버페이") as caught:
            await getattr(client.naver, name)(imp_uid)

        assert (caught.value.status, caught.value.is_transient) == (500, False)
        assert not isinstance(caught.value, ProductOrdersRefusedError)
        assert server.count("/payments", "POST") == 1

    async def test_unknown_payment_is_not_found(self, client: PortOneClient, name: str) -> None:
        with pytest.raises(NaverNotFoundError):
            await getattr(client.naver, name)("imp_0")

    async def test_id_that_cannot_be_in_a_path_is_not_sent(
        self, server: FakePortOne, client: PortOneClient, name: str
    ) -> None:
        for imp_uid in ("", "..", "a/b"):
            with pytest.raises(InvalidRequestError):
                await getattr(client.naver, name)(imp_uid)

        assert not server.requests
