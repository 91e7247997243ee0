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
from tests.contract.recorder import Recorder
from tests.contract.surface import Surface, not_built, operation_gaps

FACTS = load()

NOT_BUILT: frozenset[str] = frozenset()
"""Methods of the table that the client does not have yet."""

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

BUILT = [each for each in OPERATIONS if each.call is not None and each.call not in NOT_BUILT]


def name_of(operation: Operation) -> str:
    return str(operation.call)


each_operation = pytest.mark.parametrize("operation", BUILT, ids=name_of)


def test_table_has_each_documented_operation_once() -> None:
    endpoints = [operation.endpoint for operation in OPERATIONS]

    assert sorted(endpoints) == sorted(FACTS["operations"])
    assert len(set(endpoints)) == 80


def test_table_has_each_method_once() -> None:
    calls = [operation.call for operation in OPERATIONS]

    assert len(set(calls)) == 80


def test_methods_that_are_not_built_are_listed() -> None:
    assert not_built() == NOT_BUILT


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

DEFAULT = {"GET": Repeat.READ}


def public_methods() -> Iterator[str]:
    for section, prop in vars(Sections).items():
        if isinstance(prop, property):
            methods = inspect.getmembers(getattr(Recorder(""), section), inspect.ismethod)
            for name, _ in methods:
                if not name.startswith("_"):
                    yield f"{section}.{name}"


def test_each_public_method_is_in_the_table_or_a_helper() -> None:
    built: set[Any] = {operation.call for operation in BUILT}

    assert set(public_methods()) == built | HELPERS


def test_page_of_operations_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.contract.page"
