"""Requests as the fake recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from msgspec import Struct

from .form import parse_form

__all__ = ("RecordedRequest",)

_json = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class RecordedRequest(Struct, frozen=True, kw_only=True):
    """One request.

    Its ``repr`` shows only method, target and status; the rest may contain keys and tokens.
    """

    method: str
    target: str
    """The request target as sent (RFC 9112)."""
    path_segments: tuple[str, ...]
    """The path, split at ``/``, then percent-decoded once. ``+`` stays ``+``."""
    query: tuple[tuple[str, str], ...]
    """Decoded names and values, in order; ``+`` is a space here."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """Time of arrival: seconds of ``time.monotonic()``, the clock of event loops."""
    status: int | None = None
    """The HTTP status of the reply; ``None`` without a reply, or before it."""

    @classmethod
    def of(
        cls, method: str, target: str, *, headers: Mapping[str, str], body: bytes, at: float
    ) -> RecordedRequest:
        path, _, query = target.partition("?")
        return cls(
            method=method,
            target=target,
            path_segments=tuple(_unquote(segment) for segment in path.split("/")[1:]),
            query=tuple(parse_qsl(query, keep_blank_values=True, errors="surrogateescape")),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            at=at,
        )

    @property
    def path(self) -> str:
        """The decoded path. Only :attr:`path_segments` tell a ``/`` from an encoded one."""
        return "/" + "/".join(self.path_segments)

    @property
    def fields(self) -> dict[str, Any]:
        """The parameters in the body. PortOne accepts JSON and forms."""
        if "json" in self.headers.get("content-type", ""):
            try:
                return _json.decode(self.body)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return {}
        return parse_form(self.body.decode(errors="replace"))

    def has_flag(self, name: str) -> bool:
        """Return whether the query sets a flag, as in ``include_sandbox=true``."""
        return dict(self.query).get(name) in ("true", "1")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("target", self.target), ("status", self.status)]

    def __repr__(self) -> str:
        return f"RecordedRequest({self.method} {self.target} -> {self.status})"


def _unquote(segment: str) -> str:
    # Bytes that are not UTF-8 become surrogates, which no identifier contains.
    source = segment.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(source).decode("utf-8", "surrogateescape")
