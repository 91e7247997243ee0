"""Text from outside, made fit for a terminal."""

from __future__ import annotations

import codecs
import json

from portone_async._redact import escaped

__all__ = ("escaped", "escaped_json", "visible")

_JSON_ERRORS = "portone_async.json"


def visible(order_number: str) -> str:
    r"""Escape an order number, and the blanks at its ends too: ``A-1\x20``."""
    number = order_number.strip(" ")
    start, number, end = order_number.partition(number) if number else (order_number, "", "")
    return r"\x20" * len(start) + escaped(number) + r"\x20" * len(end)


def escaped_json(text: str, encoding: str = "utf-8") -> str:
    r"""Give JSON of the same meaning that a terminal of the encoding can show.

    Controls, odd blanks and what the encoding does not have become ``\uXXXX``.
    """
    # In JSON on one line these are nowhere but inside of strings.
    if not text.isprintable():
        text = "".join(each if each.isprintable() else _spelled(each) for each in text)
    return text.encode(encoding, _JSON_ERRORS).decode(encoding)


def _spelled(text: str) -> str:
    return json.dumps(text)[1:-1]


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _spelled(error.object[error.start : error.end]), error.end


codecs.register_error(_JSON_ERRORS, _spell)
