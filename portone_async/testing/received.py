"""What reached the fake."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from msgspec import Struct

__all__ = ("RecordedRequest",)

_json = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class RecordedRequest(Struct, frozen=True, kw_only=True):
    """One request, as it came.

    Its ``repr`` shows method, target and status only; the rest may hold keys and tokens.
    """

    method: str
    target: str
    """The request target of the request line, untouched."""
    path_segments: tuple[str, ...]
    """The path, split at ``/`` and only then percent-decoded, once. ``+`` stays ``+``."""
    query: tuple[tuple[str, str], ...]
    """Names and values, decoded, in order; ``+`` is a space here."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """When it came: seconds of ``time.monotonic()``, by which event loops go."""
    status: int | None = None
    """The HTTP status that it was answered with; ``None`` for no answer, or none yet."""

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
        """The decoded path; :attr:`path_segments` tells a ``/`` from an encoded one."""
        return "/" + "/".join(self.path_segments)

    @property
    def fields(self) -> dict[str, Any]:
        """The body's parameters, from JSON or a form: PortOne takes both."""
        if "json" in self.headers.get("content-type", ""):
            try:
                return _json.decode(self.body)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return {}
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    def asks(self, flag: str) -> bool:
        """Whether the query switches this on, as in ``include_sandbox=true``."""
        return dict(self.query).get(flag) in ("true", "1")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("target", self.target), ("status", self.status)]

    def __repr__(self) -> str:
        return f"RecordedRequest({self.method} {self.target} -> {self.status})"


def _unquote(segment: str) -> str:
    # What is not UTF-8 becomes surrogates, and these are in no identifier: it matches nothing.
    source = segment.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(source).decode("utf-8", "surrogateescape")
