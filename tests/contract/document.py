"""Read the facts of PortOne's document: a Swagger 2.0 file, which has some errors.

It writes limits as text, marks bodies as forms, and places a schema beside a type. Descriptions,
examples and what the PGs support are left out: PortOne calls the latter hints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ("FACTS", "Facts", "load", "read", "write")

Facts: TypeAlias = dict[str, Any]
FACTS = Path(__file__).with_name("facts.json")

_METHODS = ("get", "post", "put", "patch", "delete")
_PLACES = {"formData": "body", "body": "body", "path": "path", "query": "query"}
_LIMITS = {
    "maxLength": "max_length",
    "minLength": "min_length",
    "maximum": "maximum",
    "minimum": "minimum",
}
_WORDS = ("enum", "x-portone-enum")
_FIRST = "#/definitions/"


def load() -> Facts:
    """Return the stored facts."""
    facts: Facts = json.loads(FACTS.read_text("utf-8"))
    return facts


def write(facts: Facts) -> None:
    """Store facts, one operation or type a line."""
    FACTS.write_text(
        "{\n" + ",\n".join(_part(kind, facts[kind]) for kind in facts) + "\n}\n", "utf-8"
    )


def _part(kind: str, entries: Facts) -> str:
    return f'"{kind}": {{\n' + ",\n".join(_lines(entries)) + "\n}"


def _lines(entries: Facts) -> Iterator[str]:
    for name, entry in sorted(entries.items()):
        yield f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False, sort_keys=True)}"


def read(document: Any) -> Facts:
    """Return the facts of a document: its operations, and the types that they use."""
    definitions = document["definitions"]
    types: Facts = {}
    operations = {
        f"{method.upper()} {route}": _operation(f"{method.upper()} {route}", entry, types)
        for route, entries in document["paths"].items()
        for method, entry in entries.items()
        if method in _METHODS
    }
    pending = [name for entry in operations.values() for name in _names(entry)]
    pending += [name for entry in types.values() for name in _names(entry)]
    while pending:
        name = pending.pop()
        if name not in types and name in definitions:
            types[name] = _type(definitions, definitions[name])
            pending += _names(types[name])
    for entry in operations.values():
        _resolve_response(entry, types)
    used = _used(operations, types)
    return {
        "operations": operations,
        "types": {name: entry for name, entry in types.items() if name in used},
    }


def _operation(name: str, entry: Any, types: Facts) -> Facts:
    parameters = {
        parameter["name"]: {"place": _PLACES[parameter["in"]]} | _value(parameter)
        for parameter in entry.get("parameters", ())
    }
    responses = entry["responses"]
    return {
        "parameters": parameters,
        "response": _response(name, responses["200"].get("schema"), types),
        "statuses": sorted(int(status) for status in responses),
    }


def _value(entry: Any) -> Facts:
    """Return the type, limits and words of a parameter or field."""
    schema = entry.get("schema", {})
    value: Facts = {
        "type": _reference(schema) or entry.get("type") or _reference(entry) or "object"
    }
    items = entry.get("items")
    if items is not None:
        value["items"] = items if isinstance(items, str) else _reference(items) or items["type"]
    if _is_true(entry.get("required")):
        value["required"] = True
    if _is_true(entry.get("deprecated")):
        value["deprecated"] = True
    value |= {ours: int(entry[theirs]) for theirs, ours in _LIMITS.items() if theirs in entry}
    for name in _WORDS:
        if name in entry:
            value["words"] = [str(word) for word in entry[name]]
    if "properties" in entry:
        value["fields"] = {name: _value(each) for name, each in entry["properties"].items()}
    return value


def _is_true(flag: Any) -> bool:
    # Some flags are text.
    return str(flag).lower() == "true"


def _reference(entry: Any) -> str | None:
    reference = entry.get("$ref")
    return None if reference is None else str(reference).removeprefix(_FIRST)


def _type(definitions: Any, entry: Any) -> Facts:
    fields: Facts = {}
    required: set[str] = set()
    for part in (entry, *entry.get("allOf", ())):
        reference = _reference(part)
        if reference is not None:
            inherited = _type(definitions, definitions[reference])
            fields |= inherited["fields"]
            required |= set(inherited["required"])
        fields |= {name: _value(each) for name, each in part.get("properties", {}).items()}
        required |= set(part.get("required", ()))
    return {"fields": fields, "required": sorted(required)}


def _response(name: str, schema: Any, types: Facts) -> list[str]:
    """Return the names of the types of a whole answer; it may be one of several."""
    if not schema:
        return []
    reference = _reference(schema)
    if reference is not None:
        return [reference]
    properties = schema["properties"]
    if "code" in properties:
        types[name] = _type({}, schema)
        return [name]
    return [str(_reference(each)) for each in properties.values()]


def _resolve_response(entry: Facts, types: Facts) -> None:
    """Replace the envelopes of an operation by the type of their ``response``."""
    responses = [types[name]["fields"].get("response") for name in entry["response"]]
    beside = {
        field: value
        for name in entry["response"]
        for field, value in types[name]["fields"].items()
        if field not in ("code", "message", "response")
    }
    if beside:
        entry["beside"] = beside
    entry["response"] = [_content(each) for each in responses if each is not None]


def _content(field: Facts) -> Any:
    if "fields" in field:
        return {"fields": field["fields"]}
    return f"list[{field['items']}]" if field["type"] == "array" else field["type"]


def _names(entry: Any) -> list[str]:
    """List the types that an entry mentions."""
    # Not narrowed by its type: to pyright a dict of any JSON is one of unknown types.
    parts: Any = entry
    if isinstance(entry, dict):
        mentioned = [parts[key] for key in ("type", "items") if isinstance(parts.get(key), str)]
        return [*mentioned, *(name for part in parts.values() for name in _names(part))]
    if isinstance(entry, list):
        return [name for part in parts for name in _names(part)]
    return [entry.removeprefix("list[").removesuffix("]")] if isinstance(entry, str) else []


def _used(operations: Facts, types: Facts) -> set[str]:
    used: set[str] = set()
    pending = _names(operations)
    while pending:
        name = pending.pop()
        if name in types and name not in used:
            used.add(name)
            pending += _names(types[name])
    return used
