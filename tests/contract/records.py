"""Compare the records of this package with the types of a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from portone_async.call import Call
from portone_async.operations import Operation

from .deviations import ITEM_OPTIONAL, NO_FIELD, UNDOCUMENTED_FIELDS
from .document import Facts

__all__ = ("item_gaps", "response_gaps")

Fields = dict[str, Any]


def response_gaps(
    facts: Facts, entry: Facts, call: Call[Any], operation: Operation
) -> Iterator[str]:
    """Yield what a documented response has and the record of an operation does not."""
    records = {kind.__name__: kind for kind in structs_in(call.response)}
    if operation.response is None:
        if entry["response"]:
            yield f"the response {entry['response']} is not read"
        return
    if operation.response not in records:
        yield f"the response is not a {operation.response}: {sorted(records)}"
        return
    record = records[operation.response]
    for name, fields in _documented(facts, entry):
        yield from record_gaps(facts, name, fields, record)


def _documented(facts: Facts, entry: Facts) -> Iterator[tuple[str, Fields]]:
    """Yield the records of a documented response, with their names."""
    for response in entry["response"]:
        if isinstance(response, dict):
            yield "response", response["fields"]
            continue
        name = str(response).removeprefix("list[").removesuffix("]")
        fields = facts["types"][name]["fields"]
        # A page has its records in a list.
        if "list" in fields:
            name = fields["list"]["items"]
        yield name, facts["types"][name]["fields"]


def record_gaps(facts: Facts, name: str, fields: Fields, record: type[Struct]) -> Iterator[str]:
    """Yield the documented fields that a record does not have, also inside its fields."""
    known = {field.encode_name: field for field in msgspec.structs.fields(record)}
    for field, entry in fields.items():
        if (name, field) in NO_FIELD:
            continue
        if field not in known:
            yield f"{record.__name__} has no field {field} of {name}"
            continue
        inner = _inner(facts, entry)
        if inner is not None:
            yield from _inner_gaps(facts, f"{name}.{field}", inner, record, known[field].name)
    for field, info in known.items():
        if info.required and field not in fields:
            yield f"{record.__name__} requires {field}, which {name} does not have"


def item_gaps(facts: Facts, name: str, item: type[Struct]) -> Iterator[str]:
    """Yield the differences of an object in a request and its documented type."""
    fields = facts["types"][name]["fields"]
    yield from record_gaps(facts, name, fields, item)
    required = {field.encode_name for field in msgspec.structs.fields(item) if field.required}
    for field in facts["types"][name]["required"]:
        if field not in required and (name, field) not in ITEM_OPTIONAL:
            yield f"{item.__name__} does not require {field} of {name}"
    for field in item.__struct_encode_fields__:
        if field not in fields and (name, field) not in UNDOCUMENTED_FIELDS:
            yield f"{item.__name__} has the field {field}, which {name} does not have"


def _inner(facts: Facts, entry: Facts) -> Fields | None:
    """Return the fields of the object that a field is, or is a list of."""
    if "fields" in entry:
        fields: Fields = entry["fields"]
        return fields
    kind = facts["types"].get(entry.get("items", entry["type"]))
    return None if kind is None else kind["fields"]


def _inner_gaps(
    facts: Facts, name: str, fields: Fields, record: type[Struct], attribute: str
) -> Iterator[str]:
    structs = [*structs_in(get_type_hints(record)[attribute])]
    if structs:
        yield from record_gaps(facts, name, fields, structs[0])
    elif (name, "*") not in NO_FIELD:
        yield f"{record.__name__}.{attribute} is not a record"


def structs_in(kind: Any) -> Iterator[type[Struct]]:
    """Yield the Structs that a type names, the outermost first, without those of their fields."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield kind
    for part in get_args(kind):
        yield from structs_in(part)
