"""Test how a call becomes a target and a body, and which calls are rejected."""

from __future__ import annotations

import pickle
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from portone_async import (
    Call,
    InvalidRequestError,
    MalformedResponseError,
    ServerError,
    Sorting,
    UnexpectedResponseError,
)
from portone_async.resources._windows import Window
from portone_async.resources.payments._batch import Identifier, batch_call
from portone_async.resources.payments._calls import (
    find_all_call,
    find_call,
    get_call,
    list_call,
    listed_call,
)
from portone_async.resources.payments._words import validate_status
from tests.support import strategies

texts = st.text(st.characters(exclude_categories=["Cs"]))


def find(merchant_uid: Any) -> Call[dict[str, Any]]:
    return Call("GET", "/payments/find/{merchant_uid}", dict, path={"merchant_uid": merchant_uid})


@given(strategies.order_numbers)
def test_any_merchant_uid_is_one_segment_of_the_target(merchant_uid: str) -> None:
    target = find(merchant_uid).target()
    head, _, tail = target.rpartition("/")

    assert head == "/payments/find"
    assert unquote(tail, errors="strict") == merchant_uid
    assert target.isascii()
    # yarl must send the target unchanged.
    assert URL("http://127.0.0.1:1" + target, encoded=True).raw_path_qs == target


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "must not be ''"),
        (".", "must not be"),
        ("..", "must not be"),
        ("a\nb", "control"),
        ("a\x00", "control"),
        ("\x7f", "control"),
        ("\x85", "control"),
        ("\ud800", "Unicode"),
        (5, "not int"),
        (None, "not NoneType"),
        (b"x", "not bytes"),
    ],
)
def test_invalid_identifier_is_rejected(value: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        find(value).target()


@given(st.lists(st.tuples(texts, texts)))
def test_query_parameters_arrive_in_order(pairs: list[tuple[str, str]]) -> None:
    target = Call("GET", "/payments", dict, query=pairs).target()
    query = target.partition("?")[2]

    arrived = [pair.split("=") for pair in query.split("&") if query]
    assert [(unquote(name), unquote(value)) for name, value in arrived] == pairs
    assert "+" not in target


def test_query_may_be_a_mapping() -> None:
    assert Call("GET", "/x", dict, query={"sorting": "-paid"}).target() == "/x?sorting=-paid"
    assert Call("GET", "/x", dict, query={}).target() == "/x"


@pytest.mark.parametrize(
    "call",
    [
        Call("FETCH", "/x", dict),
        Call("get", "/x", dict),
        Call("GET", "x", dict),
        Call("GET", "//evil.example/x y", dict),
        Call("GET", "/x?y=1", dict),
        Call("GET", "/x#y", dict),
        Call("GET", "/../x", dict),
        Call("GET", "/x/{}", dict),
        Call("GET", "/x/{a}", dict),
        Call("GET", "/x", dict, path={"a": "1"}),
        Call("GET", "/x/{a}", dict, path={"b": "1"}),
        Call("GET", "/x/{a}/{a}", dict, path={"a": "1"}),
        Call("GET", "/x", dict, query={"a": "\ud800"}),
        Call("GET", "/x", dict, query="abc"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query=b"abc"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query=5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query=[5]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query=[None]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query=["ab"]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query=[("a",)]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # the point
        Call("GET", "/x", dict, query={1: "a"}),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # the point
    ],
    ids=repr,
)
def test_invalid_call_is_rejected(call: Call[dict[str, Any]]) -> None:
    with pytest.raises(InvalidRequestError):
        call.target()


def test_route_may_have_several_parameters() -> None:
    call = Call("GET", "/x/{a}/y/{b}/z", dict[str, Any], path={"b": "2", "a": "1"})

    assert call.target() == "/x/1/y/2/z"


def test_invalid_unicode_is_not_in_the_traceback() -> None:
    with pytest.raises(InvalidRequestError, match="Unicode") as caught:
        Call("GET", "/x", dict, query={"buyer": "planted\ud800"}).target()

    assert caught.value.__suppress_context__


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_http_methods_of_the_api_are_accepted(method: str) -> None:
    assert Call(method, "/x", dict).target() == "/x"


def test_body_is_json_with_decimals_as_numbers() -> None:
    call = Call("POST", "/x", dict[str, Any], body={"amount": Decimal("10.05"), "name": "가"})

    assert call.payload() == '{"amount":10.05,"name":"가"}'.encode()
    assert Call("GET", "/x", dict).payload() is None


def test_unencodable_body_is_rejected_without_quoting_it() -> None:
    with pytest.raises(InvalidRequestError, match="body") as caught:
        Call("POST", "/x", dict, body={"imp_secret": object(), "key": "s3cret"}).payload()

    assert "s3cret" not in str(caught.value)


def test_body_encoding_error_is_named_by_its_class() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for content, kind in ((endless, "RecursionError"), ("\ud800", "UnicodeEncodeError")):
        with pytest.raises(InvalidRequestError, match=kind):
            Call("POST", "/x", dict, body=content).payload()


def test_only_get_is_idempotent_by_default() -> None:
    assert Call("GET", "/x", dict).is_idempotent
    assert not any(Call(m, "/x", dict).is_idempotent for m in ("POST", "PUT", "PATCH", "DELETE"))
    assert Call("POST", "/x", dict, idempotent=True).is_idempotent
    assert not Call("GET", "/x", dict, idempotent=False).is_idempotent


def test_repr_of_a_call_omits_values() -> None:
    call = Call(
        "POST", "/x/{a}", dict[str, Any], path={"a": "홍길동"}, query={"b": "010"}, body={"c": "s3"}
    )

    assert repr(call) == "Call('POST', '/x/{a}')"
    assert call.__rich_repr__() == [("method", "POST"), ("route", "/x/{a}")]
    assert call.endpoint == "POST /x/{a}"


def test_call_reports_only_explicit_identifiers() -> None:
    path = {"merchant_uid": "order-1", "customer_uid": "홍길동"}
    route = "/x/{merchant_uid}/{customer_uid}"

    assert Call("GET", route, dict, path=path).identifiers == {}
    call = Call("GET", route, dict[str, Any], path=path, identifiers={"merchant_uid": "order-1"})
    assert call.identifiers == {"merchant_uid": "order-1"}


@pytest.mark.parametrize(
    ("call", "identifiers"),
    [
        (find_call("order-1", None, None), {"merchant_uid": "order-1"}),
        (
            find_call("order-1", "paid", None),
            {"merchant_uid": "order-1", "payment_status": "paid"},
        ),
        (get_call("imp_1", include_sandbox=True, extension=True), {"imp_uid": "imp_1"}),
        (
            find_all_call("order-1", "paid", None, 1, 10),
            {"merchant_uid": "order-1", "payment_status": "paid"},
        ),
        (list_call("paid", Window(0, 1), Sorting.PAID_ASC, 1, 10), {"payment_status": "paid"}),
        (listed_call("a/b", None), {"merchant_uid": "a/b"}),
        (
            batch_call([Identifier("merchant_uid", "order-1"), Identifier("imp_uid", "imp_1")]),
            {"merchant_uid": "order-1", "imp_uid": "imp_1"},
        ),
    ],
    ids=lambda value: value.endpoint if isinstance(value, Call) else "",
)
def test_payment_calls_declare_their_identifiers(
    call: Call[Any], identifiers: dict[str, str]
) -> None:
    assert call.identifiers == identifiers


def test_advice_of_a_call_overrides_the_default() -> None:
    call = Call("GET", "/x", dict[str, Any], advice={UnexpectedResponseError: "Count the cards."})

    assert call.advice_for(UnexpectedResponseError()) == "Count the cards."
    assert call.advice_for(MalformedResponseError()) == "Count the cards."
    assert call.advice_for(ServerError()) == ServerError.advice
    assert "payment" not in ServerError.advice + UnexpectedResponseError.advice
    assert "payment" in find_call("order-1", None, None).advice_for(ServerError())


def test_call_is_an_immutable_value() -> None:
    call = find("order-1")

    assert call == find("order-1") != find("order-2")
    assert pickle.loads(pickle.dumps(call)) == call
    with pytest.raises(AttributeError):
        call.method = "POST"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point


class Order(str, Enum):  # noqa: UP042 (str() of a member is its name: the case under test)
    FIRST = "order-1"
    PAID = "paid"


def test_enum_member_is_sent_by_its_value() -> None:
    call = find_call(Order.FIRST, validate_status(Order.PAID), None)
    assert call.target() == "/payments/find/order-1/paid"
