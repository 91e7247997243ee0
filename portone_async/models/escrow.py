"""Deliveries of escrow payments.

Source: ``EscrowLogisAnnotation`` of PortOne's V1 REST API,
https://developers.portone.io/api/rest-v1/escrow
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ._record import AWARE, ResponseRecord

__all__ = ("EscrowDelivery",)


class EscrowDelivery(ResponseRecord, frozen=True, kw_only=True):
    """The delivery that is registered for an escrow payment.

    It does not name the payment, nor the sender and the receiver. Nothing is surely there.
    """

    shown: ClassVar[tuple[str, ...]] = ("company", "invoice", "sent_at", "applied_at")

    company: str | None = None
    """The courier's code, as in ``CJGLS``; ``ETC`` for one that PortOne does not know."""
    invoice: str | None = None
    """The courier's number of the parcel."""
    sent_at: Annotated[datetime, AWARE] | None = None
    """When it was sent."""
    applied_at: Annotated[datetime, AWARE] | None = None
    """When it was registered."""
