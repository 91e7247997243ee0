"""``client.naver``: operations on product orders."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneClient,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.naver import NaverProductOrder
from portone_async.resources.naver import (
    ALL,
    Naver,
    NaverNotFoundError,
    ProductOrdersRefusedError,
)
from portone_async.testing import (
    Duplicate,
    Exchange,
    FakePortOne,
    Fault,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reply,
    Reset,
    Status,
)
from tests.support.canaries import error_texts, package_frames, pickled_texts, renderings

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PARCEL = {"delivery_company": "EPOST", "tracking_number": "6001"}
RETURN = {"product_order_status": "DELIVERED", "claim_type": "RETURN"}
EXCHANGE = {"product_order_status": "DELIVERED", "claim_type": "EXCHANGE"}


class Action(NamedTuple):
    """An operation, the product orders that it is for, and what it does to them."""

    name: str
    arguments: dict[str, Any]
    sent: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return self.name.replace("_", "-")

    async def __call__(
        self, client: PortOneClient, imp_uid: str, ids: Any = ALL, **changes: Any
    ) -> list[NaverProductOrder]:
        method: Callable[..., Awaitable[list[NaverProductOrder]]]
        method = getattr(client.naver, self.name)
        return await method(imp_uid, product_order_id=ids, **self.arguments | changes)


PAID = {"product_order_status": "PAYED", "claim_type": None, "claim_status": None}
CANCELED = {"product_order_status": "CANCELED", "claim_status": "CANCEL_DONE"}
VISIBLE = [
    Action("cancel", {"reason": "SOLD_OUT"}, {"reason": "SOLD_OUT"}, PAID, CANCELED),
    Action(
        "approve_cancel",
        {},
        {},
        {"claim_type": "CANCEL", "claim_status": "CANCEL_REQUEST"},
        CANCELED,
    ),
    Action(
        "ship",
        {"delivery_method": "DELIVERY", "dispatched_at": NOON, **PARCEL},
        {"delivery_method": "DELIVERY", "dispatched_at": 1795608000, **PARCEL},
        PAID,
        {"product_order_status": "DELIVERING"},
    ),
    Action(
        "ship_exchanged",
        {"delivery_method": "DIRECT_DELIVERY"},
        {"delivery_method": "DIRECT_DELIVERY"},
        EXCHANGE | {"claim_status": "COLLECT_DONE"},
        {"claim_status": "EXCHANGE_REDELIVERING"},
    ),
    Action(
        "collect_exchanged",
        {},
        {},
        EXCHANGE | {"claim_status": "EXCHANGE_REQUEST"},
        {"claim_status": "COLLECT_DONE"},
    ),
    Action(
        "request_return",
        {"delivery_method": "RETURN_DELIVERY", "reason": "BROKEN", **PARCEL},
        {"delivery_method": "RETURN_DELIVERY", "reason": "BROKEN", **PARCEL},
        {"product_order_status": "DELIVERED"},
        {"claim_type": "RETURN", "claim_status": "RETURN_REQUEST"},
    ),
    Action(
        "approve_return",
        {"memo": "확인했습니다"},
        {"memo": "확인했습니다"},
        RETURN | {"claim_status": "COLLECT_DONE"},
        {"product_order_status": "RETURNED", "claim_status": "RETURN_DONE"},
    ),
    Action(
        "reject_return",
        {"memo": "사용한 상품입니다"},
        {"memo": "사용한 상품입니다"},
        RETURN | {"claim_status": "RETURN_REQUEST"},
        {"claim_status": "RETURN_REJECT"},
    ),
]
HIDDEN = [
    Action("place", {}, {}, PAID, PAID),
    Action(
        "withhold_return",
        {"memo": "배송비", "reason": "EXTRAFEEE", "extra_charge": "3000"},
        {"memo": "배송비", "reason": "EXTRAFEEE", "extra_charge": 3000},
        RETURN | {"claim_status": "COLLECTING"},
        {"claim_status": "COLLECTING"},
    ),
    Action(
        "resolve_return",
        {},
        {},
        RETURN | {"claim_status": "COLLECTING"},
        {"claim_status": "COLLECTING"},
    ),
]
ACTIONS = [*VISIBLE, *HIDDEN]
each_action = pytest.mark.parametrize("action", ACTIONS, ids=str)
visible_action = pytest.mark.parametrize("action", VISIBLE, ids=str)
hidden_action = pytest.mark.parametrize("action", HIDDEN, ids=str)
CANCEL = VISIBLE[0]
PLACE = HIDDEN[0]


class Shop(NamedTuple):
    """A payment with two product orders."""

    server: FakePortOne
    imp_uid: str
    ids: tuple[str, str]

    def prepare(self, action: Action) -> None:
        """Bring the product orders into the state that an operation needs."""
        for each in self.ids:
            self.server.naver.update(each, **action.before)
            if action.name == "resolve_return":
                self.server.naver.withheld.add(each)

    def states(self, action: Action) -> list[bool]:
        """Return whether each product order is in the state after an operation."""
        orders = self.server.naver.orders
        return [
            action.after.items() <= orders[uid].items() and self._has_hidden_state(action, uid)
            for uid in self.ids
        ]

    def _has_hidden_state(self, action: Action, uid: str) -> bool:
        match action.name:
            case "place":
                return uid in self.server.naver.placed
            case "withhold_return":
                return uid in self.server.naver.withheld
            case "resolve_return":
                return uid not in self.server.naver.withheld
            case _:
                return True

    def sent(self) -> list[list[str]]:
        """Return the product orders in each request that acts."""
        posts = [each for each in self.server.requests if each.path.startswith("/payments/")]
        return [each.fields["product_order_id"] for each in posts if each.method == "POST"]


@pytest.fixture(name="shop")
def _shop(server: FakePortOne) -> Shop:
    imp_uid = server.add(pg_provider="naverco").imp_uid
    first = server.naver.add(imp_uid).product_order_id
    second = server.naver.add(imp_uid, quantity=2).product_order_id
    return Shop(server, imp_uid, (first, second))


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


# Success


@each_action
async def test_all_product_orders_are_sent_by_their_ids(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)

    orders = await action(client, shop.imp_uid, ALL, extra_body={"new": 1})

    assert [order.product_order_id for order in orders] == [*shop.ids]
    assert shop.states(action) == [True, True]
    request = shop.server.requests[-1]
    assert (request.method, request.target) == (
        "POST",
        f"/payments/{shop.imp_uid}/naver/{action.path}",
    )
    assert json.loads(request.body) == {"product_order_id": [*shop.ids], "new": 1, **action.sent}


@each_action
async def test_only_the_named_product_orders_are_sent(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)

    orders = await action(client, shop.imp_uid, [shop.ids[1], shop.ids[1]])

    assert [order.product_order_id for order in orders] == [shop.ids[1]]
    assert shop.states(action) == [False, True]
    assert shop.sent() == [[shop.ids[1]]]


async def test_reason_is_stored_as_it_is_spelled(shop: Shop, client: PortOneClient) -> None:
    shop.prepare(HIDDEN[1])

    await HIDDEN[1](client, shop.imp_uid)

    assert set(shop.server.naver.reasons.values()) == {"EXTRAFEEE"}


async def test_optional_parameters_are_not_sent(shop: Shop, client: PortOneClient) -> None:
    await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert json.loads(shop.server.requests[-1].body) == {"product_order_id": [*shop.ids]}


@visible_action
async def test_second_call_sends_nothing(shop: Shop, client: PortOneClient, action: Action) -> None:
    shop.prepare(action)
    first = await action(client, shop.imp_uid)

    assert await action(client, shop.imp_uid) == first
    assert len(shop.sent()) == 1


async def test_only_what_is_not_cancelled_is_sent(shop: Shop, client: PortOneClient) -> None:
    shop.server.naver.update(shop.ids[0], **CANCELED, claim_type="CANCEL")

    orders = await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert [order.product_order_status for order in orders] == ["CANCELED", "CANCELED"]
    assert shop.sent() == [[shop.ids[1]]]


async def test_two_calls_at_once_send_one_request(shop: Shop, client: PortOneClient) -> None:
    results = await asyncio.gather(CANCEL(client, shop.imp_uid), CANCEL(client, shop.imp_uid))

    assert results[0] == results[1]
    assert shop.sent() == [[*shop.ids]]


# Refusals


@each_action
async def test_partial_success_is_an_error_with_both_parts(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)
    shop.server.naver.refuses.add(shop.ids[0])

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await action(client, shop.imp_uid)

    error = caught.value
    assert [order.product_order_id for order in error.succeeded] == [shop.ids[1]]
    assert error.refused == (shop.ids[0],)
    assert (error.status, error.identifiers) == (207, {"imp_uid": shop.imp_uid})
    assert error.endpoint == f"POST /payments/{{imp_uid}}/naver/{action.path}"
    assert not error.is_transient
    assert len(shop.sent()) == 1


@each_action
async def test_refusal_of_all_is_an_answer_and_not_repeated(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)
    shop.server.naver.refuses |= {*shop.ids}

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await action(client, shop.imp_uid)

    error = caught.value
    assert (error.succeeded, error.refused) == ((), shop.ids)
    assert (error.status, error.code, error.is_transient) == (500, -1, False)
    assert len(shop.sent()) == 1


@pytest.mark.parametrize("code", [0, 1, -1])
@each_action
async def test_list_of_a_partial_success_counts_whatever_its_code(
    shop: Shop, client: PortOneClient, action: Action, code: int
) -> None:
    shop.prepare(action)
    done = shop.server.naver.orders[shop.ids[0]] | action.after
    shop.server.fail(Json(answer([done], code=code), status=207), method="POST")

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await action(client, shop.imp_uid, shop.ids)

    assert [order.product_order_id for order in caught.value.succeeded] == [shop.ids[0]]
    assert caught.value.refused == (shop.ids[1],)


async def test_refused_product_order_that_is_cancelled_by_then_is_done(
    shop: Shop, client: PortOneClient
) -> None:
    refusal = answer(None, code=-1, message="네이버페이 환불처리에 실패하였습니다.")
    shop.server.fail(ProcessedButRefused(refusal), method="POST")

    orders = await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert [order.product_order_status for order in orders] == ["CANCELED", "CANCELED"]
    assert len(shop.sent()) == 1


class ProcessedButRefused:
    """Process the request, and report that it failed."""

    def __init__(self, body: Any) -> None:
        self._reply = Json(body, status=500)

    async def meet(self, exchange: Exchange) -> Reply:
        exchange.reply()
        return await self._reply.meet(exchange)


async def test_refusal_stands_if_no_look_up_follows(shop: Shop, client: PortOneClient) -> None:
    shop.server.naver.refuses.add(shop.ids[0])
    orders = answer([shop.server.naver.orders[each] for each in shop.ids])
    shop.server.fail(Json(orders), method="GET")  # the one before
    shop.server.fail(Status(503), method="GET", times=None)

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert caught.value.refused == (shop.ids[0],)
    assert [order.product_order_id for order in caught.value.succeeded] == [shop.ids[1]]


@each_action
async def test_unknown_product_order_is_refused(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await action(client, shop.imp_uid, ["2026030100999999"])

    assert caught.value.refused == ("2026030100999999",)


@each_action
@pytest.mark.parametrize("ids", [ALL, ["1"]], ids=["all", "named"])
async def test_unknown_payment_is_not_found(
    client: PortOneClient, action: Action, ids: Any
) -> None:
    with pytest.raises(NaverNotFoundError) as caught:
        await action(client, "imp_0", ids)

    assert caught.value.identifiers == {"imp_uid": "imp_0"}


async def test_payment_without_product_orders_is_not_a_success(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = server.add(pg_provider="naverpay").imp_uid

    with pytest.raises(UnexpectedResponseError, match="no product order"):
        await client.naver.cancel(imp_uid, product_order_id=ALL)

    assert not server.count("/payments", "POST")


async def test_other_refusal_is_an_api_error(shop: Shop, client: PortOneClient) -> None:
    shop.server.fail(Json(answer(None, code=-1), status=400), method="POST")

    with pytest.raises(ApiError) as caught:
        await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert not isinstance(caught.value, ProductOrdersRefusedError)
    assert len(shop.sent()) == 1


# Lost answers


@visible_action
async def test_lost_answer_is_looked_up_and_sent_once(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)
    shop.server.fail(LostAnswer(), method="POST")

    orders = await action(client, shop.imp_uid, settle=0)

    assert [order.product_order_id for order in orders] == [*shop.ids]
    assert shop.states(action) == [True, True]
    assert len(shop.sent()) == 1


@visible_action
@pytest.mark.parametrize("fault", [Reset(), HtmlPage(500), Status(503)], ids=str)
async def test_request_that_was_not_processed_is_sent_again(
    shop: Shop, client: PortOneClient, action: Action, fault: Fault
) -> None:
    shop.prepare(action)
    shop.server.fail(fault, method="POST")

    await action(client, shop.imp_uid, settle=0)

    assert shop.states(action) == [True, True]
    assert shop.sent() == [[*shop.ids], [*shop.ids]]


async def test_only_what_is_still_missing_is_sent_again(shop: Shop, client: PortOneClient) -> None:
    shop.server.fail(ProcessedInPart(shop), method="POST")

    orders = await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)

    assert [order.product_order_status for order in orders] == ["CANCELED", "CANCELED"]
    assert shop.sent() == [[*shop.ids], [shop.ids[1]]]


class ProcessedInPart:
    """Cancel one product order, then break the connection."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def meet(self, exchange: Exchange) -> None:
        self._shop.server.naver.update(self._shop.ids[0], **CANCELED, claim_type="CANCEL")
        exchange.reset()


