"""Results of looking up many payments."""

from __future__ import annotations

from msgspec import Struct

from portone_async.errors import PaymentNotFoundError, PortOneError

from .payments import Payment, UnreadablePayment

__all__ = ("Failed", "Found", "Group", "Missing")


class Found(Struct, frozen=True):
    """An order with its payment."""

    merchant_uid: str
    payment: Payment


class Missing(Struct, frozen=True):
    """An order that has no such payment, as PortOne itself reports."""

    merchant_uid: str
    error: PaymentNotFoundError
    """PortOne's answer."""


class Failed(Struct, frozen=True):
    """An order that could not be checked: nothing is known about its payment."""

    merchant_uid: str
    error: PortOneError
    """Why it could not be checked."""


class Group(Struct, frozen=True):
    """An id, with the payments that PortOne listed for it."""

    uid: str
    """The order number or PortOne's id, as it was passed."""
    payments: tuple[Payment, ...] = ()
    """The newest first. Empty: PortOne listed none; confirm that by :meth:`Payments.find_all`."""
    unreadable: tuple[UnreadablePayment, ...] = ()
    """Unreadable payments that belong to this id, or may: a payment whose own id is unreadable as
    well is in every group that it may belong to."""
