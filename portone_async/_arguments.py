"""What a caller hands to the client: refused when it can never be right, hidden when it is secret."""

from __future__ import annotations

import os
import re
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from aiohttp import ClientSession

from ._journal import OnAttempt
from ._secret import Secret
from .errors import InvalidRequestError
from .policy import RateLimit
from .throttle import Throttle, TokenBucket

__all__ = (
    "checked",
    "checked_callback",
    "checked_throttle",
    "checked_tier",
    "hidden",
    "places_of",
    "secret",
    "variable",
)

T = TypeVar("T")


def hidden(value: Any) -> Any:
    """Keep a URL that may hold a password out of tracebacks until it is checked."""
    return Secret(value) if isinstance(value, str) else value


def secret(value: object) -> Secret:
    return Secret(value if isinstance(value, str) else "")


def checked_callback(on_attempt: Any) -> OnAttempt | None:
    if on_attempt is None:
        return None
    if callable(on_attempt) and not iscoroutinefunction(on_attempt):
        callback: OnAttempt = on_attempt
        return callback
    raise InvalidRequestError("on_attempt must be a plain function: it is not awaited")


def variable(name: str) -> str:
    if value := os.environ.get(name):
        return Secret(value)
    raise InvalidRequestError(f"the environment variable {name} is not set")


def places_of(max_in_flight: int, session: ClientSession | None) -> int:
    """A caller's connector may have fewer places: waiting for one after the permit would burst."""
    connector = None if session is None else session.connector
    if connector is None:
        return max_in_flight
    limits = (max_in_flight, connector.limit, connector.limit_per_host)
    return min(limit for limit in limits if limit)


def checked_throttle(rate_limit: Any) -> Throttle | None:
    if rate_limit is None:
        return None
    if isinstance(rate_limit, RateLimit):
        return TokenBucket(rate_limit)
    return checked("rate_limit", rate_limit, Throttle)  # type: ignore[type-abstract]  # a protocol that can be checked


def checked(name: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise InvalidRequestError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")
    return value


def checked_tier(tier: Any) -> str | None:
    if tier is None or (isinstance(tier, str) and re.fullmatch(r"[A-Za-z0-9_-]+", tier)):
        return tier
    raise InvalidRequestError(f"tier must be a code like 'A01': {tier!a}")
