"""The methods of the client against the official document, and the table of operations."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from portone_async._sections import Sections
from portone_async.call import Repeat
from portone_async.operations import OPERATIONS, Operation
from tests.contract.document import load
from tests.contract.page import PAGE, page
from tests.contract.recorder import METHODS, VARIANTS, Recorder, method, name_of, required_arguments
from tests.contract.surface import Surface, operation_gaps

FACTS = load()

HELPERS = frozenset(
    {
        "payments.cancel_all",
        "payments.find_many",
        "payments.verify",
        "payments.wait_until_paid",
        "prepared.ensure",
        "schedules.cancel_all",
    }
)
"""Public methods that make the calls of other methods."""

each_operation = pytest.mark.parametrize("operation", [*METHODS, *VARIANTS], ids=name_of)


def test_table_has_each_documented_operation_once() -> None:
    endpoints = [operation.endpoint for operation in OPERATIONS]

    assert sorted(endpoints) == sorted(FACTS["operations"])
    assert len(set(endpoints)) == 80


def test_table_has_each_method_once() -> None:
    calls = [operation.call for operation in OPERATIONS]

    assert len(set(calls)) == 80


def test_each_operation_but_that_of_the_token_has_a_method() -> None:
    client = Recorder("")

    assert len(METHODS) == 79
    assert [name_of(each) for each in METHODS if method(client, name_of(each)) is None] == []


@each_operation
def test_method_is_as_documented(operation: Operation) -> None:
    assert [*operation_gaps(FACTS, operation)] == []


@each_operation
def test_call_has_the_class_of_the_table(operation: Operation) -> None:
    call = Surface(FACTS, operation).call

    expected = WITH_ALL_PARAMETERS.get(str(operation.call), operation.repeat)
    assert (call.repeat or DEFAULT.get(call.method, Repeat.UNSAFE)) is expected
    assert call.is_idempotent == (operation.repeat in (Repeat.READ, Repeat.SET))


WITH_ALL_PARAMETERS = {"schedules.create": Repeat.UNSAFE}
"""The class of a call with each documented parameter, where it differs: here with a card."""


def test_booking_of_a_key_is_guarded() -> None:
    (operation,) = (each for each in METHODS if each.call == "schedules.create")
    surface = Surface(FACTS, operation)
    call = surface.record(required_arguments(surface.method, surface.name))

    assert call.repeat is operation.repeat is Repeat.GUARDED


@each_operation
def test_values_of_the_path_are_positional_and_the_rest_is_not(operation: Operation) -> None:
    surface = Surface(FACTS, operation)
    parameters = surface.signature.parameters.items()
    positional = [name for name, each in parameters if each.kind is not each.KEYWORD_ONLY]
    in_path = [
        surface.keyword(name)
        for name, entry in surface.documented.items()
        if entry["place"] == "path" and entry.get("required")
    ]

    assert positional[: len(in_path)] == in_path
    assert len(positional) <= max(len(in_path), 1) or operation.call == "payments.get_many"


DEFAULT = {"GET": Repeat.READ}


def public_methods() -> Iterator[str]:
    for section, prop in vars(Sections).items():
        if isinstance(prop, property):
            methods = inspect.getmembers(getattr(Recorder(""), section), inspect.ismethod)
            for name, _ in methods:
                if not name.startswith("_"):
                    yield f"{section}.{name}"


def test_each_public_method_is_in_the_table_or_a_helper() -> None:
    built: set[Any] = {operation.call for operation in METHODS}

    assert set(public_methods()) == built | HELPERS


def test_page_of_operations_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.contract.page"
