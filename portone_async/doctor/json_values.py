"""Typed views of decoded JSON."""

from __future__ import annotations

from typing import Any, cast

__all__ = ("array_of", "json_type", "object_of")

_TYPES: dict[Any, str] = {
    bool: "boolean",
    str: "string",
    dict: "object",
    list: "array",
    type(None): "null",
}


def json_type(value: object) -> str:
    """Return the name of a value's JSON type."""
    return _TYPES.get(value.__class__, "number")


def object_of(value: Any) -> dict[str, Any]:
    """Return a value if it is an object; an empty one otherwise."""
    if not isinstance(value, dict):
        return {}
    return cast(dict[str, Any], value)


def array_of(value: Any) -> list[Any]:
    """Return a value if it is an array; an empty one otherwise."""
    if not isinstance(value, list):
        return []
    return value  # pyright: ignore[reportUnknownVariableType]  # to mypy it is a list of Any
