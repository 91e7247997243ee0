"""Compare the public methods of this package with the facts of a document."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from portone_async import InvalidRequestError, PortOneError
from portone_async.call import Call
from portone_async.operations import OPERATIONS, Operation

from . import deviations
from .document import Facts
from .recorder import (
    METHODS,
    VARIANTS,
    Arguments,
    Method,
    Recorder,
    arguments_of,
    item_in,
    method,
    record,
    words_in,
)
from .records import item_gaps, response_gaps

__all__ = ("Surface", "gaps")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def gaps(facts: Facts) -> Iterator[str]:
    """Yield what a document has and this package does not, and the reverse; one sentence each."""
    known = {operation.endpoint for operation in OPERATIONS}
    for endpoint in sorted(facts["operations"].keys() ^ known):
        owner = "the document" if endpoint in known else "OPERATIONS"
        yield f"{endpoint} is not in {owner}"
    for operation in (*METHODS, *VARIANTS):
        if operation.endpoint in facts["operations"]:
            yield from operation_gaps(facts, operation)


def operation_gaps(facts: Facts, operation: Operation) -> Iterator[str]:
    """Yield the differences of one operation and its method."""
    assert operation.call is not None
    if method(Recorder(""), operation.call) is None:
        yield f"{operation.endpoint}: there is no method {operation.call}"
        return
    surface = Surface(facts, operation)
    for check in CHECKS:
        try:
            yield from (f"{operation.endpoint}: {sentence}" for sentence in check(surface))
        except (AssertionError, PortOneError) as error:
            yield f"{operation.endpoint}: {operation.call} does not send it: {error}"


class Surface:
    """The documented parameters of one operation, beside its method."""

    def __init__(self, facts: Facts, operation: Operation) -> None:
        assert operation.call is not None
        found = method(Recorder(""), operation.call)
        assert found is not None
        self.operation = operation
        self.name = operation.call
        self.facts = facts
        self.entry: Facts = facts["operations"][operation.endpoint]
        self.method: Method = found
        self.hints: dict[str, Any] = get_type_hints(found)
        self.signature = inspect.signature(found)
        self.documented: Facts = {
            name: entry
            for name, entry in self.entry["parameters"].items()
            if self.deviation(deviations.NOT_GIVEN, name) is None
        }

    def deviation(self, table: Mapping[tuple[str, str], Any], name: str) -> Any:
        """Return the entry of a table for a parameter of this operation, or of this method."""
        for owner in (self.name, self.operation.endpoint, deviations.ANY):
            if (owner, name) in table:
                return table[owner, name]
        return None

    def keyword(self, name: str) -> str:
        """Return the keyword of the method for a parameter of the API."""
        in_snake_case = _CAMEL.sub("_", name).replace("-", "_").lower()
        return str(self.deviation(deviations.KEYWORDS, name) or in_snake_case)

    def place(self, name: str) -> str:
        return str(
            self.deviation(deviations.PLACES, name) or self.entry["parameters"][name]["place"]
        )

    @cached_property
    def given(self) -> Arguments:
        """An argument for each parameter of the method that is documented."""
        keywords = {self.keyword(name) for name in self.documented}
        return {
            name: value
            for name, value in arguments_of(self.method, self.name).items()
            if name in keywords
        }

    @cached_property
    def call(self) -> Call[Any]:
        """The call with everything that is documented."""
        return self.record(self.given)

    def record(self, arguments: Arguments) -> Call[Any]:
        return record(self.operation.endpoint, self.name, arguments)


def sent(call: Call[Any]) -> dict[tuple[str, str], Any]:
    """Return the values of a call by place and name, as JSON has them."""
    query: dict[str, Any] = {}
    for name, value in call.query.items() if isinstance(call.query, Mapping) else call.query or ():
        query[name] = [*query.get(name, []), value] if name.endswith("[]") else value
    body = call.payload()
    values: dict[str, Mapping[str, Any]] = {
        "path": call.path or {},
        "query": query,
        "body": {} if body is None else msgspec.json.decode(body),
    }
    return {(place, name): value for place, each in values.items() for name, value in each.items()}


def as_sent(value: Any) -> Any:
    """Return an argument as JSON has it."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        members = {name: getattr(value, field) for name, field in names}
        return {name: as_sent(each) for name, each in members.items() if each is not None}
    parts: Any = value
    if isinstance(value, list | tuple):
        return [as_sent(part) for part in parts]
    if isinstance(value, dict):
        return {name: as_sent(part) for name, part in parts.items()}
    return value


def _keywords(surface: Surface) -> Iterator[str]:
    """Each documented parameter has a keyword, which is required if the parameter is."""
    for name, entry in surface.documented.items():
        keyword = surface.keyword(name)
        parameter = surface.signature.parameters.get(keyword)
        if parameter is None:
            yield f"{surface.name} has no parameter {keyword}"
            continue
        is_required = parameter.default is inspect.Parameter.empty
        may_differ = deviations.OPTIONAL if entry.get("required") else deviations.REQUIRED
        if is_required != bool(entry.get("required")) and (
            surface.deviation(may_differ, name) is None
        ):
            yield f"{keyword} of {surface.name} is {'required' if is_required else 'optional'}"


