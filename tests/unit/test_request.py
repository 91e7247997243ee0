"""Test that parameters are sent in the API's types, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import Call, InvalidRequestError
from portone_async._redact import Secret
from portone_async.models._item import Item
from portone_async.resources._request import (
    exact_number,
    json_body,
    money,
    path_value,
    unix_seconds,
)


class Courier(Item, frozen=True, kw_only=True):
    shown = ("company",)

    company: str
    tel: str | None = None
    fee: Decimal | None = None


def sent(body: Any) -> bytes | None:
    return Call("POST", "/x", dict, body=body).payload()


def test_parameters_that_are_none_are_not_sent() -> None:
    assert sent(json_body(amount=1, name=None)) == b'{"amount":1}'


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (1000, b"1000"),
        (Decimal(1000), b"1000"),
        (Decimal("1000.00"), b"1000"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("9.90"), b"9.9"),
        (Decimal("123456789012345678901234.5"), b"123456789012345678901234.5"),
        (True, b"true"),
        ("text", b'"text"'),
        (Secret("text"), b'"text"'),
        (datetime(2026, 1, 1, tzinfo=UTC), b"1767225600"),
        (datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))), b"1767225600"),
        (["a", 1], b'["a",1]'),
        (("a",), b'["a"]'),
        ({"a": {"b": Decimal("1.50")}}, b'{"a":{"b":1.5}}'),
        (Courier(company="CJGLS"), b'{"company":"CJGLS"}'),
        ([Courier(company="CJGLS", fee=Decimal(3))], b'[{"company":"CJGLS","fee":3}]'),
    ],
)
def test_value_is_sent_in_the_api_type(value: Any, json: bytes) -> None:
    assert sent(json_body(x=value)) == b'{"x":' + json + b"}"
    assert sent(json_body({"x": value})) == b'{"x":' + json + b"}"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        [1.5],
        {"a": 1.5},
        {1: "a"},
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+99"),
        datetime(2026, 1, 1),  # noqa: DTZ001 (without a time zone)
        b"bytes",
        {"a", "b"},
        object(),
    ],
)
def test_value_that_has_no_exact_type_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"\bx\b"):
        json_body(x=value)


def test_extra_body_adds_parameters() -> None:
    assert sent(json_body({"new": Decimal("1.0")}, amount=1)) == b'{"amount":1,"new":1}'


@pytest.mark.parametrize("amount", [1, None])
def test_extra_body_cannot_repeat_a_parameter(amount: int | None) -> None:
    with pytest.raises(InvalidRequestError, match=r"repeats parameters .*\['amount'\]"):
        json_body({"amount": 2}, amount=amount)


def test_extra_body_must_be_a_mapping() -> None:
    extra: Any = [("a", 1)]
    with pytest.raises(InvalidRequestError, match="extra_body must be a dict, not list"):
        json_body(extra)


@pytest.mark.parametrize("value", [1, Decimal(1), "1", "1.0", Decimal("1.00")])
def test_money_is_read_exactly(value: Any) -> None:
    assert money("amount", value) == 1


@pytest.mark.parametrize(
    "value",
    [
        True, 1.0, None, "1e3", "", " 1", "1,000", "\uff11", "NaN", "0x1", "-0.1", -1,
        Decimal("NaN"), Decimal("-Infinity"), Decimal("sNaN"), Decimal("1E+30"), 10**30, b"1",
    ],
)  # fmt: skip
def test_money_that_is_not_exact_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^amount "):
        money("amount", value)


def test_money_below_the_minimum_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="must be at least 1"):
        money("amount", 0, minimum=1)


@given(st.decimals(min_value=-(10**20), max_value=10**20, places=4))
def test_exact_number_keeps_the_value(amount: Decimal) -> None:
    number = msgspec.json.Encoder(decimal_format="number").encode(exact_number(amount))

    assert Decimal(number.decode()) == amount
    assert (b"." in number) is (amount != int(amount))


@pytest.mark.parametrize("value", ["a/b", "a\\b", ".", "..", "", "a\nb", "\ud800", 1])
def test_path_value_that_is_not_one_segment_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="customer_uid"):
        path_value("customer_uid", value)


def test_path_value_is_returned() -> None:
    assert path_value("customer_uid", "고객 1") == "고객 1"


class Word(StrEnum):
    KEY = "value"


def test_words_of_enumerations_are_sent_by_their_value() -> None:
    assert sent(json_body(word=Word.KEY)) == b'{"word":"value"}'


def test_time_without_a_zone_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="since must have a time zone"):
        unix_seconds("since", datetime(2026, 1, 1))  # noqa: DTZ001 (without a time zone)
