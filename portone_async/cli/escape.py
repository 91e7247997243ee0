"""Text from outside, made fit for a terminal."""

from __future__ import annotations

import json

from portone_async._quote import escaped

__all__ = ("escaped", "escaped_json")


def escaped_json(text: str) -> str:
    r"""JSON of the same meaning, with the same characters as ``\uXXXX``."""
    if text.isprintable():
        return text
    # In JSON on one line these are nowhere but inside of strings.
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
