"""Forms as PHP reads them: ``a[b]=``, ``a[]=`` and ``a[0][b]=`` are objects and arrays."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

__all__ = ("parse_form",)

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parse_form(text: str) -> dict[str, Any]:
    """Return the fields of a form. A name that comes twice has its last value."""
    fields: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _store(fields, _keys(name), value)
    return {name: _with_arrays(value) for name, value in fields.items()}


def _keys(name: str) -> list[str]:
    parts = _NAME.fullmatch(name)
    if parts is None:
        return [name]
    return [parts[1], *(key[1:] for key in parts[2].split("]")[:-1])]


def _store(fields: dict[str, Any], keys: list[str], value: str) -> None:
    *path, last = keys
    for key in path:
        # PHP numbers the entries of name[].
        name = key or str(len(fields))
        if not isinstance(fields.get(name), dict):
            fields[name] = {}
        fields = fields[name]
    fields[last or str(len(fields))] = value


def _with_arrays(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    entries: dict[str, Any] = {key: _with_arrays(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType] (any form)
    is_array = [*entries] == [str(index) for index in range(len(entries))]
    return [*entries.values()] if is_array else entries
