"""Payments of long lists, without the fields that a reconciliation does not read."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, TypeAlias

from ._listing import Page
from ._record import AWARE, ResponseRecord
from .payments import Payment, UnreadablePayment

__all__ = ("ListedPayment", "ListedPaymentPage")

_ZERO = Decimal(0)


class ListedPayment(ResponseRecord, frozen=True, kw_only=True):
    """The fields of a :class:`Payment` that tell its money, state and identity.

    Every other field is skipped while the JSON is decoded, which halves the time. The same
    payments are readable, and a field has the same value, as in :class:`Payment`: the strict
    fields are the same ones, in the same order.
    """

    strict: ClassVar = Payment.strict
    unreadable_type: ClassVar = UnreadablePayment
    shown: ClassVar = Payment.shown[:7]

    imp_uid: str
    merchant_uid: str
    status: str
    """Any word, like the value of :attr:`Payment.status`."""
    amount: Decimal
    cancel_amount: Decimal = _ZERO
    currency: str | None = None
    sandbox: bool | None = None
    started_at: Annotated[datetime, AWARE] | None = None
    paid_at: Annotated[datetime, AWARE] | None = None
    cancelled_at: Annotated[datetime, AWARE] | None = None


ListedPaymentPage: TypeAlias = Page[ListedPayment, UnreadablePayment]