async def test_request_that_is_processed_late_refunds_once(
    shop: Shop, client: PortOneClient
) -> None:
    shop.server.fail(LateProcessing(30), method="POST")

    await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)
    reasons = dict(shop.server.naver.reasons)
    shop.server.advance(31)

    assert shop.states(CANCEL) == [True, True]
    assert shop.server.naver.reasons == reasons
    assert len(shop.sent()) == 2


async def test_request_that_is_delivered_twice_refunds_once(
    shop: Shop, client: PortOneClient
) -> None:
    shop.server.fail(Duplicate(), method="POST")

    orders = await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert [order.product_order_status for order in orders] == ["CANCELED", "CANCELED"]


@visible_action
async def test_outcome_is_unknown_while_look_ups_fail(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)
    orders = answer([shop.server.naver.orders[each] for each in shop.ids])
    shop.server.fail(Json(orders), method="GET")  # the one before
    shop.server.fail(Status(503), method="GET", times=None)
    shop.server.fail(LostAnswer(), method="POST")

    with pytest.raises(OutcomeUnknownError) as caught:
        await action(client, shop.imp_uid, settle=0)

    assert caught.value.identifiers == {"imp_uid": shop.imp_uid}
    assert len(shop.sent()) == 1


async def test_refusal_after_a_lost_answer_is_reported(shop: Shop, client: PortOneClient) -> None:
    shop.server.fail(Reset(), method="POST")
    shop.server.naver.refuses.add(shop.ids[0])

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)

    assert caught.value.refused == (shop.ids[0],)
    assert len(shop.sent()) == 2


