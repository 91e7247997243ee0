"""The money in which PortOne books a refund. Pure.

A payment with a promotion is refunded in order money, which is before the discount. Whether
``amount``, ``cancel_amount`` and ``cancel_history`` are in order money or in approved money, after
the discount, is not documented (``doctor``: ``promotion-amount``): both readings are accepted.

Source: https://developers.portone.io/opi/ko/extra/promotion/refund
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from portone_async.models import Payment

__all__ = ("has_promotion", "is_refund_of", "may_be_refund_of")


def has_promotion(payment: Payment) -> bool:
    """Return whether a payment took part in a promotion, or may have."""
    is_unreadable = any(path.startswith("promotion") for path in payment.unreadable)
    return payment.promotion is not None or is_unreadable


def is_refund_of(payment: Payment, amount: Decimal, booked: Decimal) -> bool:
    """Return whether PortOne may book a refund of ``amount`` as ``booked``."""
    if booked == amount:
        return True
    if payment.promotion is None:
        return False
    total, discount = Fraction(payment.amount), Fraction(payment.promotion.discount)
    # The payment's own amount is in order money, or in approved money.
    rates = [(total - discount) / total, total / (total + discount)] if 0 < discount < total else []
    # Rounded in either direction.
    return any(abs(Fraction(amount) * rate - Fraction(booked)) < 1 for rate in rates)


def may_be_refund_of(payment: Payment, amount: Decimal, booked: Decimal) -> bool:
    """Return whether ``booked`` is not impossible for a refund of ``amount``.

    Where the rest of an order loses its discount, the refund is smaller by what the rest costs more.
    """
    is_smaller = has_promotion(payment) and 0 < booked < amount
    return is_smaller or is_refund_of(payment, amount, booked)
