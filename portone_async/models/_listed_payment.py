"""Payments of long lists, without the fields that a reconciliation does not read."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta, Struct

from ._listing import Page
from ._record import AWARE, ResponseRecord
from .payments import Payment, UnreadablePayment

__all__ = ("ListedPayment", "ListedPaymentPage", "PlainPayment")

_ZERO = Decimal(0)

# Integers of which the decimal notation is the received one, and of which a sum of billions is exact
# in 63 bits.
_Whole = Annotated[int, Meta(ge=0, le=999_999_999)]
# Unix seconds up to the year 9999.
_Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]


class PlainPayment(Struct, frozen=True, kw_only=True, gc=False):
    """A :class:`ListedPayment` whose money and times are sent as whole numbers, as most are.

    It takes half the time to decode: nothing is converted, and msgspec checks all of it.
    """

    imp_uid: str
    merchant_uid: str
    status: str
    amount: _Whole
    cancel_amount: _Whole = 0
    currency: str | None = None
    sandbox: bool | None = None
    started_at: _Seconds | None = None
    """Unix seconds; 0 or ``None`` for "never", as in the other times."""
    paid_at: _Seconds | None = None
    cancelled_at: _Seconds | None = None


class ListedPayment(ResponseRecord, frozen=True, kw_only=True):
    """The fields of a :class:`Payment` that tell its money, state and identity.

    Every other field is skipped while the JSON is decoded, which halves the time. The same
    payments are readable, and a field has the same value, as in :class:`Payment`: the strict
    fields are the same ones, in the same order.
    """

    strict: ClassVar = Payment.strict
    unreadable_type: ClassVar = UnreadablePayment
    shown: ClassVar = Payment.shown[:7]
    public: ClassVar = (*shown, "started_at", "paid_at", "cancelled_at")

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


ListedPaymentPage: TypeAlias = Page[PlainPayment | ListedPayment, UnreadablePayment]
"""A page of payments that are all plain, or all not."""