async def test_refusal_after_a_lost_answer_waits_for_the_first_request(
    shop: Shop, client: PortOneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.resources._settle._PAUSES", (0.0,))
    orders = answer([shop.server.naver.orders[each] for each in shop.ids])
    shop.server.fail(LostAnswer(), method="POST")
    # The list is stale: before, after the loss, and twice after the refusal.
    shop.server.fail(Json(orders), method="GET", times=4)

    found = await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    assert [order.product_order_status for order in found] == ["CANCELED", "CANCELED"]
    assert len(shop.sent()) == 2


async def test_product_orders_that_are_being_cancelled_are_not_sent(
    shop: Shop, client: PortOneClient
) -> None:
    for each in shop.ids:
        shop.server.naver.update(each, claim_type="CANCEL", claim_status="CANCELING")

    with pytest.raises(OutcomeUnknownError, match="still carrying it out"):
        await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)

    assert shop.sent() == []


async def test_product_order_that_is_being_cancelled_is_not_refused(
    shop: Shop, client: PortOneClient
) -> None:
    shop.server.naver.update(shop.ids[0], claim_type="CANCEL", claim_status="CANCELING")
    shop.server.naver.refuses.add(shop.ids[1])

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)

    assert caught.value.refused == (shop.ids[1],)
    assert shop.sent() == [[shop.ids[1]]]


