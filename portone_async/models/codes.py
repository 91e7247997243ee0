"""Standard codes of card companies and banks.

Source: ``GET /cards`` and ``GET /banks``, https://developers.portone.io/api/rest-v1/code
"""

from __future__ import annotations

from typing import ClassVar

from ._record import ResponseRecord

__all__ = ("StandardCode",)


class StandardCode(ResponseRecord, frozen=True, kw_only=True):
    """A code of the Korea Financial Telecommunications & Clearings Institute, and its name."""

    shown: ClassVar[tuple[str, ...]] = ("code", "name")
    public: ClassVar = shown

    code: str
    """Digits with leading zeros, as in ``004``."""
    name: str
    """The company in Korean, as in ``국민은행``."""
