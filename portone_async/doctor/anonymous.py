"""Keep the data of a shop out of results. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from .check import Fact, Result
from .json_values import object_of

__all__ = ("anonymous",)

# Digits, Korean, capitals and long words may be the data of a person; PortOne's names have none. The
# checks name only members of payments and of their parts: never those of an object in a field, as
# of `custom_data`, which a shop chooses.
_FIELD = re.compile(r"(?=.{1,40}$)[a-z_]+(\.[a-z_]+)?")
_WORD = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}")
"""A header, a class, or types."""
_WORDS = frozenset({"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"})
_LARGEST = 1_000_000
"""Counts, statuses and milliseconds are smaller."""


def anonymous(result: Result) -> Result:
    """Return a result without facts that may be the data of a shop or a person.

    What is dropped is counted in the fact ``dropped``.
    """
    facts: dict[str, Fact] = {}
    dropped = 0
    for name, fact in result.facts.items():
        clean, count = _cleaned(fact)
        dropped += count
        if clean is not None:
            facts[name] = clean
    if dropped:
        facts["dropped"] = dropped
    return msgspec.structs.replace(result, facts=facts)


def _cleaned(fact: Any) -> tuple[Fact | None, int]:
    """Return the part of a fact that can be published, and the number of dropped items."""
    match fact:
        case bool():
            return fact, 0
        case int() | float():
            return (fact, 0) if abs(fact) <= _LARGEST else (None, 1)
        case str():
            return (fact, 0) if _is_word(fact) else (None, 1)
        case Mapping():
            pairs = object_of(fact)
            clean = {n: kind for n, kind in pairs.items() if _is_field(n) and _is_word(kind)}
            return clean, len(pairs) - len(clean)
        case _:
            names = [name for name in fact if _is_word(name)]
            return names, len(fact) - len(names)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and (value in _WORDS or _WORD.fullmatch(value) is not None)


def _is_field(name: str) -> bool:
    return _FIELD.fullmatch(name) is not None
