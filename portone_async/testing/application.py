"""From a request to its answer: what Apache does first, then PortOne."""

from __future__ import annotations

import re

from .answer import Answer, html_page, unauthorized
from .endpoints import ROUTES
from .received import RecordedRequest
from .shop import Shop

__all__ = ("answer",)

# The request line that Apache reads at most: LimitRequestLine.
_LONGEST_REQUEST_LINE = 8190
_ENCODED_SLASH = re.compile("%2f|%5c", re.IGNORECASE)


def answer(shop: Shop, received: RecordedRequest) -> Answer:
    """Answer as PortOne would, faults aside."""
    if len(f"{received.method} {received.target} HTTP/1.1") > _LONGEST_REQUEST_LINE:
        return html_page(414)
    # Apache's AllowEncodedSlashes is Off by default: the application never sees these.
    if _ENCODED_SLASH.search(received.target.partition("?")[0]):
        return html_page(404)
    return _route(shop, received)


def _route(shop: Shop, received: RecordedRequest) -> Answer:
    segments = _resolved(received.path_segments)
    matches = [(route, values) for route in ROUTES if (values := route.match(segments)) is not None]
    # Words before names: /payments/prepare is no payment whose imp_uid is "prepare".
    fewest = min((len(values) for _, values in matches), default=0)
    matches = [(route, values) for route, values in matches if len(values) == fewest]

    is_open = any(route.is_open for route, _ in matches)
    if not (is_open or shop.tokens.accepts(_token(received))):
        return unauthorized()
    for route, values in matches:
        if route.method == received.method:
            return route.handler(shop, received, values)
    return html_page(405 if matches else 404)


def _token(received: RecordedRequest) -> str:
    """The token, in any of the three forms that PortOne takes; Authorization wins."""
    legacy = received.headers.get("x-imptokenheader", "")
    return received.headers.get("authorization", legacy).removeprefix("Bearer ")


def _resolved(segments: tuple[str, ...]) -> list[str]:
    """Without ``.``, ``..`` and a trailing slash: Apache resolves dots, even encoded ones."""
    resolved: list[str] = []
    for segment in segments:
        if segment == "..":
            del resolved[-1:]
        elif segment != ".":
            resolved.append(segment)
    return resolved[:-1] if resolved and not resolved[-1] else resolved