async def test_partial_success_without_a_list_is_looked_up(
    shop: Shop, client: PortOneClient
) -> None:
    shop.server.fail(Json(answer(None, code=-1), status=207), method="POST")

    orders = await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)

    assert [order.product_order_status for order in orders] == ["CANCELED", "CANCELED"]
    assert len(shop.sent()) == 2


async def test_success_that_does_not_list_all_is_looked_up(
    shop: Shop, client: PortOneClient
) -> None:
    shop.server.fail(ProcessedButEmpty(), method="POST")

    orders = await client.naver.cancel(shop.imp_uid, product_order_id=ALL, settle=0)

    assert [order.product_order_status for order in orders] == ["CANCELED", "CANCELED"]
    assert len(shop.sent()) == 1


class ProcessedButEmpty:
    """Process the request, and reply with an empty list."""

    async def meet(self, exchange: Exchange) -> Reply:
        exchange.reply()
        return await Json(answer([])).meet(exchange)


@hidden_action
@pytest.mark.parametrize(
    "fault",
    [
        *(LostAnswer(), HtmlPage(500), Status(503)),
        *(Json(answer(None, code=-1), status=207), Json(answer([]))),
    ],
    ids=["lost", "page", "503", "207 without a list", "200 with an empty list"],
)
async def test_open_outcome_that_nothing_shows_is_unknown(
    shop: Shop, client: PortOneClient, action: Action, fault: Fault
) -> None:
    shop.prepare(action)
    shop.server.fail(fault, method="POST")

    with pytest.raises(OutcomeUnknownError, match="no look-up") as caught:
        await action(client, shop.imp_uid)

    assert caught.value.identifiers == {"imp_uid": shop.imp_uid}
    assert len(shop.sent()) == 1


