"""Points of a Benepia account.

Source: ``BenepiaPointAnnotation`` of PortOne's V1 REST API (``POST /benepia/point``,
https://developers.portone.io/api/rest-v1/benepia).
"""

from __future__ import annotations

from typing import ClassVar

from ._record import ResponseRecord

__all__ = ("BenepiaPoints",)


class BenepiaPoints(ResponseRecord, frozen=True, kw_only=True):
    """The points that a Benepia account can spend."""

    shown: ClassVar[tuple[str, ...]] = ("point",)
    public: ClassVar = shown

    point: int
    """Points; one is one won."""
