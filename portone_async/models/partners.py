"""Parts of sub-shops in a receipt.

Source: ``PartnerReceiptsAnnotation`` and ``PartnerReceiptResultAnnotation`` of PortOne's V1 REST
API.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from ._item import Item
from ._record import ResponseRecord

__all__ = ("PartnerReceipt", "PartnerReceiptResult")


class PartnerReceipt(Item, frozen=True, kw_only=True):
    """The part of one sub-shop in a payment, as a request carries it."""

    shown: ClassVar[tuple[str, ...]] = ("amount", "tax_free", "vat_amount")

    business_registration_number: str
    """The sub-shop's registration number, with hyphens, as in ``123-45-67890``."""
    company_name: str
    """The sub-shop's name."""
    amount: int | Decimal | str
    """Its part of the payment, in KRW."""
    tax_free: int | Decimal | str | None = None
    """The tax-free part of ``amount``; PortOne's default is 0."""
    vat_amount: int | Decimal | str | None = None
    """The VAT in ``amount``; PortOne's default is an eleventh of it."""


class PartnerReceiptResult(ResponseRecord, frozen=True, kw_only=True):
    """Where the receipt can be seen."""

    receipt_url: str | None = None
    """The receipt's address. It shows the payment to anyone who has it: the ``repr`` does not."""