def _values(surface: Surface) -> Iterator[str]:
    """Each argument is sent under its documented name, in its place and type."""
    values = sent(surface.call)
    for name, entry in surface.documented.items():
        keyword = surface.keyword(name)
        if keyword not in surface.given:
            continue  # Reported as a parameter that is missing.
        if (surface.place(name), name) not in values:
            yield f"{keyword} is not sent as {name} in the {surface.place(name)}"
            continue
        value, argument = values[surface.place(name), name], as_sent(surface.given[keyword])
        if member := surface.deviation(deviations.MEMBERS, name):
            argument = {member: argument}
        if not _is_equal(value, argument):
            yield f"{name} is sent as {value!r}, not {argument!r}"
        documented = str(surface.deviation(deviations.TYPES, name) or entry["type"])
        if _json_type(value) not in _accepted(documented):
            yield f"{name} is sent as {_json_type(value)}, not {documented}"


def _is_equal(value: Any, argument: Any) -> bool:
    # The end of a period may be included.
    is_near = type(value) is type(argument) is int and argument - value in (0, 1)
    return value == argument or is_near or value == [argument]


def _json_type(value: Any) -> str:
    for kind, name in _JSON_TYPES.items():
        if isinstance(value, kind):
            return name
    return "string"


_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",  # Before int, which it is as well.
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def _accepted(documented: str) -> set[str]:
    if documented == "number":
        return {"integer", "number"}
    known = {"string", "integer", "boolean", "array", "object"}
    return {documented if documented in known else "object"}


def _nothing_undocumented(surface: Surface) -> Iterator[str]:
    """Nothing is sent that is not documented, whatever the method is given."""
    allowed = {(surface.place(name), name) for name in surface.entry["parameters"]}
    everything = arguments_of(surface.method, surface.name) | surface.given
    everything.pop("extra_body", None)
    for place, name in sorted(sent(surface.record(everything)).keys() - allowed):
        if surface.deviation(deviations.UNDOCUMENTED, name) is None:
            yield f"{surface.name} sends {name} in the {place}, which is not documented"


def _nothing_by_default(surface: Surface) -> Iterator[str]:
    """Nothing is sent that was not given."""
    required = {
        name: value
        for name, value in surface.given.items()
        if surface.signature.parameters[name].default is inspect.Parameter.empty
    }
    required |= deviations.ONE_OF.get(surface.operation.endpoint, {})
    endpoint = deviations.SHORT_ROUTES.get(surface.operation.endpoint, surface.operation.endpoint)
    minimal = record(endpoint, surface.name, required)
    needed = {
        (surface.place(name), name)
        for name in surface.documented
        if surface.keyword(name) in required
    }
    for _, name in sorted(sent(minimal).keys() - needed):
        if surface.deviation(deviations.BY_DEFAULT, name) is None:
            yield f"{surface.name} sends {name} although it was not given"


def _words(surface: Surface) -> Iterator[str]:
    """Each documented word is offered by the type, and is sent unchanged."""
    for name, entry in surface.documented.items():
        keyword = surface.keyword(name)
        if "words" not in entry or keyword not in surface.given:
            continue
        offered = words_in(surface.hints[keyword])
        for word in entry["words"]:
            if word not in offered:
                yield f"the type of {keyword} does not have the word {word}"
            value = sent(surface.record(surface.given | {keyword: word})).get(
                (surface.place(name), name)
            )
            if value != word:
                yield f"{name} {word} is sent as {value}"


def _limits(surface: Surface) -> Iterator[str]:
    """Find limits that are not enforced: values at a limit are sent, numbers beyond it are not."""
    for name, entry in surface.documented.items():
        keyword = surface.keyword(name)
        if keyword not in surface.given:
            continue
        longest = entry.get("max_length", 0)
        if longest and entry["type"] == "string" and isinstance(surface.given[keyword], str):
            if keyword in deviations.FORMATS or "words" in entry:
                continue
            value = sent(surface.record(surface.given | {keyword: "a" * longest})).get(
                (surface.place(name), name)
            )
            if value != "a" * longest:
                yield f"{name} of {longest} characters is sent as {value!r}"
        for limit, beyond in (("minimum", -1), ("maximum", 1)):
            if limit in entry:
                surface.record(surface.given | {keyword: entry[limit]})
                if not _is_refused(surface, {keyword: entry[limit] + beyond}):
                    yield f"{name} beyond the {limit} {entry[limit]} is sent"


def _is_refused(surface: Surface, arguments: Arguments) -> bool:
    try:
        surface.record(surface.given | arguments)
    except InvalidRequestError:
        return True
    return False


def _items(surface: Surface) -> Iterator[str]:
    """Each object in a request has a class with each documented field."""
    for name, entry in surface.documented.items():
        kind = entry.get("items", entry["type"])
        if kind not in surface.facts["types"] or surface.keyword(name) not in surface.given:
            continue
        item = item_in(surface.hints[surface.keyword(name)])
        if item is None:
            if surface.deviation(deviations.PLAIN_OBJECTS, name) is None:
                yield f"there is no class of items for {name}"
            continue
        yield from item_gaps(surface.facts, kind, item)


def _response(surface: Surface) -> Iterator[str]:
    """Each record of the response has each documented field."""
    yield from response_gaps(surface.facts, surface.entry, surface.call, surface.operation)


CHECKS: tuple[Callable[[Surface], Iterator[str]], ...] = (
    _keywords,
    _values,
    _nothing_undocumented,
    _nothing_by_default,
    _words,
    _limits,
    _items,
    _response,
)
