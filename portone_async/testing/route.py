"""One row of the route table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from .account import Account
from .reply import Reply
from .request import RecordedRequest

__all__ = ("Handler", "Route")

Handler = Callable[[Account, RecordedRequest, Mapping[str, str]], Reply]
"""Returns the reply to a request; the mapping has the values of the path's ``{names}``."""


class Route(Struct, frozen=True):
    """An endpoint and its handler."""

    method: str
    path: str
    """As PortOne documents it: ``/payments/find/{merchant_uid}``."""
    handler: Handler
    is_open: bool = False
    """Whether it needs no token."""

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """Return the values of the path's names, or ``None`` for another path."""
        if self.path.count("/") != len(segments):
            return None
        pattern = self.path.split("/")[1:]
        values: dict[str, str] = {}
        for part, segment in zip(pattern, segments, strict=True):
            if part.startswith("{"):
                if not segment:
                    return None
                values[part.strip("{}")] = segment
            elif part != segment:
                return None
        return values
