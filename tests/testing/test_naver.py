"""Naver Pay of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

NAMES = (
    *("cancel", "approve-cancel", "place", "ship", "ship-exchanged", "collect-exchanged"),
    *("request-return", "approve-return", "reject-return", "withhold-return", "resolve-return"),
)
VALID: dict[str, Any] = {
    "delivery_method": "NOTHING",
    "dispatched_at": 1795608000,
    "memo": "메모",
}


@pytest.fixture(name="imp_uid")
def _imp_uid(server: FakePortOne) -> str:
    return server.add(pg_provider="naverco").imp_uid


async def act(
    server: FakePortOne, imp_uid: str, name: str, **body: Any
) -> tuple[int, list[dict[str, Any]] | None]:
    """Post an operation; return the status and the response."""
    target = f"/payments/{imp_uid}/naver/{name}"
    status, reply = await fetch_json(server, target, method="POST", json=body)
    return status, reply["response"]


async def test_request_without_ids_is_for_all(server: FakePortOne, imp_uid: str) -> None:
    first, second = server.naver.add(imp_uid), server.naver.add(imp_uid)
    server.naver.add(server.add().imp_uid)

    status, response = await act(server, imp_uid, "ship", **VALID)

    assert status == 200
    assert response is not None
    assert [each["product_order_id"] for each in response] == [
        first.product_order_id,
        second.product_order_id,
    ]
    assert {each["product_order_status"] for each in response} == {"DELIVERING"}
    assert [each["product_order_status"] for each in server.naver.orders.values()] == [
        "DELIVERING",
        "DELIVERING",
        "PAYED",
    ]


async def test_partial_success_lists_what_succeeded(server: FakePortOne, imp_uid: str) -> None:
    first, second = server.naver.add(imp_uid), server.naver.add(imp_uid)
    server.naver.refuses.add(first.product_order_id)

    status, response = await act(server, imp_uid, "cancel")

    assert status == 207
    assert response == [server.naver.orders[second.product_order_id]]
    assert server.naver.orders[second.product_order_id]["product_order_status"] == "CANCELED"


@pytest.mark.parametrize("name", NAMES)
async def test_operation_that_no_state_allows_gets_500(
    server: FakePortOne, imp_uid: str, name: str
) -> None:
    order = server.naver.add(imp_uid, product_order_status="PURCHASE_DECIDED")

    assert await act(server, imp_uid, name, **VALID) == (500, None)
    assert server.naver.orders[order.product_order_id]["product_order_status"] == "PURCHASE_DECIDED"


@pytest.mark.parametrize("name", NAMES)
async def test_unknown_payment_gets_404(server: FakePortOne, name: str) -> None:
    assert await act(server, "imp_0", name, **VALID) == (404, None)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("ship", {"delivery_method": None}),
        ("ship", {"dispatched_at": None}),
        ("ship", {"dispatched_at": "now"}),
        ("ship", {"delivery_method": "DELIVERY"}),
        ("ship-exchanged", {"delivery_method": None}),
        ("request-return", {"delivery_method": "RETURN_DELIVERY"}),
        ("reject-return", {"memo": None}),
        ("withhold-return", {"memo": None}),
        ("withhold-return", {"extra_charge": "3000"}),
        ("approve-return", {"memo": 1}),
        ("cancel", {"product_order_id": "1"}),
        ("cancel", {"product_order_id": [1]}),
    ],
    ids=str,
)
async def test_wrong_parameters_get_400(
    server: FakePortOne, imp_uid: str, name: str, wrong: dict[str, Any]
) -> None:
    server.naver.add(imp_uid)

    assert await act(server, imp_uid, name, **VALID | wrong) == (400, None)


async def test_return_goes_from_request_to_refund(server: FakePortOne, imp_uid: str) -> None:
    order = server.naver.add(imp_uid, product_order_status="DELIVERED").product_order_id
    statuses = [
        (await act(server, imp_uid, name, **VALID))[0]
        for name in (
            *("request-return", "request-return", "withhold-return", "approve-return"),
            *("resolve-return", "resolve-return", "approve-return", "approve-return"),
        )
    ]

    assert statuses == [200, 500, 200, 500, 200, 500, 200, 500]
    assert server.naver.orders[order]["product_order_status"] == "RETURNED"


async def test_rejected_return_can_be_requested_again(server: FakePortOne, imp_uid: str) -> None:
    order = server.naver.add(imp_uid, product_order_status="DELIVERED").product_order_id
    names = ("request-return", "reject-return", "request-return")
    statuses = [(await act(server, imp_uid, name, **VALID))[0] for name in names]

    assert statuses == [200, 200, 200]
    assert server.naver.orders[order]["claim_status"] == "RETURN_REQUEST"


async def test_exchange_is_collected_before_it_is_shipped(
    server: FakePortOne, imp_uid: str
) -> None:
    server.naver.add(
        imp_uid,
        product_order_status="DELIVERED",
        claim_type="EXCHANGE",
        claim_status="EXCHANGE_REQUEST",
    )
    names = ("ship-exchanged", "collect-exchanged", "ship-exchanged", "ship-exchanged")
    statuses = [(await act(server, imp_uid, name, **VALID))[0] for name in names]

    assert statuses == [500, 200, 200, 500]


async def test_product_order_is_placed_once(server: FakePortOne, imp_uid: str) -> None:
    order = server.naver.add(imp_uid).product_order_id

    assert [(await act(server, imp_uid, "place"))[0] for _ in range(2)] == [200, 500]
    assert server.naver.placed == {order}


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("cancel", {"reason": "SOLD_OUT"}, "SOLD_OUT"),
        ("cancel", {"reason": "UNKNOWN"}, "PRODUCT_UNSATISFIED"),
        ("cancel", {}, "PRODUCT_UNSATISFIED"),
        ("withhold-return", {"reason": "EXTRAFEEE"}, "EXTRAFEEE"),
        ("withhold-return", {"reason": "EXTRAFEE"}, "ETC"),
    ],
    ids=str,
)
async def test_unknown_reason_is_replaced_by_the_default(
    server: FakePortOne, imp_uid: str, name: str, sent: dict[str, Any], stored: str
) -> None:
    claim = {"claim_type": "RETURN", "claim_status": "RETURN_REQUEST"}
    order = server.naver.add(imp_uid, **claim if name != "cancel" else {}).product_order_id

    assert (await act(server, imp_uid, name, memo="m", **sent))[0] == 200
    assert server.naver.reasons == {order: stored}


async def test_points_are_credited_again_by_a_second_call(server: FakePortOne) -> None:
    imp_uid = server.add(pg_provider="naverpay").imp_uid

    assert [await act(server, imp_uid, "point") for _ in range(2)] == [(200, None)] * 2
    assert server.naver.points == {imp_uid: 2}


async def test_purchase_is_confirmed_once(server: FakePortOne) -> None:
    imp_uid = server.add(pg_provider="naverpay").imp_uid

    assert await act(server, imp_uid, "confirm", requester="buyer") == (400, None)
    assert await act(server, imp_uid, "confirm") == (200, None)
    assert await act(server, imp_uid, "confirm") == (500, None)
    assert server.naver.confirmed == {imp_uid: "admin"}


async def test_reviews_need_period_type_and_channel(server: FakePortOne) -> None:
    given = ("from=1", "to=2", "review_type=general", "channel_key=c")

    assert (await fetch_json(server, f"/naver/reviews?{'&'.join(given)}"))[0] == 200
    for left_out in given:
        query = "&".join(each for each in given if each != left_out)
        assert (await fetch_json(server, f"/naver/reviews?{query}"))[0] == 400


async def test_cash_amount_can_be_set(server: FakePortOne) -> None:
    imp_uid = server.add(pg_provider="naverpay", amount=1100).imp_uid
    target = f"/payments/{imp_uid}/naver/cash-amount"

    _, invented = await fetch_json(server, target)
    server.naver.cash_amounts[imp_uid] = {"amount_total": 5}
    _, stored = await fetch_json(server, target)

    assert (invented["response"]["amount_supply"], invented["response"]["amount_vat"]) == (
        1000,
        100,
    )
    assert stored["response"] == {"amount_total": 5}


def test_product_order_has_an_id_of_its_own() -> None:
    naver = FakePortOne().naver
    added = naver.add("imp_1")

    with pytest.raises(ValueError, match="already"):
        naver.add("imp_1", product_order_id=added.product_order_id)
    with pytest.raises(KeyError):
        naver.update("1", claim_type="CANCEL")
    assert naver.of_payment("imp_1") == [naver.orders[added.product_order_id]]
