"""Issue and close what waits for money: virtual accounts and barcodes.

PortOne allows several of them for one order number, so the number protects nothing: a second
request opens a second one, and the buyer may pay both.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from portone_async.call import Call, Caller
from portone_async.errors import (
    ApiError,
    NotFoundError,
    OrderNumberUsedError,
    PortOneError,
)
from portone_async.models import Payment, PaymentStatus

from ._about import about
from ._refusal import send_or_look
from ._settle import is_refusal, settle
from .payments import Payments

__all__ = (
    "MoneyReceivedError",
    "Request",
    "SurplusPaymentsError",
    "close_once",
    "issue_once",
)


class SurplusPaymentsError(PortOneError):
    """Several payments of this order wait for the same amount: the buyer may pay each of them."""

    advice = "Show the buyer `payment`, and close each of `surplus`."

    def __init__(
        self,
        reason: str = "",
        *,
        payment: Payment | None = None,
        surplus: tuple[Payment, ...] = (),
        **response: Any,
    ) -> None:
        super().__init__(reason, **response)
        self.payment: Payment = payment  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # this package always passes it
        """The oldest one. It has personal data, also in a pickle of this error; its ``repr`` has
        none."""
        self.surplus = surplus
        """The others."""


class MoneyReceivedError(PortOneError):
    """Money has come in, so the account or the barcode cannot be closed."""

    advice = "Look at the payment: cancel it with a refund, or deliver the goods."

    def __init__(
        self, reason: str = "", *, payment: Payment | None = None, **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.payment: Payment = payment  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # this package always passes it
        """The payment. It has personal data, also in a pickle of this error; its ``repr`` has none."""


class Request(Struct, frozen=True):
    """What is issued: the call, and how to recognize its payment among those of the order."""

    call: Call[Payment]
    merchant_uid: str
    amount: Decimal | None
    """``None``: PortOne ignores the amount."""
    is_of_kind: Callable[[Payment], bool]

    def __repr__(self) -> str:
        return f"Request({self.merchant_uid!r})"

    def is_answered_by(self, payment: Payment) -> bool:
        """Return whether this request may have made the payment."""
        is_amount_right = self.amount in (None, payment.amount)
        return (
            is_amount_right
            and self.is_of_kind(payment)
            and payment.status in (PaymentStatus.READY, PaymentStatus.PAID)
        )


async def issue_once(client: Caller, request: Request, *, reuse: bool, seconds: float) -> Payment:
    """Issue an account or a barcode; after an open outcome look for its payment, and never resend.

    For one order number, this client makes one request at a time. The payment is recognized as one
    that the order did not have before the request: the clocks of this machine and of PortOne need
    not agree.

    Args:
        client: Makes the calls.
        request: What is issued.
        reuse: Return one that waits for this amount already, if there is one.
        seconds: How long to look.

    Raises:
        OrderNumberUsedError: The order was paid before; nothing was sent.
        SurplusPaymentsError: There are several.
        OutcomeUnknownError: No look-up found it in time.
        PortOneError: It was refused, or not sent.
    """
    async with client.exclusive(f"account of {request.merchant_uid}"):
        return await _issue(client, request, reuse=reuse, seconds=seconds)


async def _issue(client: Caller, request: Request, *, reuse: bool, seconds: float) -> Payment:
    before = await _payments_of(client, request.merchant_uid)
    _require_never_paid(request, before)
    if reuse and (waiting := [payment for payment in before if _waits(request, payment)]):
        return _single(request, waiting)
    known = {payment.imp_uid for payment in before}

    async def send() -> Payment:
        return await client.call(request.call)

    async def look() -> Payment | PortOneError | None:
        after = await _payments_of(client, request.merchant_uid)
        made = [p for p in after if p.imp_uid not in known and request.is_answered_by(p)]
        if not made:
            return None
        try:
            return _single(request, made)
        except SurplusPaymentsError as error:
            return error

    return await settle(send, look, seconds=seconds, secrets=request.call.secrets)


async def close_once(
    client: Caller, call: Call[Payment], imp_uid: str, *, seconds: float
) -> Payment:
    """Close an account or a barcode. One that is closed already is a success.

    What status a closed one has is not documented, and only a closed one would show it. So it
    counts as closed if it is not ready any more, and no money came in.

    Raises:
        MoneyReceivedError: Money has come in.
        OutcomeUnknownError: No look-up was definite.
        PortOneError: It was refused, or not sent.
    """

    async def look() -> Payment | PortOneError | None:
        payment = await Payments(client).get(imp_uid, include_sandbox=True)
        if payment.status == PaymentStatus.READY:
            return None
        if payment.paid_at is None and not payment.deposit_history and not payment.is_paid:
            return payment
        return about(call, MoneyReceivedError("money has come in", payment=payment))

    send = send_or_look(client, call, look, when=_may_be_closed)
    return await settle(send, look, seconds=seconds, resend=True)


def _may_be_closed(refusal: ApiError) -> bool:
    return is_refusal(refusal) and not isinstance(refusal, NotFoundError)


async def _payments_of(client: Caller, merchant_uid: str) -> list[Payment]:
    return [payment async for payment in Payments(client).find_all(merchant_uid)]


def _require_never_paid(request: Request, payments: list[Payment]) -> None:
    paid = tuple(p for p in payments if p.paid_at is not None or p.is_paid)
    if paid:
        error = OrderNumberUsedError(
            "this order number was paid before, so PortOne issues nothing for it", payments=paid
        )
        raise about(request.call, error)


def _waits(request: Request, payment: Payment) -> bool:
    now = datetime.now(UTC)
    is_in_time = payment.vbank_date is None or payment.vbank_date > now
    return payment.status == PaymentStatus.READY and is_in_time and request.is_answered_by(payment)


def _single(request: Request, payments: list[Payment]) -> Payment:
    """Return the only one.

    Raises:
        SurplusPaymentsError: There are several.
    """
    first, *others = sorted(payments, key=_issued_at)
    if not others:
        return first
    error = SurplusPaymentsError(
        f"{len(payments)} payments of this order wait for the same amount",
        payment=first,
        surplus=tuple(others),
    )
    raise about(request.call, error)


def _issued_at(payment: Payment) -> tuple[datetime, str]:
    issued_at = payment.vbank_issued_at or payment.started_at
    return issued_at or datetime.fromtimestamp(0, UTC), payment.imp_uid