@each_action
async def test_rejected_token_is_renewed_and_the_request_repeated(
    shop: Shop, client: PortOneClient, action: Action
) -> None:
    shop.prepare(action)
    await client.naver.product_orders(shop.imp_uid)
    shop.server.revoke_token()

    await action(client, shop.imp_uid, shop.ids)

    assert shop.states(action) == [True, True]


# Arguments


@each_action
@pytest.mark.parametrize("ids", [[], "2026030100000001", None, "ALL", [1], [""], {}], ids=repr)
async def test_ids_must_be_named_or_all(client: PortOneClient, action: Action, ids: Any) -> None:
    with pytest.raises(InvalidRequestError, match="product_order_id"):
        await action(client, "imp_1", ids)


@each_action
async def test_ids_cannot_be_passed_in_extra_body(
    server: FakePortOne, client: PortOneClient, action: Action
) -> None:
    with pytest.raises(InvalidRequestError, match="repeats"):
        await action(client, "imp_1", extra_body={"product_order_id": ["1"]})

    assert not server.requests


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (VISIBLE[0], "BROKEN"),
        (VISIBLE[0], "sold_out"),
        (VISIBLE[5], "ETC"),
        (HIDDEN[1], "EXTRAFEE"),
        (HIDDEN[1], "RETURN_DELIVERYFEE_AND_EXTRAFEE"),
    ],
    ids=str,
)
async def test_unknown_reason_is_not_sent(
    server: FakePortOne, client: PortOneClient, action: Action, reason: str
) -> None:
    with pytest.raises(InvalidRequestError, match="without notice"):
        await action(client, "imp_1", reason=reason)

    assert not server.requests


async def test_newer_reason_is_sent_by_extra_body(shop: Shop, client: PortOneClient) -> None:
    await client.naver.cancel(
        shop.imp_uid, product_order_id=ALL, extra_body={"reason": "NEW_REASON"}
    )

    assert json.loads(shop.server.requests[-1].body)["reason"] == "NEW_REASON"


