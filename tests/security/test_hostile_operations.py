"""Hostile arguments of any operation stay one value in one place, or are rejected unsent.

Methods and parameters come from the signatures: a new one is tested without a change here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_type_hints
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest
from msgspec import structs

from portone_async import InvalidRequestError, PortOneError
from portone_async._http.reply import Reply
from portone_async.models._item import Item
from portone_async.operations import Operation
from tests.contract.deviations import ONE_OF
from tests.contract.document import load
from tests.contract.recorder import (
    METHODS,
    VARIANTS,
    Arguments,
    alternatives,
    arguments_of,
    filled,
    finish,
    item_in,
    method,
    name_of,
    required_arguments,
    split,
)
from tests.contract.surface import Surface
from tests.support.failing import failing_client
from tests.support.samples import NOT_FOUND, body
from tests.support.virtual_time import run

FACTS = load()
ALL = (*METHODS, *VARIANTS)
Sent = list[tuple[str, str, bytes | None]]


async def tried(operation: Operation, arguments: Arguments) -> tuple[PortOneError | None, Sent]:
    """Return the error of an operation and what was sent; PortOne knows nothing of its object."""
    client, transport = failing_client(operation.endpoint, Reply(404, {}, body(NOT_FOUND)))
    function = method(client, name_of(operation))
    assert function is not None
    positional, keywords = split(function, arguments)
    async with client:
        try:
            await finish(function(*positional, **keywords))
        except PortOneError as error:
            return error, transport.sent
    return None, transport.sent


def function_of(operation: Operation) -> Any:
    return method(failing_client(operation.endpoint, Reply(404, {}, b""))[0], name_of(operation))


def valid_arguments(operation: Operation) -> Arguments:
    return arguments_of(function_of(operation), name_of(operation))


def parameters(*kinds: type) -> Iterator[Any]:
    """Yield each parameter of each operation that takes one of the first kind and no other."""
    for operation in ALL:
        hints = get_type_hints(function_of(operation))
        for name in valid_arguments(operation):
            found = {
                kind
                for kind in (str, bool, int, Decimal, datetime)
                if kind in alternatives(hints[name])
            }
            if found == set(kinds):
                yield pytest.param(operation, name, id=f"{operation.call}-{name}")


def path_parameters() -> Iterator[Any]:
    for operation in ALL:
        surface = Surface(FACTS, operation)
        for name, entry in surface.documented.items():
            if entry["place"] == "path" and name != "payment_status":
                keyword = surface.keyword(name)
                yield pytest.param(operation, keyword, id=f"{operation.call}-{keyword}")


def assert_rejected(operation: Operation, arguments: Arguments) -> None:
    """Assert that the method rejects its arguments; a look-up may come before that."""
    error, sent = run(tried(operation, arguments))

    assert isinstance(error, InvalidRequestError), error
    assert [request for request in sent if request[0] != "GET" or operation.method == "GET"] == []


# Paths

NEVER = ("", ".", "..", "a\r\nX-Evil: 1", "a\n", "a\x00", "a\x85", "a\ud800")
SLASHES = ("a/b", "/", "../users/getToken", "a/../../payments/cancel", "..\\a", "//evil.example")
ODD = (
    *("a?status=paid", "a#b", "a%2fb", "%2e%2e", "%", "a&b=c", "a;b", "a+b c", "{imp_uid}", "[]"),
    *("한글 주문", "\u2025", "a\u2028b", "@evil.example", "https:evil.example", "....", "a" * 5000),
)


@pytest.mark.parametrize(("operation", "name"), list(path_parameters()))
def test_identifier_that_cannot_be_in_a_path_is_rejected(operation: Operation, name: str) -> None:
    for value in NEVER:
        error, sent = run(tried(operation, valid_arguments(operation) | {name: value}))

        assert isinstance(error, InvalidRequestError), ascii(value)
        assert sent == []


@pytest.mark.parametrize(("operation", "name"), list(path_parameters()))
def test_odd_identifier_stays_one_value(operation: Operation, name: str) -> None:
    for value in (*SLASHES, *ODD):
        error, sent = run(tried(operation, valid_arguments(operation) | {name: value}))

        if not sent:
            assert isinstance(error, InvalidRequestError), ascii(value)
        for _, target, content in sent:
            assert value in values_of(target, content), ascii(value)


MAY_BE_QUOTED = ("codes.bank", "codes.card", "payments.get")
"""Look-ups that send a quoted slash: a server that takes it apart finds nothing."""


@pytest.mark.parametrize(
    ("operation", "name"),
    [each for each in path_parameters() if each.values[0].call not in MAY_BE_QUOTED],
)
def test_slash_is_never_in_a_path(operation: Operation, name: str) -> None:
    for value in SLASHES:
        error, sent = run(tried(operation, valid_arguments(operation) | {name: value}))

        assert sent or isinstance(error, InvalidRequestError), value
        for _, target, _ in sent:
            assert not re.search("%2f|%5c", urlsplit(target).path, re.IGNORECASE), target


def values_of(target: str, content: bytes | None) -> set[str]:
    """Return the segments of a path, the values of a query, and those at the top of a body."""
    parts = urlsplit(target)
    members: dict[str, Any] = {} if content is None else msgspec.json.decode(content)
    return {
        *map(unquote, parts.path.split("/")),
        *(value for _, value in parse_qsl(parts.query, keep_blank_values=True)),
        *(value for value in members.values() if isinstance(value, str)),
    }


# Values

NO_MONEY: tuple[Any, ...] = (
    *(True, 1.5, 1000.0, float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")),
    *("NaN", "Infinity", "1e5", "1,000", "", " 1", "1 ", "0x10", "₩1000", "1_000", "abc"),
    "\uff11\uff10",  # 10 in full-width digits
    *(10**30, -(10**30), Decimal("1e999999"), "9" * 5000, 10**5000, b"1", [1], {"total": 1}),
)  # fmt: skip


@pytest.mark.parametrize(("operation", "name"), list(parameters(int, Decimal, str)))
def test_value_that_is_not_exact_money_is_rejected(operation: Operation, name: str) -> None:
    for value in NO_MONEY:
        assert_rejected(operation, valid_arguments(operation) | {name: value})


@pytest.mark.parametrize(("operation", "name"), list(parameters(int, Decimal, str)))
def test_negative_money_is_rejected(operation: Operation, name: str) -> None:
    for value in (-1, Decimal("-0.01"), "-1"):
        assert_rejected(operation, valid_arguments(operation) | {name: value})


@pytest.mark.parametrize(("operation", "name"), list(parameters(int)))
def test_value_that_is_not_a_whole_number_is_rejected(operation: Operation, name: str) -> None:
    for value in (1.5, float("nan"), Decimal("NaN"), 10**5000, object()):
        assert_rejected(operation, valid_arguments(operation) | {name: value})


@pytest.mark.parametrize(("operation", "name"), list(parameters(datetime)))
def test_time_without_a_zone_is_rejected(operation: Operation, name: str) -> None:
    naive = datetime(2030, 1, 1)  # noqa: DTZ001 (on purpose)
    for value in (naive, date(2030, 1, 1), "2030-01-01", 1893456000, 1.5, float("nan")):
        assert_rejected(operation, valid_arguments(operation) | {name: value})


@pytest.mark.parametrize(("operation", "name"), list(parameters(datetime)))
def test_time_at_the_end_of_the_calendar_raises_no_other_error(
    operation: Operation, name: str
) -> None:
    for offset in (timedelta(hours=14), timedelta(hours=-12)):
        for limit in (datetime.min, datetime.max):  # noqa: DTZ901 (a zone is added)
            value = limit.replace(tzinfo=timezone(offset))
            run(tried(operation, valid_arguments(operation) | {name: value}))


@pytest.mark.parametrize(("operation", "name"), list(parameters(str)))
def test_text_that_is_not_unicode_is_rejected(operation: Operation, name: str) -> None:
    assert_rejected(operation, valid_arguments(operation) | {name: "a\ud800"})


# Objects in lists and bodies


def objects() -> Iterator[Any]:
    """Yield each parameter that takes items, with their class."""
    for operation in ALL:
        for name, hint in get_type_hints(function_of(operation)).items():
            if (item := item_in(hint)) is not None:
                yield pytest.param(operation, name, item, id=f"{operation.call}-{name}")


each_object = pytest.mark.parametrize(("operation", "name", "item"), list(objects()))


def as_given(operation: Operation, name: str, value: Any) -> Arguments:
    """Return arguments with one object, in a list where the parameter is one."""
    arguments = valid_arguments(operation)
    return arguments | {name: [value] if isinstance(arguments[name], list) else value}


@each_object
def test_object_with_a_value_that_cannot_be_sent_is_rejected(
    operation: Operation, name: str, item: type[Item]
) -> None:
    hints = get_type_hints(item)
    whole = filled(item)
    for field in item.__struct_fields__:
        kinds = alternatives(hints[field])
        odd: list[Any] = [1.5, float("nan"), object()]
        odd += ["a\ud800"] if str in kinds and Decimal not in kinds else []
        odd += [Decimal("NaN"), 10**5000] if Decimal in kinds else []
        odd += [datetime(2030, 1, 1)] if datetime in kinds else []  # noqa: DTZ001 (on purpose)
        for value in odd:
            members = structs.asdict(whole)
            assert_rejected(operation, as_given(operation, name, members | {field: value}))
            assert_rejected(operation, as_given(operation, name, item(**members | {field: value})))


@each_object
def test_dict_is_sent_as_its_item(operation: Operation, name: str, item: type[Item]) -> None:
    whole: Any = filled(item)
    encoded = zip(item.__struct_encode_fields__, item.__struct_fields__, strict=True)
    members = {written: getattr(whole, field) for written, field in encoded}
    _, with_item = run(tried(operation, as_given(operation, name, whole)))
    _, with_dict = run(tried(operation, as_given(operation, name, members)))

    assert with_item == with_dict
    assert with_item


@each_object
def test_value_that_is_not_an_object_is_rejected(
    operation: Operation, name: str, item: type[Item]
) -> None:
    for value in ("text", 5, [None], ["text"], [5], {1: "one"}, [{1: "one"}], object()):
        assert_rejected(operation, valid_arguments(operation) | {name: value})


# Parameters that this package does not know

WITH_EXTRA = [each for each in ALL if "extra_body" in valid_arguments(each)]
with_extra = pytest.mark.parametrize("operation", WITH_EXTRA, ids=name_of)


@with_extra
def test_extra_parameters_are_sent_exactly(operation: Operation) -> None:
    extra = {"new_amount": Decimal("9.90"), "new_time": datetime(2030, 1, 1, tzinfo=UTC)}
    arguments = required_arguments(function_of(operation), name_of(operation))
    arguments |= ONE_OF.get(operation.endpoint, {})
    _, sent = run(tried(operation, arguments | {"extra_body": extra, **only_look_once(operation)}))

    bodies = [content for method, _, content in sent if method == operation.method]
    assert bodies
    for content in bodies:
        assert content is not None
        assert b'"new_amount":9.9' in content
        assert b'"new_time":1893456000' in content


def only_look_once(operation: Operation) -> Arguments:
    return {"settle": 0} if "settle" in valid_arguments(operation) else {}


@with_extra
def test_extra_parameters_that_cannot_be_sent_are_rejected(operation: Operation) -> None:
    surface = Surface(FACTS, operation)
    own = [name for name in surface.documented if surface.place(name) == "body"]
    values: list[Any] = [
        *([], "text", {1: "one"}, {"new": float("nan")}, {"new": 1.5}, {"new": object()}),
        *({"new": {"deep": [1.5]}}, {"new": "\ud800"}, {"\ud800": 1}, {"new": 10**5000}),
        *({name: "twice"} for name in own),
    ]
    for value in values:
        assert_rejected(operation, valid_arguments(operation) | {"extra_body": value})


def test_there_are_parameters_of_each_kind() -> None:
    kinds: Mapping[str, list[Any]] = {
        "path": list(path_parameters()),
        "money": list(parameters(int, Decimal, str)),
        "time": list(parameters(datetime)),
        "text": list(parameters(str)),
    }

    assert all(kinds.values())
