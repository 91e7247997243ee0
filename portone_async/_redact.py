"""Keep secrets and personal data out of what is printed, logged or quoted. Pure.

``Secret`` and ``SecretBytes`` have a closed ``repr``, as a traceback's local variables show it; the
functions quote one printable, short line of a text from outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self, SupportsIndex, overload
from urllib.parse import urlsplit

__all__ = ("Redactor", "Secret", "SecretBytes", "escape", "excerpt", "host", "printable")

Redactor = Callable[[str], str]
"""Takes secrets out of a text."""

_LONGEST = 400
_LONGEST_EXCERPT = 200
# Characters, or bytes. So much that enough is left however many secrets are taken out.
_SOURCE = 64 * 1024


def escape(text: str) -> str:
    r"""``text`` with controls, marks of direction and odd blanks spelled out, as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def printable(text: str, redact: Redactor = str) -> str:
    """The beginning of ``text``, escaped. Secrets go first, or a part of one might stay."""
    whole = escape(redact(text[:_SOURCE]))
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"


def host(location: str, redact: Redactor = str) -> str:
    """The host of a URL; empty where there is none. The rest of it may hold a token."""
    try:
        return printable(urlsplit(redact(location[:_SOURCE])).hostname or "")
    except ValueError:
        return ""


def excerpt(body: bytes, redact: Redactor = str) -> str | None:
    """The beginning of a body that is plainly not JSON; ``None`` for any other.

    JSON, whole, in pieces or dressed up as a page, may show the buyer. So a page of tags is shown
    up to its first brace, bracket or quoted quotation mark, and other text only where it is plain
    English words. Secrets are taken out before it is cut, or a part of one might stay.
    """
    text = " ".join(body[:_SOURCE].decode("utf-8", "replace").split())
    text = redact(text.removeprefix("\ufeff"))
    if text.startswith("<"):
        return re.split(r"[{\[]|&quot;|&#", text, maxsplit=1)[0][:_LONGEST_EXCERPT].strip()
    words = re.match(r"(?!(?:true|false|null)\b)[A-Za-z][A-Za-z0-9 .,:;!()/*'-]*", text)
    return words[0][:_LONGEST_EXCERPT].strip() if words else None


class Secret(str):
    """A key, a token, or whatever may hold one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: SupportsIndex | slice[Any, Any, Any]) -> Self:
        # A traceback may be cut before it is quoted.
        return type(self)(super().__getitem__(key))


class SecretBytes(bytes):
    """A body: it may hold keys, cards and buyers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice[Any, Any, Any], /) -> Self: ...
    def __getitem__(self, key: SupportsIndex | slice[Any, Any, Any], /) -> int | Self:
        if isinstance(key, slice):
            return type(self)(super().__getitem__(key))
        return super().__getitem__(key)
