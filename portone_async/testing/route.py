"""One line of the route table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from .answer import Answer
from .received import RecordedRequest
from .shop import Shop

__all__ = ("Handler", "Route")

Handler = Callable[[Shop, RecordedRequest, Mapping[str, str]], Answer]
"""Answers one request; the mapping holds the values of the path's ``{names}``."""


class Route(Struct, frozen=True):
    method: str
    path: str
    """As PortOne documents it: ``/payments/find/{merchant_uid}``."""
    handler: Handler
    is_open: bool = False
    """Whether it answers without a token."""

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The values of the path's names, or ``None`` for another path."""
        pattern = self.path.split("/")[1:]
        if len(pattern) != len(segments):
            return None
        values: dict[str, str] = {}
        for part, segment in zip(pattern, segments, strict=True):
            if part.startswith("{"):
                if not segment:
                    return None
                values[part.strip("{}")] = segment
            elif part != segment:
                return None
        return values
