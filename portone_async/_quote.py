"""What may be shown of a text from outside: one printable line of it, and not much. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

__all__ = ("Blank", "escaped", "excerpt", "host", "shown")

Blank = Callable[[str], str]
"""Takes secrets out of a text."""

_LONGEST = 400
_LONGEST_EXCERPT = 200
# Characters, or bytes. So much that enough is left however many secrets are taken out.
_SOURCE = 64 * 1024


def escaped(text: str) -> str:
    r"""``text`` with controls, marks of direction and odd blanks spelled out, as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def shown(text: str, blank: Blank = str) -> str:
    """The beginning of ``text``, escaped. Secrets go first, or a part of one might stay."""
    whole = escaped(blank(text[:_SOURCE]))
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"


def host(location: str, blank: Blank = str) -> str:
    """The host of a URL; empty where there is none. The rest of it may hold a token."""
    try:
        return shown(urlsplit(blank(location[:_SOURCE])).hostname or "")
    except ValueError:
        return ""


def excerpt(body: bytes, blank: Blank = str) -> str | None:
    """The beginning of a body that is plainly not JSON; ``None`` for any other.

    JSON, whole, in pieces or dressed up as a page, may show the buyer. So a page of tags is shown
    up to its first brace, bracket or quoted quotation mark, and other text only where it is plain
    English words. Secrets are taken out before it is cut, or a part of one might stay.
    """
    text = " ".join(body[:_SOURCE].decode("utf-8", "replace").split())
    text = blank(text.removeprefix("\ufeff"))
    if text.startswith("<"):
        return re.split(r"[{\[]|&quot;|&#", text, maxsplit=1)[0][:_LONGEST_EXCERPT].strip()
    words = re.match(r"(?!(?:true|false|null)\b)[A-Za-z][A-Za-z0-9 .,:;!()/*'-]*", text)
    return words[0][:_LONGEST_EXCERPT].strip() if words else None
