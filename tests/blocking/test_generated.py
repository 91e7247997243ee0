"""The blocking client is the generated one, and has the surface of the asynchronous client."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from portone_async import PortOneClient, blocking, webhook
from portone_async import reconcile as reconciliation
from portone_async._sections import Sections
from portone_async.blocking._engine import Engine
from portone_async.blocking.reconcile import reconcile
from portone_async.blocking.webhook import verify_webhook
from portone_async.call import Call
from portone_async.operations import Operation
from tests.contract.recorder import (
    METHODS,
    VARIANTS,
    Arguments,
    Recorded,
    Recorder,
    arguments_of,
    method,
    name_of,
    record,
    split,
)

from .generate import PACKAGE, generated

SECTIONS = [name for name, value in vars(Sections).items() if isinstance(value, property)]
# Written by hand, or with another meaning for code without an event loop.
OMITTED = {"session"}
ADDED = {"run"}


def test_committed_source_is_the_generated_one() -> None:
    files = generated()
    differing = [name for name, text in files.items() if (PACKAGE / name).read_text() != text]

    assert not differing, "run python -m tests.blocking.generate --write"
    written = {path.name for path in (PACKAGE / "resources").glob("[a-z]*.py")}
    assert written == {name.partition("/")[2] for name in files if "/" in name}


def public(owner: object) -> dict[str, Any]:
    kind = owner if isinstance(owner, type) else type(owner)
    return {
        name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")
    }


def section_of(client: Any, name: str) -> object:
    return getattr(client, name)


def pairs() -> Iterator[tuple[str, Any, Any]]:
    """Yield the functions of both surfaces, under the same names."""
    one, other = PortOneClient("key", "secret"), blocking.PortOneClient("key", "secret")
    assert public(one).keys() | ADDED == public(other).keys()
    yield from (
        (name, function, public(other)[name])
        for name, function in public(one).items()
        if callable(function)
    )
    yield "__init__", PortOneClient.__init__, blocking.PortOneClient.__init__
    for section in SECTIONS:
        theirs, ours = public(section_of(one, section)), public(section_of(other, section))
        assert theirs.keys() == ours.keys()
        yield from ((f"{section}.{name}", theirs[name], ours[name]) for name in theirs)
    yield "verify_webhook", webhook.verify_webhook, verify_webhook
    yield "reconcile", reconciliation.reconcile, reconcile


PAIRS = {name: (one, other) for name, one, other in pairs()}


def types_of(function: Any) -> dict[str, tuple[str, Any]]:
    """Return the types and defaults of a function, without what only asynchronous code passes."""
    signature = inspect.signature(function)
    types: dict[str, tuple[str, Any]] = {
        name: (str(each.annotation), each.default) for name, each in signature.parameters.items()
    }
    return {name: each for name, each in types.items() if name not in OMITTED} | {
        "return": (str(signature.return_annotation), "")
    }


REPLACED = (
    (r" \| AsyncIterable\[\w+\]", ""),
    (r"^AsyncGenerator", "AbstractContextManager"),
    (r"^Orders$", "Iterable[Order | Refund | UnreadableOrder]"),
    (r"^_HasPayments$", "PortOneClient"),
    ('"', "'"),
)


def blocking_type(text: str) -> str:
    for pattern, replacement in REPLACED:
        text = re.sub(pattern, replacement, text)
    return text


def test_parameters_and_types_are_those_of_the_asynchronous_client() -> None:
    expected = {
        name: [
            (parameter, blocking_type(text), default)
            for parameter, (text, default) in types_of(one).items()
        ]
        for name, (one, _) in PAIRS.items()
    }
    actual = {
        name: [
            (parameter, text.replace('"', "'"), default)
            for parameter, (text, default) in types_of(other).items()
        ]
        for name, (_, other) in PAIRS.items()
    }

    assert actual == expected
    assert len(actual) > len(METHODS)


def test_no_text_of_the_blocking_client_has_asynchronous_code() -> None:
    functions = {name: function for name, (_, function) in PAIRS.items()}
    asynchronous = re.compile(r"\b(await|async (for|with|def))\b")

    assert not [name for name, each in functions.items() if inspect.iscoroutinefunction(each)]
    texts = {name: inspect.getdoc(function) or "" for name, function in functions.items()}
    assert not [name for name, text in texts.items() if asynchronous.search(text)]
    assert "with client.payments.find_many(orders" in texts["payments.find_many"]


class Facade(blocking.PortOneClient):
    """A blocking client of a recorder."""

    def __init__(self, recorder: Any) -> None:
        self._engine = Engine(lambda: recorder)


class ClosableRecorder(Recorder):
    async def close(self) -> None:
        pass


def blocking_record(operation: Operation, arguments: Arguments) -> Call[Any]:
    recorder = ClosableRecorder(operation.endpoint)
    client = Facade(recorder)
    function: Any = method(client, name_of(operation))  # type: ignore[arg-type]  # it has the sections
    positional, keywords = split(function, arguments)
    try:
        result = function(*positional, **keywords)
        next(iter(result))
    except Recorded:
        return recorder.calls[-1]
    finally:
        client.close()
    raise AssertionError(f"{operation.call} made {[call.endpoint for call in recorder.calls]}")


@pytest.mark.parametrize("operation", [*METHODS, *VARIANTS], ids=name_of)
def test_method_sends_what_the_asynchronous_one_sends(operation: Operation) -> None:
    function = method(Recorder(""), name_of(operation))
    assert function is not None
    arguments = arguments_of(function, name_of(operation))

    expected = record(operation.endpoint, name_of(operation), arguments)
    call = blocking_record(operation, arguments)

    assert (call.target(), call.payload()) == (expected.target(), expected.payload())
