"""Validation of the client's arguments. Those that may be secret never show in a traceback."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from inspect import iscoroutinefunction
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import ClientSession

from portone_async._http.host_name import host_of
from portone_async._redact import Secret
from portone_async._worded import Worded
from portone_async.errors import Attempt, InvalidRequestError
from portone_async.instrumentation import Observer
from portone_async.policy import RateLimit
from portone_async.throttle import Throttle, TokenBucket

from .options import ThrottleQueue

__all__ = (
    "SET_KEYS",
    "as_secret",
    "connection_limit",
    "require_env",
    "secret",
    "validate_base_url",
    "validate_observers",
    "validate_on_attempt",
    "validate_rate_limit",
    "validate_tier",
    "validate_type",
)

SET_KEYS = (
    "Set PORTONE_IMP_KEY and PORTONE_IMP_SECRET (REST API Key and Secret of V1 in the console), or "
    "name a profile. Without an account, 'python -m portone_async.testing' prints values to set."
)

T = TypeVar("T")


def as_secret(value: Any) -> Any:
    """Hide a URL, which may hold a password, from tracebacks until it is validated."""
    return Secret(value) if isinstance(value, str) else value


def secret(value: object) -> Secret:
    """Hide a key from tracebacks; return an empty text for what is not a text."""
    return Secret(value if isinstance(value, str) else "")


def validate_observers(observers: Any) -> tuple[Observer, ...]:
    """Return a tuple of observers."""
    items: tuple[Any, ...] = validate_type("observers", observers, tuple)  # pyright: ignore[reportUnknownVariableType]  # of any types
    # A class with the method is not an observer: its objects are.
    if all(isinstance(item, Observer) and not isinstance(item, type) for item in items):
        return items
    raise InvalidRequestError("observers must be a tuple of objects with call_started()")


def validate_on_attempt(on_attempt: Any) -> Callable[[Attempt], object] | None:
    """Return a function that is not a coroutine function, or ``None``."""
    if on_attempt is None:
        return None
    if callable(on_attempt) and not iscoroutinefunction(on_attempt):
        callback: Callable[[Attempt], object] = on_attempt
        return callback
    raise InvalidRequestError("on_attempt must be a plain function: it is not awaited")


def require_env(name: str) -> Secret:
    """Return an environment variable, hidden from tracebacks."""
    if value := os.environ.get(name):
        return Secret(value)
    error = InvalidRequestError(Worded("the environment variable {name} is not set", name=name))
    error.advice = SET_KEYS
    raise error


def connection_limit(max_in_flight: Any, session: Any) -> int:
    """Return how many requests may be in flight.

    A caller's connector may have fewer connections than ``max_in_flight``: to wait for one after
    the permit would cause bursts.
    """
    if type(max_in_flight) is not int or max_in_flight < 1:
        raise InvalidRequestError(f"max_in_flight must be 1 or more: {max_in_flight!r}")
    if session is None:
        return max_in_flight
    connector = validate_type("session", session, ClientSession).connector
    if connector is None:
        return max_in_flight
    limits = (max_in_flight, connector.limit, connector.limit_per_host)
    return min(limit for limit in limits if limit)


def validate_rate_limit(rate_limit: Any) -> ThrottleQueue | None:
    """Return the throttle for a limit, with a queue; ``None`` for no limit."""
    if rate_limit is None:
        return None
    if isinstance(rate_limit, RateLimit):
        return ThrottleQueue(TokenBucket(rate_limit), is_owned=True)
    throttle = validate_type("rate_limit", rate_limit, Throttle)  # type: ignore[type-abstract]  # a protocol that can be checked
    return ThrottleQueue(throttle, is_owned=False)


def validate_type(name: str, value: Any, kind: type[T]) -> T:
    """Return a value that is an object of a class."""
    if not isinstance(value, kind):
        raise InvalidRequestError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")
    return value


def validate_tier(tier: Any) -> str | None:
    """Return a tier code as plain text, or ``None``."""
    if tier is None:
        return None
    if isinstance(tier, str) and re.fullmatch(r"[A-Za-z0-9_-]+", tier):
        # One from a profile is a Secret, which the store of a run cannot encode.
        return str.__str__(tier)
    raise InvalidRequestError(Worded("tier must be a code like 'A01': {tier}", tier=ascii(tier)))


def validate_base_url(base_url: object) -> str:
    """Return ``base_url`` without a trailing slash, if a token may be sent there.

    Raises:
        InvalidRequestError: It is not an absolute https URL (plain http is for loopback), or has
            credentials, a query or a fragment in it.
    """
    if not isinstance(base_url, str):
        raise InvalidRequestError(f"base_url must be a str, not {type(base_url).__name__}")
    # It may hold a password: it is not in the errors, nor in what a traceback shows.
    url = Secret(base_url)
    del base_url
    problem = _problem(url)
    if problem:
        raise InvalidRequestError(f"base_url {problem}")
    return str(url).rstrip("/")


def _problem(base_url: str) -> str:
    try:
        host, parts = host_of(base_url), urlsplit(base_url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    checks = (
        (
            parts.scheme not in ("https", "http") or not host or port == 0,
            "must be like https://api.iamport.kr",
        ),
        ("@" in parts.netloc, "must not hold credentials"),
        ("?" in base_url or "#" in base_url, "must not have a query or a fragment"),
        (
            not base_url.isascii() or not base_url.isprintable() or " " in base_url,
            "must be plain ASCII, quoted where needed",
        ),
        (
            parts.scheme == "http" and not _is_loopback(host),
            "must be https: plain http would show the token (loopback is allowed)",
        ),
    )
    return next((problem for is_wrong, problem in checks if is_wrong), "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
