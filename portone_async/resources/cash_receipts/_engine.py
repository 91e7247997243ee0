"""Receipts that are issued and revoked once: what becomes of a refusal and of a lost answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from portone_async.call import Call, Caller
from portone_async.errors import ApiError, PortOneError
from portone_async.models.cash_receipts import ExternalReceipt, Receipt
from portone_async.resources._about import about
from portone_async.resources._refusal import send_or_look
from portone_async.resources._settle import settle, validate_settle

from ._calls import ReceiptNotFoundError

__all__ = ("ReceiptIssuedError", "cancel_once", "issue_once")

R = TypeVar("R", Receipt, ExternalReceipt)


class ReceiptIssuedError(ApiError):
    """There is another receipt: of another type or amount, or one that was revoked.

    Nothing was issued. Whether a revoked receipt can be issued anew is not documented: only an
    attempt would show it.
    """

    advice = "Look at `receipt`; cancel it before another one is issued."

    def __init__(
        self,
        reason: str = "",
        *,
        receipt: Receipt | ExternalReceipt | None = None,
        **response: Any,
    ) -> None:
        super().__init__(reason, **response)
        self.receipt = receipt
        """The receipt that there is."""


async def issue_once(
    client: Caller,
    call: Call[R],
    get: Callable[[], Awaitable[R]],
    expected: Mapping[str, str | Decimal | None],
    *,
    seconds: float,
) -> R:
    """Issue a receipt; a valid one with the expected fields is a success."""

    async def look() -> R | PortOneError | None:
        receipt = await _or_none(get)
        # A revoked one was there before: what became of this request is not known yet.
        if receipt is None or receipt.is_cancelled:
            return None
        return receipt if _has(receipt, expected) else _issued_error(call, receipt)

    async def look_refused() -> R | PortOneError | None:
        receipt = await _or_none(get)
        if receipt is None or (not receipt.is_cancelled and _has(receipt, expected)):
            return receipt
        return _issued_error(call, receipt)

    send = send_or_look(client, call, look_refused, when=_is_400)
    limit = validate_settle(seconds)
    return await settle(send, look, seconds=limit, resend=True, secrets=call.secrets)


async def cancel_once(
    client: Caller, call: Call[R], get: Callable[[], Awaitable[R]], *, seconds: float
) -> R:
    """Revoke a receipt; one that is revoked is a success."""

    async def look() -> R | PortOneError | None:
        try:
            receipt = await get()
        except ReceiptNotFoundError as error:
            return error
        return receipt if receipt.is_cancelled else None

    send = send_or_look(client, call, look, when=_is_400)
    return await settle(send, look, seconds=validate_settle(seconds), resend=True)


async def _or_none(get: Callable[[], Awaitable[R]]) -> R | None:
    try:
        return await get()
    except ReceiptNotFoundError:
        return None


def _is_400(error: ApiError) -> bool:
    return error.status == 400


def _has(receipt: Receipt | ExternalReceipt, expected: Mapping[str, str | Decimal | None]) -> bool:
    """Compare what can be compared: what PortOne did not return, or was not requested, agrees."""
    actual = {name: getattr(receipt, name) for name in expected}
    return all(
        value is None or actual[name] is None or actual[name] == value
        for name, value in expected.items()
    )


def _issued_error(call: Call[Any], receipt: Receipt | ExternalReceipt) -> ReceiptIssuedError:
    problem = "a revoked receipt" if receipt.is_cancelled else "another receipt"
    return about(call, ReceiptIssuedError(f"there is {problem}", receipt=receipt))
