"""The host of a URL to which keys, tokens or passwords are sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from yarl import URL

__all__ = ("host_of",)


def host_of(url: str) -> str:
    """Return the host of a URL; an empty text if it has none.

    Raises:
        ValueError: Two parsers disagree on the host, so that secrets might be sent elsewhere; or
            it cannot be encoded for DNS, as ``a..b``: aiohttp would raise a ``UnicodeError``.
    """
    host = urlsplit(url).hostname or ""
    parsed = URL(url)
    if (parsed.raw_host or "") != host:
        raise ValueError("not the same host")
    _ = parsed.host  # Decodes the labels that begin with "xn--".
    host.encode("idna")  # As `socket.getaddrinfo` does.
    return host
