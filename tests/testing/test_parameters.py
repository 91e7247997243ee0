"""Parameters of a request's body, as PortOne documents their types."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portone_async.testing import RecordedRequest
from portone_async.testing.form import parse_form
from portone_async.testing.parameters import BadParameterError, Parameters


def of_json(body: bytes) -> Parameters:
    return parameters(body, "application/json")


def of_form(body: bytes) -> Parameters:
    return parameters(body, "application/x-www-form-urlencoded")


def parameters(body: bytes, content_type: str) -> Parameters:
    headers = {"Content-Type": content_type}
    return Parameters.of(RecordedRequest.of("POST", "/", headers=headers, body=body, at=0.0))


def test_json_and_form_have_the_same_values() -> None:
    both = (
        of_json(b'{"t":"a","m":10.05,"i":3,"f":true,"at":1770000000}'),
        of_form(b"t=a&m=10.05&i=3&f=true&at=1770000000"),
    )
    for each in both:
        assert each.text("t") == "a"
        assert each.money("m") == Decimal("10.05")
        assert each.integer("i") == 3
        assert each.flag("f") is True
        assert each.time("at") == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("a=1&b=&a=2", {"a": "2", "b": ""}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[0]=1&a[1]=2", {"a": ["1", "2"]}),
        ("a%5Bb%5D=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        ("a[0][b]=1&a[0][c]=2&a[1][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ("a[1]=1", {"a": {"1": "1"}}),
        ("a[=1&]=2&[b]=3", {"a[": "1", "]": "2", "[b]": "3"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
    ],
    ids=str,
)
def test_form_has_objects_and_arrays_as_in_php(form: str, fields: dict[str, Any]) -> None:
    assert parse_form(form) == fields


def test_absent_null_and_empty_form_fields_are_none() -> None:
    for each in (of_json(b'{"a":null}'), of_form(b"a=")):
        for name in ("a", "b"):
            values: list[Any] = [
                each.text(name),
                each.money(name),
                each.flag(name),
                each.time(name),
            ]
            assert values == [None] * 4
        assert each.array("a") is None
        assert each.object("a") is None


def test_list_and_object_are_read() -> None:
    body = of_json(b'{"list":[1],"object":{"name":"a"}}')

    inner = body.object("object")

    assert body.array("list") == [1]
    assert inner is not None
    assert inner.text("name") == "a"


def test_missing_parameters_are_named_together() -> None:
    with pytest.raises(BadParameterError, match=r'^\["b", "c"\] '):
        of_json(b'{"a":1,"c":""}').require("a", "b", "c")


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("text", b"1"),
        ("money", b'"1000"'),
        ("money", b"true"),
        ("money", b"[1]"),
        ("integer", b"1.5"),
        ("time", b"1e30"),
        ("time", b'"2026-01-01"'),
        ("flag", b'"true"'),
        ("flag", b"1"),
        ("array", b'"a"'),
        ("object", b"[]"),
    ],
)
def test_json_of_another_type_is_refused(method: str, value: bytes) -> None:
    body = of_json(b'{"a":' + value + b"}")

    with pytest.raises(BadParameterError, match=r'^\["a"\]'):
        getattr(body, method)("a")


def test_word_that_is_not_documented_is_refused() -> None:
    assert of_json(b'{"a":"real"}').text("a", words=("real", "digital")) == "real"
    with pytest.raises(BadParameterError):
        of_json(b'{"a":"other"}').text("a", words=("real", "digital"))


@pytest.mark.parametrize("value", ["much", "NaN", "Infinity"])
def test_form_field_that_is_not_a_number_is_refused(value: str) -> None:
    with pytest.raises(BadParameterError):
        of_form(f"a={value}".encode()).money("a")


def test_json_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(BadParameterError):
        of_json(b"[]")
