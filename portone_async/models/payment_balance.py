"""The amount of a payment, split by means of payment and by tax.

Source: ``GET /payments/{imp_uid}/balance``, https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from ._record import AWARE, Many, Record, ResponseRecord

__all__ = ("BalanceChange", "PaymentBalance", "TaxSplit")


class TaxSplit(Record, frozen=True, kw_only=True):
    """An amount split by tax, in the payment's currency. Refunds are subtracted."""

    shown: ClassVar = ("tax_free", "supply", "vat", "service")
    public: ClassVar = shown

    tax_free: Decimal | None = None
    """The part that is free of tax."""
    supply: Decimal | None = None
    """The taxed part, without its VAT."""
    vat: Decimal | None = None
    """The VAT of the taxed part."""
    service: Decimal | None = None
    """The service charge."""


class BalanceChange(Record, frozen=True, kw_only=True):
    """One change of the amount: the payment, or a refund, whose amounts are negative."""

    shown: ClassVar = ("created", "primary", "secondary", "discount", "cash_receipt")
    public: ClassVar = shown

    created: Annotated[datetime, AWARE] | None = None
    """When it was made, in UTC."""
    cash_receipt: TaxSplit | None = None
    """The part with a cash receipt."""
    primary: TaxSplit | None = None
    """The part by card, transfer, virtual account or phone."""
    secondary: TaxSplit | None = None
    """The part in points."""
    discount: TaxSplit | None = None
    """The part that was a discount."""


class PaymentBalance(ResponseRecord, frozen=True, kw_only=True):
    """The amount of a payment by means of payment.

    No field is nullable in PortOne's document, but any of them may be absent.
    """

    shown: ClassVar = ("amount", "primary", "secondary", "discount", "cash_receipt")
    public: ClassVar = (*shown, "histories")

    amount: Decimal
    """In the currency of the payment."""
    cash_receipt: TaxSplit | None = None
    """The part for which a cash receipt was issued."""
    primary: TaxSplit | None = None
    """What was paid by card, transfer, virtual account or phone."""
    secondary: TaxSplit | None = None
    """What was paid with points of the PG or the card company."""
    discount: TaxSplit | None = None
    """Discounts of the PG or the card company."""
    histories: Many[BalanceChange, ...] = ()
    """The payment and its refunds."""
