"""What the payments of an order number say about a charge. Pure.

A charge ends in one of three ways: paid, failed, or unknown. PortOne has no idempotency key, so a
charge is recognized by its ``merchant_uid``, amount, currency and key.

Each function returns the paid payment of the charge, the error that it ends with, or ``None`` where
the payments do not decide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from portone_async.errors import (
    ChargedTwiceError,
    ChargeFailedError,
    Difference,
    OrderNumberUsedError,
    PaymentMismatchError,
    PortOneError,
)
from portone_async.models import Payment, PaymentStatus
from portone_async.models._record import EXACT

__all__ = (
    "DEFAULT_CURRENCY",
    "Charge",
    "Decision",
    "decide_answer",
    "decide_before",
    "decide_later",
)

Decision: TypeAlias = Payment | PortOneError | None

DEFAULT_CURRENCY = "KRW"
# The channels of payment windows; that of charges by the API is "api".
_WINDOWS = ("pc", "mobile")


class Charge(Struct, frozen=True, kw_only=True):
    """What identifies a charge."""

    merchant_uid: str
    amount: Decimal
    currency: str | None = None
    """As it is sent; ``None`` for PortOne's default, KRW."""
    customer_uid: str | None = None
    """The key that is charged; ``None`` for a charge without one."""
    has_promotion: bool = False
    """Whether a promotion may take off a discount. Whether the amount of a payment is before or
    after it is not documented (``doctor``: ``promotion-amount``)."""
    transaction: str | None = None
    """The ``imp_uid`` of a transaction that the charge belongs to. Its record is not a use of the
    order number until it is paid."""
    is_retry: bool = False
    """Whether a failed payment of the number is charged again."""

    def differences(self, payment: Payment) -> tuple[Difference, ...]:
        """Return in what a payment of this order number differs from this charge.

        A currency or a key that only one of the two names is not a difference.
        """
        result: list[Difference] = []
        if payment.amount not in self._amounts(payment):
            result.append(Difference("amount", str(self.amount), str(payment.amount)))
        currency = self.currency or DEFAULT_CURRENCY
        if payment.currency and payment.currency.upper() != currency.upper():
            result.append(Difference("currency", currency, payment.currency))
        key, charged_key = self.customer_uid, payment.customer_uid
        if key and charged_key and key != charged_key:
            result.append(Difference("customer_uid", key, charged_key))
        return tuple(result)

    def differences_of_found(self, payment: Payment) -> tuple[Difference, ...]:
        """Return :meth:`differences` of a payment that a look-up found.

        A buyer can pay in a test channel under any order number and any key, but in a payment
        window only: such a payment moved no money, and a charge by the API has not made it.
        """
        result = self.differences(payment)
        if self.transaction is None and payment.sandbox and payment.channel in _WINDOWS:
            result += (Difference("sandbox", "False", "True"),)
        return result

    def is_of_same_key(self, payment: Payment) -> bool:
        """Whether PortOne names exactly the key of this charge, or none if it has none."""
        return (payment.customer_uid or None) == self.customer_uid

    def _amounts(self, payment: Payment) -> tuple[Decimal, ...]:
        if self.has_promotion and payment.promotion is not None:
            return self.amount, EXACT.subtract(self.amount, payment.promotion.discount)
        return (self.amount,)


def decide_before(charge: Charge, payments: Sequence[Payment]) -> Decision:
    """Decide whether to send a charge, by all payments of its number: ``None`` to send it.

    A paid payment of the same amount, currency and key is the charge itself: this is its second
    delivery. Any other payment makes the number used.
    """
    paid = [payment for payment in payments if _is(payment, PaymentStatus.PAID)]
    if len(paid) > 1:
        return _charged_twice(charge, paid)
    if paid:
        is_same = charge.is_of_same_key(paid[0]) and not charge.differences_of_found(paid[0])
        return paid[0] if is_same else _used(charge, payments)
    used = [payment for payment in payments if _uses_number(charge, payment)]
    return _used(charge, payments) if used else None


def decide_answer(charge: Charge, payment: Payment) -> Decision:
    """Decide by the payment that PortOne answers with."""
    if _is(payment, PaymentStatus.FAILED):
        return _failed(payment)
    if _is(payment, PaymentStatus.PAID, PaymentStatus.CANCELLED):
        return _accepted(charge.differences(payment), payment)
    return None


def decide_later(
    charge: Charge, payments: Sequence[Payment], before: Iterable[Payment] | None
) -> Decision:
    """Decide by all payments of the number, looked up after the charge was sent.

    Args:
        charge: What was sent.
        payments: The payments of its number now.
        before: Those before it was sent; ``None`` if they are not known, so that a failed payment
            may be an older one.
    """
    paid = [payment for payment in payments if _is(payment, PaymentStatus.PAID)]
    if len(paid) > 1:
        return _charged_twice(charge, paid)
    if paid:
        return _accepted(charge.differences_of_found(paid[0]), paid[0])
    if before is None:
        return None
    known = {_state(payment) for payment in before}
    new = [
        payment
        for payment in payments
        if _state(payment) not in known and not charge.differences_of_found(payment)
    ]
    for payment in new:
        if _is(payment, PaymentStatus.CANCELLED):
            return _accepted(charge.differences(payment), payment)
    return next((_failed(payment) for payment in new if _is(payment, PaymentStatus.FAILED)), None)


def _is(payment: Payment, *statuses: PaymentStatus) -> bool:
    return payment.status in statuses


def _uses_number(charge: Charge, payment: Payment) -> bool:
    if charge.is_retry and _is(payment, PaymentStatus.FAILED):
        return False
    # A cancelled one was paid before.
    return payment.imp_uid != charge.transaction or _is(payment, PaymentStatus.CANCELLED)


def _state(payment: Payment) -> tuple[object, ...]:
    """Return what changes when a payment is charged again."""
    return payment.imp_uid, payment.status, payment.failed_at, payment.cancelled_at


def _accepted(differences: tuple[Difference, ...], payment: Payment) -> Payment | PortOneError:
    """Return a payment that was charged; or the error that says in what it differs."""
    if not _is(payment, PaymentStatus.PAID):
        differences += (Difference("status", PaymentStatus.PAID, payment.status),)
    if not differences:
        return payment
    error = PaymentMismatchError("; ".join(map(str, differences)), differences=differences)
    error.identifiers = _identifiers(payment)
    return error


def _failed(payment: Payment) -> ChargeFailedError:
    error = ChargeFailedError("the payment was made, but the charge failed", payment=payment)
    error.identifiers = _identifiers(payment)
    return error


def _used(charge: Charge, payments: Sequence[Payment]) -> OrderNumberUsedError:
    states = ", ".join(f"{payment.imp_uid} {payment.status}" for payment in payments)
    error = OrderNumberUsedError(
        f"nothing was sent: this order number has {states}", payments=tuple(payments)
    )
    error.identifiers = {"merchant_uid": charge.merchant_uid}
    return error


def _charged_twice(charge: Charge, paid: Sequence[Payment]) -> ChargedTwiceError:
    ids = ", ".join(payment.imp_uid for payment in paid)
    error = ChargedTwiceError(f"{len(paid)} payments are paid: {ids}", payments=tuple(paid))
    error.identifiers = {"merchant_uid": charge.merchant_uid}
    return error


def _identifiers(payment: Payment) -> dict[str, str]:
    return {"merchant_uid": payment.merchant_uid, "imp_uid": payment.imp_uid}
