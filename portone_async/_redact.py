"""Keep secrets and personal data out of what is printed, logged or quoted. Pure.

``Secret`` and its like have a ``repr`` that reveals nothing, for the local variables of
tracebacks; the functions quote a text from outside as one short, printable line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Self, SupportsIndex, overload
from urllib.parse import urlsplit

__all__ = (
    "Redactor",
    "Secret",
    "SecretBytes",
    "SecretDict",
    "SecretList",
    "escape",
    "excerpt",
    "host",
    "is_short_number",
    "printable",
    "type_name",
    "without",
    "without_long_words",
)

Redactor = Callable[[str], str]
"""Removes secrets from a text."""

_MAX_PRINTED = 400
_MAX_EXCERPT = 200
# Characters or bytes: enough to leave an excerpt however many secrets are removed.
_MAX_INPUT = 64 * 1024


def escape(text: str) -> str:
    r"""Escape control characters, direction marks and odd blanks, as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def printable(text: str, redact: Redactor = str) -> str:
    """Return the beginning of ``text``, redacted and escaped.

    Redacted before it is cut, or a part of a secret might remain.
    """
    whole = escape(redact(text[:_MAX_INPUT]))
    return whole if len(whole) <= _MAX_PRINTED else f"{whole[:_MAX_PRINTED]}…"


def host(location: str, redact: Redactor = str) -> str:
    """Return the host of a URL, or an empty text. The rest of the URL may hold a token."""
    try:
        return printable(urlsplit(redact(location[:_MAX_INPUT])).hostname or "")
    except ValueError:
        return ""


def excerpt(body: bytes, redact: Redactor = str) -> str | None:
    """Return the beginning of a body that is plainly not JSON; ``None`` for any other.

    JSON, whole, in pieces or inside a page, may name the buyer. So HTML is quoted up to its first
    brace, bracket or escaped quotation mark, and other text only if it is plain English words. It
    is redacted before it is cut, or a part of a secret might remain.
    """
    text = " ".join(body[:_MAX_INPUT].decode("utf-8", "replace").split())
    text = redact(text.removeprefix("\ufeff"))
    if text.startswith("<"):
        return re.split(r"[{\[]|&quot;|&#", text, maxsplit=1)[0][:_MAX_EXCERPT].strip()
    words = re.match(r"(?!(?:true|false|null)\b)[A-Za-z][A-Za-z0-9 .,:;!()/*'-]*", text)
    return words[0][:_MAX_EXCERPT].strip() if words else None


def without(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets in a text by ``***``.

    A number is found with other separators, too: PortOne may print a card number without its
    hyphens. A short one is replaced as a whole word only, since it is part of many others.
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) > 1:
            text = re.sub(_pattern(secret), "***", text, flags=re.IGNORECASE)
    return text


def without_long_words(redact: Redactor) -> Redactor:
    """Redact long words as well: each may be a secret that is not known yet."""
    return lambda text: re.sub(r"[A-Za-z0-9_-]{20,}", "…", redact(text))


def _pattern(secret: str) -> str:
    if re.fullmatch(r"[0-9][0-9 -]{4,}", secret):
        return r"[ -]?".join(char for char in secret if char.isdecimal())
    # A JSON text inside of a text has its escapes.
    spellings = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    pattern = "|".join(re.escape(spelling) for spelling in sorted(spellings, key=len, reverse=True))
    if len(secret) > 3 or not secret.isascii():  # A Korean particle follows a name at once.
        return pattern
    return rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])"


def is_short_number(secret: str) -> bool:
    """Return whether a secret is so short a number that it is part of many order numbers.

    An expiry, a date of birth or a code; a phone, card or account number has more digits.
    """
    return re.fullmatch(r"[0-9 -]+", secret) is not None and sum(map(str.isdecimal, secret)) < 8


def type_name(value: object) -> str:
    """Return the name of a value's type, as the caller of a method knows it."""
    kind = type(value)
    return kind.__base__.__name__ if kind in _HIDING and kind.__base__ else kind.__name__


class Secret(str):
    """A key, a token, or a text that may contain one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: SupportsIndex | slice[Any, Any, Any]) -> Self:
        # A traceback may be cut before it is quoted.
        return type(self)(super().__getitem__(key))


class SecretBytes(bytes):
    """A body: it may contain keys, card numbers and personal data."""

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


class SecretDict(dict[str, Any]):
    """The members of a body: some may be secret or about a person."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "{***}"


class SecretList(list[Any]):
    """A list in a body: it may contain something secret or about a person."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "[***]"


_HIDING = frozenset({Secret, SecretBytes, SecretDict, SecretList})
