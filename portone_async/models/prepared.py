"""Amounts registered before payment.

Source: the ``PaymentPrepareAnnotation`` of PortOne's V1 REST API,
https://developers.portone.io/api/rest-v1/payment.validation
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from ._record import ResponseRecord

__all__ = ("PreparedPayment",)


class PreparedPayment(ResponseRecord, frozen=True, kw_only=True):
    """The amount that a payment window must charge for an order."""

    strict: ClassVar[tuple[str, ...]] = ("currency",)
    shown: ClassVar[tuple[str, ...]] = ("merchant_uid", "amount", "currency")
    public: ClassVar = shown

    merchant_uid: str
    """The shop's order number."""
    amount: Decimal
    """The registered amount, in :attr:`currency`."""
    currency: str | None = None
    """As in ``KRW``; ``None``: the currency is not checked, or PortOne did not return it."""
