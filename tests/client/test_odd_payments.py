"""Test payments with a field of another JSON type, alone and in a list."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from portone_async import (
    Call,
    Failed,
    Found,
    Group,
    Payment,
    PaymentMismatchError,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    UnexpectedResponseError,
    UnreadablePayment,
)
from portone_async._http.reply import Reply, parse
from portone_async.models import Sorting
from portone_async.models._listing import Listing, Page
from portone_async.models._unreadable import unreadable_error
from portone_async.models.payments import PaymentListing, PaymentPage
from portone_async.resources._windows import Window
from portone_async.resources.payments._batch import Identifier, batch_call, grouped
from portone_async.resources.payments._calls import (
    find_all_call,
    find_call,
    get_call,
    list_call,
    listed_call,
    unreadable_in,
)
from portone_async.testing import Body, FakePortOne, Json
from portone_async.webhook import WebhookEvent, verify_webhook
from tests.support.samples import CARD_PAID, PARTIALLY_CANCELLED, ok

ORDER, IMP_UID = str(CARD_PAID["merchant_uid"]), str(CARD_PAID["imp_uid"])
FIND = find_call(ORDER, None, None)
ODD = UnreadablePayment(
    imp_uid=IMP_UID, merchant_uid=ORDER, path="$.amount", reason="Expected `decimal`, got `null`"
)


WITHOUT_EXTENSION: dict[str, Any] = CARD_PAID | {"extension": []}


def decode(**fields: Any) -> Payment:
    answer = parse(FIND, Reply(200, {}, ok(CARD_PAID | fields)))
    assert isinstance(answer, Payment)
    return answer


def decode_error(call: Call[Any], response: Any) -> UnexpectedResponseError:
    error = parse(call, Reply(200, {}, ok(response)))
    assert type(error) is UnexpectedResponseError
    return error


def page_body(*payments: Any) -> dict[str, Any]:
    return {"total": len(payments), "previous": 0, "next": 0, "list": list(payments)}


def test_odd_optional_fields_are_none_and_named() -> None:
    payment = decode(promotion=[], custom_data=[], card_quota="", buyer_tel=1012345678, name="상품")

    assert payment.unreadable == ("card_quota", "buyer_tel", "custom_data", "promotion")
    assert (payment.promotion, payment.custom_data) == (None, None)
    assert (payment.card_quota, payment.buyer_tel) == (None, None)
    assert payment.amount == 15000
    assert payment.name == "상품"
    assert payment.raw["buyer_tel"] == 1012345678
    assert payment.raw["promotion"] == []


def test_custom_data_of_another_type_is_not_reported_as_absent() -> None:
    with pytest.raises(UnexpectedResponseError, match="another type than text, see raw"):
        decode(custom_data={"cart_id": 5}).custom()


def test_ordinary_payment_has_nothing_unreadable() -> None:
    assert decode().unreadable == ()
    assert "unreadable" not in repr(decode())


@pytest.mark.parametrize("value", [["amount"], [], None, "x", [{"path": "$"}]])
def test_reply_cannot_set_unreadable(value: Any) -> None:
    assert decode(unreadable=value).unreadable == ()
    assert decode(unreadable=value, extension=[]).unreadable == ("extension",)
    page = parse(
        list_call("all", Window(0, 1), Sorting.PAID_ASC, 1, 10),
        Reply(200, {}, ok(page_body(CARD_PAID) | {"unreadable": value})),
    )
    assert isinstance(page, Page)
    assert (len(page.list), page.unreadable) == (1, ())


def test_odd_payment_survives_pickle_and_copies() -> None:
    payment = decode(extension=[], promotion="x")

    for twin in (pickle.loads(pickle.dumps(payment)), copy.copy(payment), copy.deepcopy(payment)):
        assert twin == payment
        assert twin.unreadable == ("promotion", "extension")
        assert twin.raw == payment.raw == CARD_PAID | {"extension": [], "promotion": "x"}
    assert msgspec.structs.replace(payment, name="x").unreadable == payment.unreadable


HISTORY = PARTIALLY_CANCELLED["cancel_history"]


ODD_LIST: list[Any] = []
HISTORIES: list[tuple[Any, list[str], list[int]]] = [
    ({}, ["cancel_history"], []),
    ("", ["cancel_history"], []),
    ([5], ["cancel_history[0]"], []),
    ([HISTORY[0], {"amount": "x"}], ["cancel_history[1].amount"], []),
    (
        [{"amount": ODD_LIST}, {"reason": "x"}],
        ["cancel_history[0].amount", "cancel_history[1].amount"],
        [],
    ),
    ([HISTORY[0], {"amount": 2, "reason": ODD_LIST}], ["cancel_history[1].reason"], [5000, 2]),
    ([{"amount": "NaN"}], ["cancel_history[0].amount"], []),
]


@pytest.mark.parametrize(("history", "paths", "amounts"), HISTORIES)
def test_history_is_whole_or_empty(history: Any, paths: list[str], amounts: list[int]) -> None:
    payment = decode(cancel_history=history)

    assert payment.unreadable == tuple(paths)
    assert [cancellation.amount for cancellation in payment.cancel_history] == amounts
    assert payment.raw["cancel_history"] == history


@pytest.mark.parametrize(
    ("promotion", "path", "discount"),
    [
        ([], "promotion", None),
        ({"id": 5, "discount": 10}, "promotion.id", 10),
        ({"id": "p", "discount": []}, "promotion.discount", None),
    ],
)
def test_odd_promotion_is_named_to_the_field(
    promotion: Any, path: str, discount: int | None
) -> None:
    payment = decode(promotion=promotion)

    assert payment.unreadable == (path,)
    assert (payment.promotion and payment.promotion.discount) == discount


STRICT = ["imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "currency", "sandbox"]


@pytest.mark.parametrize("name", STRICT)
@pytest.mark.parametrize("call", [FIND, get_call(IMP_UID, include_sandbox=False, extension=False)])
def test_odd_strict_field_of_one_payment_is_an_error(call: Call[Any], name: str) -> None:
    error = decode_error(call, CARD_PAID | {name: [], "extension": []})

    (odd,) = error.unreadable
    assert odd.path == f"$.{name}"
    assert odd.identifiers["imp_uid"] == (None if name == "imp_uid" else IMP_UID)
    assert odd.identifiers["merchant_uid"] == (None if name == "merchant_uid" else ORDER)
    assert f"$.{name}: Expected" in error.reason
    assert error.status == 200
    assert pickle.loads(pickle.dumps(error)) == error


@pytest.mark.parametrize("name", ["imp_uid", "merchant_uid", "status", "amount"])
def test_absent_required_field_is_missing(name: str) -> None:
    response = {key: value for key, value in CARD_PAID.items() if key != name}

    (odd,) = decode_error(FIND, response | {"extension": []}).unreadable
    assert (odd.path, odd.reason) == (f"$.{name}", "missing")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (find_call("order-2", None, None), "merchant_uid"),
        (get_call("imp_2", include_sandbox=False, extension=False), "imp_uid"),
    ],
)
def test_odd_payment_of_another_order_is_not_named(call: Call[Any], field: str) -> None:
    error = decode_error(call, CARD_PAID | {"amount": []})

    assert error.reason == f"PortOne answered with a payment of another {field}"
    assert ORDER not in str(error)


def page_of(*payments: Any, call: Call[Any] | None = None) -> PaymentPage:
    call = call or list_call("all", Window(0, 1), Sorting.PAID_ASC, 1, 10)
    answer: Any = parse(call, Reply(200, {}, ok(page_body(*payments))))
    assert isinstance(answer, Page)
    return cast("PaymentPage", answer)


def test_page_separates_unreadable_payments() -> None:
    page = page_of(CARD_PAID, CARD_PAID | {"amount": None}, WITHOUT_EXTENSION, None)

    assert [payment.unreadable for payment in page.list] == [(), ("extension",)]
    assert page.list[1].raw["extension"] == []
    assert page.unreadable[0] == ODD
    assert (page.unreadable[1].path, page.unreadable[1].imp_uid) == ("$", None)
    assert page.total == 4


@pytest.mark.parametrize("name", ["total", "next", "list"])
def test_frame_of_a_page_is_strict(name: str) -> None:
    call = find_all_call(ORDER, None, None, 1, 10)

    error = decode_error(call, page_body(WITHOUT_EXTENSION) | {name: {}})
    assert f"$.response.{name}" in error.reason


def test_page_of_unreadable_payments_only_is_accepted() -> None:
    call = find_all_call(ORDER, None, None, 1, 10)

    assert page_of(CARD_PAID | {"amount": None}, call=call).unreadable == (ODD,)


def test_unreadable_payment_of_another_order_fails_the_page() -> None:
    call = find_all_call("order-2", None, None, 1, 10)

    assert "another merchant_uid" in str(
        decode_error(call, page_body(CARD_PAID | {"amount": None}))
    )


def test_page_of_another_status_is_refused_beside_an_odd_payment() -> None:
    call = find_all_call(ORDER, "failed", None, 1, 10)

    assert "another status" in str(decode_error(call, page_body(WITHOUT_EXTENSION)))


def test_listing_separates_unreadable_payments() -> None:
    call = batch_call([Identifier("merchant_uid", ORDER)])
    listing = parse(call, Reply(200, {}, ok([CARD_PAID, CARD_PAID | {"amount": None}])))

    assert isinstance(listing, Listing)
    assert listing.unreadable == (ODD,)
    assert [payment.raw for payment in listing.list] == [CARD_PAID]


def test_plain_list_fails_if_a_payment_is_unreadable() -> None:
    call = Call("GET", "/payments", list[Payment])

    payments = parse(call, Reply(200, {}, ok([CARD_PAID, WITHOUT_EXTENSION])))
    assert isinstance(payments, list)
    assert [payment.unreadable for payment in payments] == [(), ("extension",)]
    assert decode_error(call, [CARD_PAID, CARD_PAID | {"amount": None}]).unreadable == (ODD,)


def test_error_names_five_payments_and_holds_all() -> None:
    error = unreadable_in(FIND, [ODD] * 9)

    assert "9 payments" in error.reason
    assert error.reason.count(IMP_UID) == 5
    assert error.reason.endswith("; and 4 more")
    assert len(error.unreadable) == 9
    assert error.identifiers == {"merchant_uid": ORDER}


def test_error_that_names_all_omits_the_remainder() -> None:
    assert "more" not in unreadable_error([ODD] * 5).reason


def test_secret_in_an_id_is_redacted() -> None:
    secret = "a-token-that-is-secret"
    reply = Reply(200, {}, ok(CARD_PAID | {"imp_uid": f"imp_{secret}", "amount": None}))

    error = parse(FIND, reply, lambda text: text.replace(secret, "***"))
    assert isinstance(error, UnexpectedResponseError)
    assert error.unreadable[0].identifiers["imp_uid"] == "imp_***"


@pytest.mark.parametrize("response", [None, 5, "x", [CARD_PAID]])
def test_response_that_is_not_a_payment_has_another_schema(response: Any) -> None:
    error = decode_error(FIND, response)

    assert "JSON of another schema: Expected `object`" in error.reason
    assert error.unreadable == ()


def odd(imp_uid: str | None, merchant_uid: str | None) -> UnreadablePayment:
    return UnreadablePayment(imp_uid=imp_uid, merchant_uid=merchant_uid, path="$", reason="")


REQUESTED = [
    Identifier("merchant_uid", "a"),
    Identifier("merchant_uid", "b"),
    Identifier("imp_uid", "imp_1"),
]


@pytest.mark.parametrize(
    ("payment", "uids"),
    [
        (odd("imp_9", "a"), ["a"]),
        (odd("imp_1", "z"), ["imp_1"]),
        (odd("imp_1", "b"), ["b", "imp_1"]),
        (odd("imp_9", "z"), []),
        (odd("imp_9", None), ["a", "b"]),
        (odd(None, "a"), ["a", "imp_1"]),
        (odd(None, None), ["a", "b", "imp_1"]),
    ],
)
def test_unreadable_payment_is_in_every_possible_group(
    payment: UnreadablePayment, uids: list[str]
) -> None:
    groups = grouped(REQUESTED, PaymentListing((), (payment,)))

    assert [group.uid for group in groups if group.unreadable] == uids


@pytest.fixture(name="shop")
async def _shop() -> AsyncIterator[tuple[FakePortOne, PortOneClient]]:
    async with FakePortOne() as server, server.client(rate_limit=None) as client:
        server.add(merchant_uid=ORDER, imp_uid=IMP_UID)
        yield server, client


Shop = tuple[FakePortOne, PortOneClient]


async def test_client_returns_groups_beside_an_odd_payment(shop: Shop) -> None:
    server, client = shop
    server.fail(Json({"code": 0, "message": None, "response": [CARD_PAID | {"amount": None}]}))

    async with client.payments.get_many([ORDER, "order-2"]) as stream:
        groups = [group async for group in stream]

    assert groups == [Group(ORDER, (), (ODD,)), Group("order-2")]


async def test_find_many_fails_for_the_odd_order_only(shop: Shop) -> None:
    server, client = shop
    server.add(merchant_uid="order-2")
    response = {"code": 0, "message": None, "response": CARD_PAID | {"amount": None}}
    server.fail(Json(response), times=None, on=f"/payments/find/{ORDER}")

    async with client.payments.find_many([ORDER, "order-2"]) as stream:
        results = {result.merchant_uid: result async for result in stream}

    assert isinstance(results["order-2"], Found)
    failed = results[ORDER]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, UnexpectedResponseError)
    assert failed.error.unreadable == (ODD,)
    assert failed.error.identifiers == {"merchant_uid": ORDER}


@pytest.mark.parametrize("status", [None, "paid", "failed"])
async def test_find_by_listing_fails_beside_an_odd_payment(shop: Shop, status: Any) -> None:
    server, client = shop
    slashed = CARD_PAID | {"merchant_uid": "a/b"}
    server.fail(Body(ok([slashed, slashed | {"amount": None}])))

    with pytest.raises(UnexpectedResponseError, match=r"\$\.amount") as caught:
        await client.payments.find("a/b", status=status)

    assert caught.value.identifiers == {"merchant_uid": "a/b"}
    assert caught.value.endpoint == "GET /payments"


@pytest.mark.parametrize(
    ("status", "sorting", "names"),
    [
        (None, None, ["started_at"]),
        (None, "paid", []),
        (None, "updated", ["started_at"]),
        ("failed", "-started", []),
    ],
)
async def test_find_by_listing_needs_the_times_it_sorts_by(
    shop: Shop, status: Any, sorting: Any, names: list[str]
) -> None:
    server, client = shop
    slashed = CARD_PAID | {"merchant_uid": "a/b"}
    failed = slashed | {"status": "failed", "imp_uid": "imp_2"}
    odd_payment: dict[str, Any] = slashed | {"started_at": []}
    server.fail(Body(ok([odd_payment, failed])))

    try:
        await client.payments.find("a/b", status=status, sorting=sorting)
    except UnexpectedResponseError as error:
        assert [record.path for record in error.unreadable] == [f"$.{name}" for name in names] != []
        assert [record.identifiers["imp_uid"] for record in error.unreadable] == [IMP_UID]
    else:
        assert names == []


def test_listing_of_another_order_is_refused_by_an_odd_payment() -> None:
    assert "another merchant_uid" in str(
        decode_error(listed_call("a/b", None), [CARD_PAID | {"amount": None}])
    )


# Python 3.11 cannot decode objects nested 1,000 levels deep.
@pytest.mark.parametrize(
    ("begin", "end", "depth"), [("[", "]", 1_000), ("[", "]", 50_000), ('{"a":', "}", 50_000)]
)
def test_deep_nesting_affects_only_its_field(begin: str, end: str, depth: int) -> None:
    deep = f"{begin * depth}1{end * depth}"

    def body(response: Any) -> bytes:
        return ok(response).replace(b'"deep"', deep.encode())

    payment = parse(FIND, Reply(200, {}, body(CARD_PAID | {"extension": "deep", "new": "deep"})))
    assert isinstance(payment, Payment)
    assert payment.unreadable == ("extension",)
    assert payment.raw["name"] == CARD_PAID["name"]

    error = parse(FIND, Reply(200, {}, body(CARD_PAID | {"amount": "deep"})))
    assert isinstance(error, PortOneError)
    assert "$.amount" in str(error)

    # Brackets inside a string are not nesting.
    odd_payment = CARD_PAID | {"amount": 7, "name": '"[[{\\', "extension": "deep"}
    batch = batch_call([Identifier("merchant_uid", ORDER)])
    listing = parse(batch, Reply(200, {}, body([odd_payment, CARD_PAID])))
    assert isinstance(listing, Listing)
    assert [payment.unreadable for payment in listing.list] == [("extension",), ()]
    assert listing.list[0].name == odd_payment["name"]

    call = list_call("all", Window(0, 1), Sorting.PAID_ASC, 1, 10)
    page = parse(
        call, Reply(200, {}, body(page_body("deep", CARD_PAID | {"cancel_history": "deep"})))
    )
    assert isinstance(page, Page)
    assert [record.path for record in page.unreadable] == ["$" if begin == "[" else "$.imp_uid"]
    assert [payment.unreadable[0][:14] for payment in page.list] == ["cancel_history"]


@pytest.mark.parametrize("literal", ["1e999999", "9" * 400, '"9999-12-31T23:59:59-23:00"', '"x"'])
def test_out_of_range_number_affects_only_its_field(literal: str) -> None:
    body = ok(CARD_PAID | {"paid_at": "odd"}).replace(b'"odd"', literal.encode())
    payment = parse(FIND, Reply(200, {}, body))

    assert isinstance(payment, Payment)
    assert (payment.paid_at, payment.unreadable) == (None, ("paid_at",))
    assert str(payment.raw["paid_at"]).lower().replace("+", "") == literal.strip('"').lower()


@pytest.mark.parametrize("literal", ['"NaN"', "1e999999", "9" * 400, '"Infinity"', "true"])
def test_invalid_amount_is_unreadable(literal: str) -> None:
    body = ok(CARD_PAID | {"cancel_amount": "odd"}).replace(b'"odd"', literal.encode())
    error = parse(FIND, Reply(200, {}, body))

    assert isinstance(error, UnexpectedResponseError)
    assert error.unreadable[0].path == "$.cancel_amount"
    assert literal.strip('"') not in str(error)


def test_last_of_duplicate_keys_counts_in_an_odd_payment() -> None:
    body = ok(CARD_PAID)[:-2] + b', "amount": [], "extension": [], "amount": 7}}'
    payment = parse(FIND, Reply(200, {}, body))

    assert isinstance(payment, Payment)
    assert payment.amount == Decimal(7)
    assert payment.unreadable == ("extension",)


@pytest.mark.parametrize("status", ["paid", "cancelled"])
@pytest.mark.parametrize("fields", [{"promotion": []}, {"cancel_history": {}}])
async def test_verification_fails_on_an_unreadable_field(
    shop: Shop, status: str, fields: dict[str, Any]
) -> None:
    server, client = shop
    odd_payment = CARD_PAID | {"sandbox": False, "status": status} | fields
    event = WebhookEvent(IMP_UID, ORDER, PaymentStatus(status))
    server.fail(Json({"code": 0, "message": None, "response": odd_payment}), times=2)
    arguments: dict[str, Any] = {"merchant_uid": ORDER, "amount": 15000}

    with pytest.raises(PaymentMismatchError, match="unreadable"):
        await client.payments.verify(**arguments, imp_uid=IMP_UID)
    if status == "cancelled" and "cancel_history" in fields:
        # A cancelled payment is a state to act on, even with an unreadable history.
        assert not (await verify_webhook(client, event, **arguments)).is_paid
        return
    with pytest.raises(PaymentMismatchError, match="unreadable"):
        await verify_webhook(client, event, **arguments)
