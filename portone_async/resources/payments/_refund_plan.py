"""Validate a refund, first by itself and then against the payment. Pure."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.errors import (
    CancelRefusedError,
    InvalidRequestError,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models import Payment
from portone_async.resources._minor_units import require_fit
from portone_async.resources._request import money, optional_money, path_value, require_parts

from ._refund_decision import Refund
from ._refund_key import entries_of, reason_text, validate_key
from ._refund_units import has_promotion, may_be_refund_of

__all__ = ("Request", "plan", "refund_amount", "request")


class Request(Struct, frozen=True, kw_only=True):
    """The arguments of a refund, validated by themselves."""

    imp_uid: str
    amount: Decimal | None
    """``None`` for the whole balance."""
    checksum: Decimal | None
    reason: str
    key: str | None
    tax_free: Decimal | None = None
    vat_amount: Decimal | None = None

    def __repr__(self) -> str:
        return f"Request({self.imp_uid!r}, amount={self.amount!r}, key={self.key!r})"


def refund_amount(amount: object) -> Decimal:
    """Return the amount of a refund. ``None`` is refused: it does not mean the balance.

    Raises:
        InvalidRequestError: It can never be right.
    """
    exact = money("amount", amount, minimum=None)
    if exact <= 0:
        raise InvalidRequestError("amount must be more than 0: cancel_all() refunds the balance")
    return exact


def request(
    imp_uid: str,
    amount: Decimal | None,
    *,
    checksum: object,
    reason: object,
    key: object,
    tax_free: object,
    vat_amount: object,
) -> Request:
    """Validate the arguments that need no look at the payment.

    Raises:
        InvalidRequestError: One of them can never be right.
    """
    name = validate_key(key)
    return Request(
        imp_uid=path_value("imp_uid", imp_uid),
        amount=amount,
        checksum=optional_money("checksum", checksum),
        reason=reason_text(reason, name),
        key=name,
        tax_free=optional_money("tax_free", tax_free),
        vat_amount=optional_money("vat_amount", vat_amount),
    )


def plan(wanted: Request, payment: Payment) -> Refund | None:
    """Validate a refund against the payment; return ``None`` if it was made already.

    Raises:
        InvalidRequestError: It cannot be made; nothing was sent.
        CancelRefusedError: Nothing is left to refund; nothing was sent.
        UnexpectedResponseError: Whether the key was used before cannot be read; nothing was sent.
    """
    try:
        if wanted.key is not None and _was_made(wanted, wanted.key, payment):
            return None
        return _refund(wanted, payment)
    except PortOneError as error:
        error.identifiers = {"imp_uid": wanted.imp_uid}
        raise


def _was_made(wanted: Request, key: str, payment: Payment) -> bool:
    made = [entry.amount for entry in entries_of(key, payment.cancel_history)]
    if not made:
        if any(path.startswith("cancel_history") for path in payment.unreadable):
            raise UnexpectedResponseError(
                f"cancel_history cannot be read, so whether the key {key} was used is unknown; "
                "nothing was sent"
            )
        return False
    if wanted.amount is None:
        is_same = payment.balance <= 0 or has_promotion(payment)
    else:
        amount = wanted.amount
        is_same = any(may_be_refund_of(payment, amount, booked) for booked in made)
    if not is_same:
        raise InvalidRequestError(
            Worded(
                "the key {key} was used for a refund of {amount:f}: another refund needs another key",
                key=key,
                amount=made[0],
            )
        )
    return True


def _refund(wanted: Request, payment: Payment) -> Refund:
    balance = _balance(wanted, payment)
    amount = balance if wanted.amount is None else wanted.amount
    if wanted.amount is None and balance <= 0:
        raise CancelRefusedError(Worded("nothing is left to refund, and nothing was sent"))
    if amount > balance:
        raise InvalidRequestError(
            Worded(
                "amount {amount:f} is more than the balance, {balance:f}",
                amount=amount,
                balance=balance,
            )
        )
    require_fit(amount, payment.currency)
    require_parts(amount, wanted.tax_free, wanted.vat_amount)
    return Refund(
        before=payment, amount=amount, checksum=balance, reason=wanted.reason, key=wanted.key
    )


def _balance(wanted: Request, payment: Payment) -> Decimal:
    """Return what is left to refund, in the money of the request."""
    if has_promotion(payment):
        if wanted.checksum is None:
            raise InvalidRequestError(
                Worded(
                    "the payment has a promotion, and PortOne does not document whether its amounts "
                    "are before or after the discount: pass what is left of the order as checksum"
                )
            )
        return wanted.checksum
    if wanted.checksum is not None and wanted.checksum != payment.balance:
        raise InvalidRequestError(
            Worded(
                "checksum {checksum:f} is not the balance, {balance:f}: the payment was changed",
                checksum=wanted.checksum,
                balance=payment.balance,
            )
        )
    return payment.balance
