"""The path of ``portone-async call``: a concrete one, as in a URL or as plain text."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError

__all__ = ("Endpoint", "parse_endpoint")

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Endpoint(Struct, frozen=True):
    """A path, split into the values that :class:`Call` quotes, and its query."""

    route: str
    values: dict[str, str]
    query: list[tuple[str, str]]

    def __repr__(self) -> str:
        # A query may hold personal data.
        return f"Endpoint({self.route!r})"


def parse_endpoint(text: str) -> Endpoint:
    """Split a path such as ``/payments/find/주문 1`` or ``payments/find/A%2F1?sorting=paid``.

    Escapes are decoded, since each segment is quoted again: an order number may be given as plain
    text or as in a URL. The path begins at the root, with or without the slash.

    Raises:
        InvalidRequestError: It is a whole URL, has an incomplete escape, or returns a token.
    """
    path, _separator, query = text.partition("?")
    if "://" in path:
        raise InvalidRequestError(Worded("PATH is a path such as /banks, not a whole URL"))
    if _ESCAPE.search(text):
        raise InvalidRequestError(Worded("PATH has a '%' that begins no escape: write it as %25"))
    segments = [_decoded(segment) for segment in path.removeprefix("/").split("/")]
    if [segment.lower() for segment in segments] == ["users", "gettoken"]:
        raise InvalidRequestError(
            Worded("this endpoint returns a token, which is a secret; the command gets its own")
        )
    values = {f"segment_{number}": segment for number, segment in enumerate(segments, 1)}
    route = "".join(f"/{{{name}}}" for name in values)
    return Endpoint(route, values, parse_qsl(query, keep_blank_values=True))


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequestError(Worded("PATH has an escape that is not UTF-8")) from None