@pytest.mark.parametrize("missing", PARCEL)
@pytest.mark.parametrize(
    ("name", "method"),
    [("ship", "DELIVERY"), ("ship_exchanged", "DELIVERY"), ("request_return", "RETURN_DELIVERY")],
)
async def test_parcel_without_courier_or_number_is_not_sent(
    server: FakePortOne, client: PortOneClient, name: str, method: str, missing: str
) -> None:
    action = next(each for each in VISIBLE if each.name == name)

    with pytest.raises(InvalidRequestError, match=f"{method} needs"):
        await action(client, "imp_1", delivery_method=method, **PARCEL | {missing: None})

    assert not server.requests


async def test_courier_that_is_newer_than_the_client_is_sent(
    shop: Shop, client: PortOneClient
) -> None:
    await VISIBLE[2](client, shop.imp_uid, delivery_company="NEWCOURIER")

    assert json.loads(shop.server.requests[-1].body)["delivery_company"] == "NEWCOURIER"


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        (VISIBLE[2], {"dispatched_at": NOON.replace(tzinfo=None)}),
        (VISIBLE[2], {"dispatched_at": 1795608000}),
        (VISIBLE[2], {"settle": -1}),
        (HIDDEN[1], {"extra_charge": 1.5}),
        (HIDDEN[1], {"extra_charge": -1}),
        (VISIBLE[7], {"memo": "\ud800"}),
    ],
    ids=["naive", "number", "settle", "float", "negative", "unicode"],
)
async def test_invalid_argument_is_not_sent(
    server: FakePortOne, client: PortOneClient, action: Action, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        await action(client, "imp_1", **changes)

    assert not server.requests


# Errors


def test_refusal_names_some_of_the_refused_product_orders() -> None:
    one = ProductOrdersRefusedError("refused", refused=["1", "2\x1b"])
    many = ProductOrdersRefusedError("refused", refused=[f"{number}" for number in range(9)])

    assert "[refused: 1, 2\\x1b]" in str(one)
    assert "[refused: 0, 1, 2, 3, 4 and 4 more]" in str(many)


async def test_refusal_can_be_pickled(shop: Shop, client: PortOneClient) -> None:
    shop.server.naver.refuses.add(shop.ids[0])

    with pytest.raises(ProductOrdersRefusedError) as caught:
        await client.naver.cancel(shop.imp_uid, product_order_id=ALL)

    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy == caught.value
    assert copy.succeeded[0].product_amount == Decimal(12000)


PERSON: dict[str, Any] = {
    "orderer": {"name": "심어둔이름", "id": "심어둔아이디", "tel": "010-9999-8888"},
    "shipping_address": {"name": "심어둔이름", "base": "심어둔 주소", "tel1": "010-9999-8888"},
    "shipping_memo": "심어둔 메모",
    "individual_code": "P9876심어둔",
}


@pytest.mark.parametrize("fault", [None, Reset(), Json([1])], ids=["refusal", "reset", "schema"])
async def test_text_of_an_error_has_no_buyer_and_no_memo(
    shop: Shop, client: PortOneClient, fault: Fault | None
) -> None:
    action = next(each for each in VISIBLE if each.name == "reject_return")
    shop.prepare(action)
    for each in shop.ids:
        shop.server.naver.update(each, **PERSON)
    shop.server.naver.refuses.add(shop.ids[0])
    if fault is not None:
        shop.server.fail(fault, method="POST", times=None)

    with pytest.raises(PortOneError) as caught:
        await action(client, shop.imp_uid, memo="심어둔 거절", settle=0)

    error = package_frames(caught.value)
    texts = [*renderings(error), repr(vars(error))]
    if isinstance(error, ProductOrdersRefusedError):
        error.succeeded = ()  # As documented, these have personal data.
    texts += [*error_texts(error), *pickled_texts(error)]
    # Of the phone number more than four digits: the duration in a pickle may have them.
    secrets = ("심어둔", "9999-8888", "99998888", "P9876")
    assert not [text for text in texts if any(secret in text for secret in secrets)]


def test_all_has_a_short_repr() -> None:
    assert repr(ALL) == "ALL"
    assert Naver.__doc__ is not None
    assert "ALL" in Naver.__doc__
