"""Order states of PAYCO.

Source: the ``PaycoStatusAnnotation`` of PortOne's V1 REST API.
"""

from __future__ import annotations

from typing import ClassVar

from ._record import ResponseRecord

__all__ = ("PaycoStatus",)


class PaycoStatus(ResponseRecord, frozen=True, kw_only=True):
    """The state of a PAYCO order after a change."""

    shown: ClassVar[tuple[str, ...]] = ("status",)
    public: ClassVar = shown

    status: str | None = None
    """``DELIVERY_START``, ``PURCHASE_DECISION`` or ``CANCELED``."""
