"""Proxies: requests go through a CONNECT tunnel, so that a proxy sees no token."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

from yarl import URL

from portone_async._redact import Secret
from portone_async._worded import Worded
from portone_async.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    PortOneError,
    ProxyError,
)

from .host_name import host_of

__all__ = ("Proxy", "proxy_for", "refuse_plain", "refused_tunnel", "system_proxy")

_FROM_ENVIRONMENT = "env"
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


class Proxy:
    """A proxy's address, and the user name and password for it."""

    __slots__ = ("_authorization", "name", "url")

    def __init__(self, url: str, authorization: str | None = None) -> None:
        """Read the address.

        Args:
            url: As in ``http://user:password@proxy.example:3128``.
            authorization: The header to send instead of that user and password.

        Raises:
            InvalidRequestError: It is not the URL of a proxy. It is not quoted: it may hold a
                password.
        """
        secret = Secret(url)
        del url
        if problem := _problem(secret):
            raise InvalidRequestError(f"proxy {problem}")
        parts = urlsplit(str(_complete(secret)))
        # Not in the URL, which aiohttp puts into the repr of a connection.
        self.url = URL(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        self.name = f"{self.url.host_subcomponent}:{self.url.port}"
        """Host and port, for errors."""
        self._authorization = None if authorization is None else Secret(authorization)
        if authorization is None and parts.username is not None:
            self._authorization = _basic(Secret(parts.username), Secret(parts.password or ""))

    def __repr__(self) -> str:
        # A traceback may contain an instance whose constructor raised.
        return f"<Proxy {getattr(self, 'name', '')}>"

    @property
    def is_authorized(self) -> bool:
        """Whether a user name and a password are sent to the proxy."""
        return self._authorization is not None

    def options(self) -> dict[str, Any]:
        """Return the arguments of aiohttp for a request through this proxy."""
        headers = {"Proxy-Authorization": self._authorization} if self._authorization else None
        return {"proxy": self.url, "proxy_headers": headers}


def proxy_for(setting: object, base_url: str) -> Proxy | None:
    """Return the proxy for requests to ``base_url``.

    Args:
        setting: A URL, ``"env"`` for ``HTTPS_PROXY`` and ``NO_PROXY``, or ``None``.
        base_url: A validated URL.

    Raises:
        InvalidRequestError: It is not the URL of a proxy, or the proxy would receive the token.
    """
    if setting is None:
        return None
    if not isinstance(setting, str):
        raise InvalidRequestError(f"proxy must be a str, not {type(setting).__name__}")
    if setting == _FROM_ENVIRONMENT:
        return _environment_proxy(URL(base_url))
    proxy = Proxy(setting)
    refuse_plain(URL(base_url))
    return proxy


def refuse_plain(base_url: URL) -> None:
    """Raise ``InvalidRequestError`` if a proxy would receive the token in plain text."""
    if base_url.scheme != "https":
        raise InvalidRequestError(
            Worded(
                "proxy is for an https base_url: a request to a plain http URL (as of a test server "
                "on this machine) would reach the proxy together with the token"
            )
        )


def _environment_proxy(base_url: URL) -> Proxy | None:
    """Return the proxy that ``HTTPS_PROXY`` and ``NO_PROXY`` set."""
    from urllib.request import getproxies_environment  # noqa: PLC0415 (heavy, and rarely needed)

    return _unless_bypassed(Secret(getproxies_environment().get("https", "")), base_url)


def system_proxy(base_url: URL) -> Proxy | None:
    """Return the proxy that aiohttp uses with ``trust_env``, system settings included."""
    from urllib.request import getproxies  # noqa: PLC0415 (heavy, and rarely needed)

    return _unless_bypassed(Secret(getproxies().get("https", "")), base_url)


def _unless_bypassed(url: Secret, base_url: URL) -> Proxy | None:
    """Return a proxy; ``None`` for plain http, and for a host of ``NO_PROXY``."""
    from urllib.request import proxy_bypass  # noqa: PLC0415 (heavy, and rarely needed)

    host = base_url.host or ""
    if not url or base_url.scheme != "https":
        return None
    if proxy_bypass(host) or proxy_bypass(f"{host}:{base_url.port}"):
        return None
    return Proxy(url)


def refused_tunnel(status: int, proxy: Proxy | None) -> PortOneError:
    """Return the error for a proxy that answered ``CONNECT`` with a status other than 200."""
    name = "" if proxy is None else f" {proxy.name}"
    if status in _TRANSIENT:
        broken = ConnectionFailedError(
            Worded(
                "the proxy{name} could not connect: it answered {status}", name=name, status=status
            )
        )
        broken.was_sent = False
        return broken
    if status == 407 and proxy is not None:
        if proxy.is_authorized:
            text = Worded("the proxy{name} wants another user name and password (407)", name=name)
        else:
            text = Worded("the proxy{name} wants a user name and password (407)", name=name)
        return ProxyError(text)
    return ProxyError(
        Worded("the proxy{name} refused to connect: it answered {status}", name=name, status=status)
    )


def _complete(text: str) -> Secret:
    # Like curl and most programs, accept HTTPS_PROXY=proxy.example:3128.
    return Secret(text if "://" in text else f"http://{text}")


def _problem(text: str) -> str:
    secret = _complete(text)
    del text
    try:
        host, parts = host_of(secret), urlsplit(str(secret))
        port, user = parts.port, unquote(parts.username or "")
    except ValueError:
        return _EXAMPLE
    if parts.scheme.startswith("socks"):
        return "must be http:// or https://; for SOCKS pass a session whose connector speaks it"
    checks = (
        parts.scheme in ("http", "https") and host and port != 0,
        parts.path in ("", "/") and "?" not in secret and "#" not in secret,
        secret.isascii() and secret.isprintable() and " " not in secret,
        ":" not in user,
    )
    return "" if all(checks) else _EXAMPLE


_EXAMPLE = (
    "must be like http://proxy.example:3128 or http://user:password@proxy.example:3128, "
    "with odd characters of a password quoted (%40 for @)"
)


def _basic(user: str, password: str) -> Secret:
    pair = Secret(f"{unquote(user)}:{unquote(password)}")
    return Secret(f"Basic {b64encode(pair.encode()).decode('ascii')}")
