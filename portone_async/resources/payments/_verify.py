"""Compare a payment with an order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from portone_async.errors import Difference, PaymentMismatchError
from portone_async.models import Payment, PaymentStatus

__all__ = ("differences", "require_none")


def differences(
    payment: Payment,
    *,
    merchant_uid: str,
    amount: Decimal,
    currency: str,
    imp_uid: str | None,
    discount: Decimal,
    allow_sandbox: bool,
) -> tuple[Difference, ...]:
    """Return every reason not to ship the goods of an order."""
    result: list[Difference] = []

    def expect(field: str, expected: object, actual: object, *, is_met: bool) -> None:
        if not is_met:
            result.append(Difference(field, str(expected), str(actual)))

    def equal(field: str, expected: object, actual: object) -> None:
        expect(field, expected, actual, is_met=actual == expected)

    equal("merchant_uid", merchant_uid, payment.merchant_uid)
    if imp_uid is not None:
        equal("imp_uid", imp_uid, payment.imp_uid)
    equal("status", PaymentStatus.PAID, payment.status)
    equal("currency", currency, payment.currency)
    equal("amount", amount, payment.amount)
    equal("cancel_amount", Decimal(0), payment.cancel_amount)
    expect("cancel_history", "empty", "filled", is_met=not payment.cancel_history)
    # PortOne does not document whether the amount is the one before or after a discount (`doctor`:
    # `promotion-amount`), so an unexpected discount is a difference, and is neither added nor
    # subtracted.
    taken_off = payment.promotion.discount if payment.promotion is not None else Decimal(0)
    equal("promotion.discount", discount, taken_off)
    for field in ("promotion", "cancel_history"):
        # An unreadable field does not prove that it is absent.
        paths = [path for path in payment.unreadable if path.startswith(field)]
        expect(field, "readable", f"unreadable at {', '.join(paths)}", is_met=not paths)
    if not allow_sandbox:
        # None, in payments from before 2026-01-26, may be either.
        expect("sandbox", False, payment.sandbox, is_met=payment.sandbox is False)
    return tuple(result)


def require_none(differences: Sequence[Difference], *, merchant_uid: str, imp_uid: str) -> None:
    """Reject a payment that differs from its order.

    Raises:
        PaymentMismatchError: There is a difference; the error has all of them.
    """
    if not differences:
        return
    error = PaymentMismatchError("; ".join(map(str, differences)), differences=tuple(differences))
    error.identifiers = {"merchant_uid": merchant_uid, "imp_uid": imp_uid}
    raise error
