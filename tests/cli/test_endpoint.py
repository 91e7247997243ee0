"""The paths that ``portone-async call`` takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from portone_async.call import Call
from portone_async.cli.call.endpoint import parse_endpoint
from portone_async.errors import InvalidRequestError


def target(text: str) -> str:
    endpoint = parse_endpoint(text)
    return Call("GET", endpoint.route, Raw, path=endpoint.values, query=endpoint.query).target()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/banks", "/banks"),
        ("banks", "/banks"),
        ("/payments/find/A 1", "/payments/find/A%201"),
        ("/payments/find/A%2F1", "/payments/find/A%2F1"),
        ("/payments/find/a#1", "/payments/find/a%231"),
        ("/payments/find/100%25", "/payments/find/100%25"),
        ("/payments/find/주문", "/payments/find/%EC%A3%BC%EB%AC%B8"),
        ("/payments/find/%ec%a3%bc", "/payments/find/%EC%A3%BC"),
        ("/payments/status/paid?limit=3&page=", "/payments/status/paid?limit=3&page="),
        ("/payments?imp_uid[]=a+b", "/payments?imp_uid%5B%5D=a%20b"),
    ],
)
def test_path_is_quoted_by_segments(text: str, expected: str) -> None:
    assert target(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/banks/",
        "/a//b",
        "/payments/../users",
        "/payments/%2e%2E/users",
        "/payments/./a",
        "https://api.iamport.kr/banks",
        "/a%zz",
        "/a%",
        "/a?b=%2",
        "/a%ff",
        "/a\x1b",
        "/a%00",
        "/users/getToken",
        "users/GETTOKEN?a=b",
        "/users/get%54oken",
    ],
)
def test_path_that_is_ambiguous_or_secret_is_rejected(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        target(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_order_number_reaches_its_segment(order: str) -> None:
    if order in (".", ".."):
        return
    quoted = order.replace("%", "%25").replace("?", "%3F").replace("/", "%2F")
    assert list(parse_endpoint(f"/payments/find/{quoted}").values.values())[2:] == [order]


def test_repr_has_no_query_value() -> None:
    assert "secret" not in repr(parse_endpoint("/a?b=secret"))
