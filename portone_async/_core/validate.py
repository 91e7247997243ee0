"""What a caller hands to the client: refused when it can never be right, hidden when it is secret."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from inspect import iscoroutinefunction
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import ClientSession
from yarl import URL

from portone_async._redact import Secret
from portone_async.errors import Attempt, InvalidRequestError
from portone_async.instrumentation import Observer
from portone_async.policy import RateLimit
from portone_async.throttle import Throttle, TokenBucket

__all__ = (
    "checked",
    "checked_base_url",
    "checked_callback",
    "checked_observers",
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


def checked_observers(observers: Any) -> tuple[Observer, ...]:
    items: tuple[Any, ...] = checked("observers", observers, tuple)  # pyright: ignore[reportUnknownVariableType]  # checked below
    # A class with the method is not an observer: its objects are.
    if all(isinstance(item, Observer) and not isinstance(item, type) for item in items):
        return items
    raise InvalidRequestError("observers must be a tuple of objects with call_started()")


def checked_callback(on_attempt: Any) -> Callable[[Attempt], object] | None:
    if on_attempt is None:
        return None
    if callable(on_attempt) and not iscoroutinefunction(on_attempt):
        callback: Callable[[Attempt], object] = on_attempt
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


def checked_base_url(base_url: object) -> str:
    """Give ``base_url`` without a trailing slash, if a token may travel there.

    Raises:
        InvalidRequestError: It is no absolute https URL (plain http is for loopback), or has
            credentials, a query or a fragment in it.
    """
    if not isinstance(base_url, str):
        raise InvalidRequestError(f"base_url must be a str, not {type(base_url).__name__}")
    # It may hold a password: it is not in the errors, nor in what a traceback shows.
    secret = Secret(base_url)
    del base_url
    problem = _problem(secret)
    if problem:
        raise InvalidRequestError(f"base_url {problem}")
    return str(secret).rstrip("/")


def _problem(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
        # Two parsers that disagree on the host would send the token to another than was checked.
        is_plain = URL(base_url).raw_host == host
    except ValueError:
        return "is not a URL"
    checks = (
        (
            parts.scheme not in ("https", "http") or not host or port == 0 or not is_plain,
            "must be like https://api.iamport.kr",
        ),
        ("@" in parts.netloc, "must not hold credentials"),
        ("?" in base_url or "#" in base_url, "must not have a query or a fragment"),
        (
            not base_url.isascii() or not base_url.isprintable() or " " in base_url,
            "must be plain ASCII, quoted where needed",
        ),
        (
            parts.scheme == "http" and not _is_loopback(host or ""),
            "must be https: plain http would show the token (loopback is allowed)",
        ),
    )
    return next((problem for is_wrong, problem in checks if is_wrong), "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
