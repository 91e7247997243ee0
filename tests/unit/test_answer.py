"""Test the headers of a reply as a value, and what is left out of them."""

from __future__ import annotations

import copy
import pickle

import pytest
from multidict import CIMultiDict

from portone_async import Answer, ReplyInfo
from portone_async._http.reply import Reply
from portone_async._http.reply_info import reply_info
from portone_async.answer import Headers

DATE = "Thu, 26 Nov 2026 05:00:00 GMT"
CANARY = "canary-secret-0123456789"


def headers_of(*pairs: tuple[str, str]) -> Headers:
    return reply_info(
        Reply(200, CIMultiDict(pairs), b""), 0.0, lambda text: text.replace(CANARY, "***")
    ).headers


def test_headers_are_found_in_any_case_and_listed_as_sent() -> None:
    headers = Headers({"X-Request-Id": "r-1", "date": DATE})

    assert headers["x-request-ID"] == headers.get("X-REQUEST-ID") == "r-1"
    assert list(headers) == ["X-Request-Id", "date"]
    assert "DATE" in headers
    assert "Server" not in headers
    assert len(headers) == 2


def test_headers_are_equal_in_any_case_and_order() -> None:
    headers = Headers({"Date": DATE, "Server": "nginx"})
    other = Headers({"server": "nginx", "DATE": DATE})

    assert (headers, hash(headers)) == (other, hash(other))
    assert headers != Headers({"Date": DATE})
    assert headers != {"Date": DATE, "Server": "nginx"}


def test_headers_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        Headers({})["Date"] = DATE  # type: ignore[index]  # pyright: ignore[reportIndexIssue]  # the point
    with pytest.raises(AttributeError):
        Headers({}).date = DATE  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # the point


def test_answer_survives_pickle_and_copies() -> None:
    answer = Answer(["361"], ReplyInfo(status=200, headers=Headers({"Date": DATE}), elapsed=0.25))

    for twin in (pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)):
        assert twin == answer
        assert twin.reply.headers["date"] == DATE


def test_repr_has_neither_values_nor_the_response() -> None:
    info = ReplyInfo(status=200, headers=Headers({"Date": DATE, "X-Id": "r-1"}), elapsed=0.25)

    assert repr(info) == "ReplyInfo(status=200, headers=<Headers Date, X-Id>, elapsed=0.25)"
    assert repr(Answer({"buyer_name": CANARY}, info)) == f"Answer(dict, {info!r})"


PRIVATE = (
    *("Set-Cookie", "set-cookie2", "Authorization", "WWW-Authenticate", "X-Auth", "Access-Token"),
    *("X-Session-Id", "Api-Key", "X-ApiKey", "Location", "Content-Location", "X-Original-URL"),
    *("X-Request-URI", "X-Path", "Refresh", "Link", "X-Real-IP", "X-Forwarded-For", "X-User"),
    *("Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade"),
)
PUBLIC = (
    *("Date", "Server", "Retry-After", "X-Request-Id", "CF-Ray", "X-RateLimit-Remaining"),
    *("Strict-Transport-Security", "Content-Type", "Via", "X-Amzn-Trace-Id"),
)


@pytest.mark.parametrize("name", PRIVATE)
def test_private_header_is_left_out(name: str) -> None:
    assert list(headers_of((name, "1"), ("Date", DATE))) == ["Date"]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_header_is_copied(name: str) -> None:
    assert headers_of((name, "x")) == Headers({name: "x"})


def test_header_that_belongs_to_the_connection_is_left_out() -> None:
    assert not headers_of(("Connection", "close, X-Hop"), ("x-hop", "1"))


def test_secret_in_a_header_is_redacted() -> None:
    headers = headers_of(("X-Debug", f"key={CANARY}&b"), ("Date", DATE))

    assert headers == Headers({"X-Debug": "key=***&b", "Date": DATE})


def test_secret_at_the_cut_of_a_long_value_is_redacted() -> None:
    (value,) = headers_of(("X-Debug", "x" * 490 + CANARY + "x" * 5000)).values()

    assert value == "x" * 490 + "***" + "x" * 7 + "…"


def test_repeated_header_is_one_list() -> None:
    assert headers_of(("Via", "a"), ("Date", DATE), ("via", "b"))["via"] == "a, b"


def test_control_characters_are_escaped() -> None:
    assert headers_of(("Server", "a\x1b[31m\u202eb"))["Server"] == "a\\x1b[31m\\u202eb"


def test_number_and_size_of_headers_are_bounded() -> None:
    many = headers_of(*((f"X-{number}", "v" * 100_000) for number in range(10_000)))

    assert len(many) == 64
    assert {len(value) for value in many.values()} == {501}
    assert not headers_of(("X" * 101, "1"))
