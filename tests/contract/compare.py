"""Compare the facts of two documents, one sentence per difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .document import Facts

__all__ = ("differences",)


def differences(old: Facts, new: Facts) -> Iterator[str]:
    """Yield what is new, gone or changed in ``new``, operations first."""
    yield from _names("", "operation", old["operations"], new["operations"])
    for name in _common(old["operations"], new["operations"]):
        yield from _operation(f"{name}: ", old["operations"][name], new["operations"][name])
    yield from _names("", "type", old["types"], new["types"])
    for name in _common(old["types"], new["types"]):
        before, after = old["types"][name], new["types"][name]
        yield from _entries(f"{name}: ", "field", before["fields"], after["fields"])
        yield from _list(f"{name}: required fields", before["required"], after["required"])


def _operation(owner: str, old: Facts, new: Facts) -> Iterator[str]:
    yield from _entries(owner, "parameter", old["parameters"], new["parameters"])
    yield from _list(f"{owner}HTTP statuses", old["statuses"], new["statuses"])
    yield from _value(f"{owner}response", old["response"], new["response"])
    yield from _entries(owner, "field beside it", old.get("beside", {}), new.get("beside", {}))


def _entries(owner: str, kind: str, old: Facts, new: Facts) -> Iterator[str]:
    """Yield the differences of parameters or fields."""
    yield from _names(owner, kind, old, new)
    for name in _common(old, new):
        yield from _attributes(f"{owner}{kind} {name}", old[name], new[name])


def _names(owner: str, kind: str, old: Facts, new: Facts) -> Iterator[str]:
    for name in sorted(new.keys() - old.keys()):
        yield f"{owner}new {kind} {name}{_brief(new[name])}"
    for name in sorted(old.keys() - new.keys()):
        yield f"{owner}{kind} {name} is gone"


def _attributes(subject: str, old: Facts, new: Facts) -> Iterator[str]:
    for attribute in sorted({*old, *new}):
        before, after = old.get(attribute), new.get(attribute)
        if attribute == "fields":
            yield from _entries(f"{subject}: ", "field", before or {}, after or {})
        elif attribute == "words":
            yield from _list(f"{subject}: words", before or [], after or [])
        else:
            yield from _value(f"{subject}: {attribute}", before, after)


def _list(subject: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    if added := [item for item in new if item not in old]:
        yield f"{subject}: {_text(added)} added"
    if removed := [item for item in old if item not in new]:
        yield f"{subject}: {_text(removed)} removed"


def _value(subject: str, old: Any, new: Any) -> Iterator[str]:
    if old != new:
        yield f"{subject}: was {_text(old)}, is {_text(new)}"


def _brief(entry: Facts) -> str:
    """Return the attributes of a new parameter or field, in brackets."""
    if "type" not in entry:
        return ""
    attributes = [entry["type"], entry.get("place"), "required" if entry.get("required") else None]
    return f" ({', '.join(filter(None, attributes))})"


def _common(old: Facts, new: Facts) -> list[str]:
    return sorted(old.keys() & new.keys())


def _text(value: Any) -> str:
    if value is None or value == []:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # JSON
