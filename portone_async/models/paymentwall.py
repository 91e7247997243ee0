"""Answers of Paymentwall to a reported delivery.

Source: the ``PaymentwallDeliveryDetailAnnotation`` of PortOne's V1 REST API.
"""

from __future__ import annotations

from typing import ClassVar

from ._record import Many, ResponseRecord

__all__ = ("PaymentwallDelivery",)


class PaymentwallDelivery(ResponseRecord, frozen=True, kw_only=True):
    """Whether Paymentwall accepted a delivery."""

    shown: ClassVar[tuple[str, ...]] = ("success", "error_code")
    public: ClassVar = shown

    success: int | None = None
    """1 for a success."""
    error_code: int | None = None
    """Paymentwall's code for a failure; ``None`` for a success."""
    error: str | None = None
    notices: Many[str, ...] = ()
    """What is wrong in the request, one sentence each."""
