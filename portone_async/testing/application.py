"""From a request to its reply: Apache's part first, then PortOne's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from .account import Account
from .endpoints import ROUTES
from .endpoints.account import AccountSettings, tier_not_found
from .reply import Reply, html_page, unauthorized
from .request import RecordedRequest

__all__ = ("accept", "respond")

# Apache's LimitRequestLine.
_MAX_REQUEST_LINE = 8190
_ENCODED_SLASH = re.compile("%2f|%5c", re.IGNORECASE)


def respond(account: Account, request: RecordedRequest) -> Reply:
    """Return PortOne's reply to a request."""
    return accept(account, request)()


def accept(account: Account, request: RecordedRequest) -> Callable[[], Reply]:
    """Check a request and its token, and return the function that carries it out and replies."""
    account.agenda.run_due()
    if len(f"{request.method} {request.target} HTTP/1.1") > _MAX_REQUEST_LINE:
        return partial(html_page, 414)
    # Apache's AllowEncodedSlashes is Off by default: the application never sees these.
    if _ENCODED_SLASH.search(request.target.partition("?")[0]):
        return partial(html_page, 404)
    return _route(account, request)


def _route(account: Account, request: RecordedRequest) -> Callable[[], Reply]:
    segments = _normalize(request.path_segments)
    matches = [(route, values) for route in ROUTES if (values := route.match(segments)) is not None]
    # Literal segments win: /payments/prepare is not the payment whose imp_uid is "prepare".
    fewest = min((len(values) for _, values in matches), default=0)
    matches = [(route, values) for route, values in matches if len(values) == fewest]

    is_open = any(route.is_open for route, _ in matches)
    if not (is_open or account.tokens.accepts(_token(request))):
        return unauthorized
    for route, values in matches:
        if route.method == request.method:
            shop = account if route.is_open else _shop(account, request)
            return partial(route.handler, shop, request, values) if shop else tier_not_found
    return partial(html_page, 405 if matches else 404)


def _shop(account: Account, request: RecordedRequest) -> Account | None:
    """Return the account that a request is about, or ``None`` for an unknown Tier.

    PortOne documents no reply to an unknown Tier. Here it is that of ``GET /tiers/{tier_code}``, so
    that a test notices a wrong code.
    """
    code = request.headers.get("tier")
    if not code:
        return account
    return account.tier(code) if code in account.state(AccountSettings).tiers else None


def _token(request: RecordedRequest) -> str:
    """Return the token from any of the headers that PortOne accepts; Authorization wins."""
    legacy = request.headers.get("x-imptokenheader", "")
    return request.headers.get("authorization", legacy).removeprefix("Bearer ")


def _normalize(segments: tuple[str, ...]) -> list[str]:
    """Resolve dots, even encoded ones, and drop a trailing slash, as Apache does."""
    normalized: list[str] = []
    for segment in segments:
        if segment == "..":
            del normalized[-1:]
        elif segment != ".":
            normalized.append(segment)
    return normalized[:-1] if normalized and not normalized[-1] else normalized
