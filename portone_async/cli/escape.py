"""Text from outside, made fit for a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable

__all__ = ("escaped", "escaped_json")


def escaped(text: str) -> str:
    r"""``text`` with controls, marks of direction and odd blanks spelled out, as ``\x1b``."""
    return _spelled(text, lambda character: character.encode("unicode_escape").decode("ascii"))


def escaped_json(text: str) -> str:
    r"""JSON of the same meaning, with the same characters as ``\uXXXX``."""
    # In JSON on one line these are nowhere but inside of strings.
    return _spelled(text, lambda character: json.dumps(character)[1:-1])


def _spelled(text: str, spell: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else spell(each) for each in text)
