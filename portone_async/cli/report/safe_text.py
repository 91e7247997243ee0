"""Untrusted text made safe for the page: escaped and bounded, or as JSON in a ``script`` element."""

from __future__ import annotations

import msgspec

from portone_async.cli.escape import escape, escape_order_number

__all__ = ("printable", "printable_order_number", "script_json")

# PortOne's order numbers have at most 40 characters; a hostile text may be of any length.
_MAX_TEXT = 160

_encoder = msgspec.json.Encoder()
# Even inside a string, "</script>" ends a script element and "<!--" changes how it is parsed.
_SCRIPT_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def printable(text: str, max_length: int = _MAX_TEXT) -> str:
    """Truncate an untrusted text, and escape control and direction characters."""
    if len(text) > max_length:
        text = f"{text[:max_length]}…"
    return escape(text)


def printable_order_number(merchant_uid: str) -> str:
    """Do as :func:`printable`, and also escape blanks at the ends, which the page would hide."""
    if len(merchant_uid) > _MAX_TEXT:
        return printable(merchant_uid)
    return escape_order_number(merchant_uid)


def script_json(value: object) -> str:
    """Encode a value as JSON that is safe inside a ``script`` element."""
    return _encoder.encode(value).decode().translate(_SCRIPT_ESCAPES)
