"""Cash receipts, which a shop reports to the National Tax Service of Korea.

Source: ``ReceiptAnnotation`` and ``ExternalReceiptAnnotation`` of PortOne's V1 REST API,
https://developers.portone.io/api/rest-v1/receipt
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from ._record import AWARE, ResponseRecord

__all__ = ("ExternalReceipt", "Receipt")


class _Receipt(ResponseRecord, frozen=True, kw_only=True):
    """The fields of both kinds. A receipt does not name the person it was issued to."""

    receipt_tid: str | None = None
    """The PG's id of the receipt."""
    apply_num: str | None = None
    """The receipt's number at the National Tax Service."""
    type: str | None = None
    """``person`` (income deduction) or ``company`` (proof of expense)."""
    amount: Decimal | None = None
    """KRW."""
    vat: Decimal | None = None
    """The VAT part of :attr:`amount`, in KRW."""
    receipt_url: str | None = None
    applied_at: Annotated[datetime, AWARE] | None = None
    """When it was issued."""
    cancelled_at: Annotated[datetime, AWARE] | None = None
    """When it was revoked; ``None``: it is valid."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was revoked."""
        return self.cancelled_at is not None


class Receipt(_Receipt, frozen=True, kw_only=True):
    """The cash receipt of a PortOne payment. ``repr`` omits the links and the PG's id."""

    shown: ClassVar[tuple[str, ...]] = (
        *("imp_uid", "apply_num", "type", "amount", "vat", "applied_at", "cancelled_at"),
    )
    public: ClassVar = shown

    imp_uid: str
    """The payment."""


class ExternalReceipt(_Receipt, frozen=True, kw_only=True):
    """The cash receipt for money that was taken outside PortOne."""

    shown: ClassVar[tuple[str, ...]] = (
        *("merchant_uid", "apply_num", "type", "amount", "vat", "applied_at", "cancelled_at"),
    )
    public: ClassVar = shown

    merchant_uid: str
    """The shop's order number, which identifies the receipt."""
