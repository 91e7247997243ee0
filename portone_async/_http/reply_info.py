"""Return the status and the headers of a reply, without secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice

from portone_async._redact import Redactor, escape
from portone_async.answer import Headers, ReplyInfo

from .reply import Reply

__all__ = ("reply_info",)

_MAX_HEADERS = 64
_MAX_NAME = 100
_MAX_VALUE = 500
# Characters, of each value: enough to leave some however many secrets are removed.
_MAX_INPUT = 8 * 1024
# Of the connection (RFC 9110, 7.6.1), not of the response.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Names of headers that may contain a token, the address of a machine, a person, or a URL, whose path
# and query may name one.
_PRIVATE = re.compile(
    r"auth|cookie|credential|csrf|xsrf|password|secret|session|token|api-?key|signature"
    r"|forwarded|location|referr?er|refresh"
    r"|(^|-)(addr|email|ip|link|path|ur[il]|user)(-|$)"
)


def reply_info(reply: Reply, elapsed: float, redact: Redactor = str) -> ReplyInfo:
    """Return what a program may log of a reply.

    Args:
        reply: The reply.
        elapsed: Seconds from the permit to the reply.
        redact: Removes secrets from a value.
    """
    return ReplyInfo(status=reply.status, headers=_headers(reply.headers, redact), elapsed=elapsed)


def _headers(headers: Mapping[str, str], redact: Redactor) -> Headers:
    values = _public_values(headers)
    # Almost all are clean, short and printable: one test of all of them takes a fraction of the time.
    joined = " ".join(values.values())
    if len(joined) > _MAX_VALUE or redact(joined) != joined or not joined.isprintable():
        values = {name: _cut(escape(redact(value))) for name, value in values.items()}
    return Headers(values)


def _public_values(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that have public names; a repeated one is a list (RFC 9110, 5.3)."""
    of_connection = _named(headers.get("Connection", ""))
    values: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in islice(headers.items(), _MAX_HEADERS):
        lower = name.lower()
        if not _is_public(lower) or lower in of_connection:
            continue
        first = names.setdefault(lower, name)
        start = value[:_MAX_INPUT]
        values[first] = f"{values[first]}, {start}" if first in values else start
    return values


@lru_cache(maxsize=64)
def _named(connection: str) -> frozenset[str]:
    """Return the headers that belong to the connection, too, as ``Connection`` lists them."""
    return frozenset(name.strip() for name in connection.lower().split(","))


@lru_cache(maxsize=256)
def _is_public(name: str) -> bool:
    is_plain = len(name) <= _MAX_NAME and name.isprintable()
    return is_plain and name not in _HOP_BY_HOP and not _PRIVATE.search(name)


def _cut(value: str) -> str:
    return value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}…"
