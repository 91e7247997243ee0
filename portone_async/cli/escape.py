"""Escape text from outside for a terminal."""

from __future__ import annotations

import codecs
import json
import re

from portone_async._redact import escape

__all__ = ("escape", "escape_json", "escape_order_number", "unescape_json")

_JSON_ERRORS = "portone_async.json"
# A pair of surrogates, one unit, or the short form of a control character.
_ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u.{4}|\\.")


def escape_order_number(order_number: str) -> str:
    r"""Escape an order number, including blanks at its ends: ``A-1\x20``."""
    number = order_number.strip(" ")
    start, number, end = order_number.partition(number) if number else (order_number, "", "")
    return r"\x20" * len(start) + escape(number) + r"\x20" * len(end)


def escape_json(text: str, encoding: str = "utf-8") -> str:
    r"""Escape one line of JSON for a terminal with an encoding, without changing its meaning.

    Unprintable characters, and those that the encoding lacks, become ``\uXXXX``.
    """
    # On one line of JSON, unprintable characters can only be inside strings.
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _json_escape(char) for char in text)
    return text.encode(encoding, _JSON_ERRORS).decode(encoding)


def unescape_json(text: str) -> str:
    r"""Replace ``\uXXXX`` of printable characters in valid JSON, without changing its meaning.

    PortOne escapes all Korean. Text is not decoded, so that numbers keep every digit.
    """
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    char: str = json.loads(f'"{found[0]}"')
    return char if char.isprintable() and not char.isascii() else found[0]


def _json_escape(text: str) -> str:
    return json.dumps(text)[1:-1]


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _json_escape(error.object[error.start : error.end]), error.end


codecs.register_error(_JSON_ERRORS, _escape_unencodable)
