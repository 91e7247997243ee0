"""Carry out a charge: check its number, send it once, and look it up while its outcome is open."""

from __future__ import annotations

from collections.abc import Sequence

from portone_async.call import Call, Caller
from portone_async.errors import (
    ApiError,
    OutcomeUnknownError,
    PortOneError,
    TransientError,
    UnexpectedResponseError,
)
from portone_async.models import Payment
from portone_async.resources._about import about
from portone_async.resources._settle import is_refusal, settle, validate_settle
from portone_async.resources.payments import Payments

from .decisions import Charge, Decision, decide_answer, decide_before, decide_later

__all__ = ("carry_out",)


async def carry_out(
    client: Caller,
    call: Call[Payment],
    charge: Charge,
    *,
    seconds: float,
    is_number_checked: bool = True,
) -> Payment:
    """Make a charge at most once, and return its payment when it is paid.

    Args:
        client: The client.
        call: The request.
        charge: What identifies it.
        seconds: How long to look it up after an open outcome; 0 for one look-up.
        is_number_checked: Whether to look its number up first.

    Raises:
        ChargeFailedError: The charge failed.
        OrderNumberUsedError: The number has another payment; nothing was sent.
        PaymentMismatchError: A payment was charged that differs from what was sent.
        ChargedTwiceError: The number has several paid payments.
        OutcomeUnknownError: Whether it was charged is unknown, also after the look-ups.
        ApiError: PortOne refused the request.
        PortOneError: Any other failure: nothing was sent.
    """
    seconds = validate_settle(seconds)
    call.payload()  # Refused here, before the look-up.
    run = _Run(client, call, charge)
    # One delivery at a time: the second one meets what the first one did.
    async with client.exclusive(f"charge of {charge.merchant_uid}"):
        if is_number_checked and (paid := await run.check_number()) is not None:
            return paid
        try:
            return await settle(run.send, run.look, seconds=seconds, secrets=call.secrets)
        except OutcomeUnknownError:
            if run.refusal is None:
                raise
    # Its answer was not lost: only what an earlier delivery did could not be looked up.
    raise run.refusal.with_traceback(None)


class _Run:
    """One charge, and the payments of its number before it was sent."""

    def __init__(self, client: Caller, call: Call[Payment], charge: Charge) -> None:
        self._client = client
        self._call = call
        self._charge = charge
        self._before: Sequence[Payment] | None = None
        self.refusal: ApiError | None = None
        """The answer, if PortOne refused the request."""

    async def check_number(self) -> Payment | None:
        """Return the payment, if this is the second delivery of a charge that is paid."""
        payments = await self._payments()
        self._before = payments
        return self._payment_or_none(decide_before(self._charge, payments))

    async def send(self) -> Payment:
        try:
            answer = await self._client.call(self._call)
        except ApiError as error:
            if not is_refusal(error):
                raise
            self.refusal = error
        else:
            payment = self._payment_or_none(decide_answer(self._charge, answer))
            if payment is None:
                raise self._undecided([answer])
            return payment
        return await self._look_after(self.refusal)

    async def _look_after(self, refusal: ApiError) -> Payment:
        """Look up what a refused charge has left: an earlier delivery of it may be paid."""
        decision: Decision = None
        is_open = False
        try:
            decision = await self.look()
        except (TransientError, UnexpectedResponseError):
            is_open = True
        except PortOneError:
            pass
        if is_open:  # Looked up again; also where the look-up was not sent.
            raise UnexpectedResponseError("the look-up after the refusal failed")
        payment = self._payment_or_none(decision)
        if payment is None:
            raise refusal.with_traceback(None)
        return payment

    async def look(self) -> Decision:
        payments = await self._payments()
        decision = decide_later(self._charge, payments, self._before)
        if decision is not None:
            return self._of_this_call(decision)
        if self.refusal is None and payments:
            raise self._undecided(payments)
        return self.refusal

    async def _payments(self) -> list[Payment]:
        number = self._charge.merchant_uid
        return [payment async for payment in Payments(self._client).find_all(number)]

    def _undecided(self, payments: Sequence[Payment]) -> UnexpectedResponseError:
        """Return the error for payments that are neither paid nor failed: the outcome is open."""
        states = ", ".join(f"{payment.imp_uid} is {payment.status}" for payment in payments)
        return about(self._call, UnexpectedResponseError(f"neither paid nor failed: {states}"))

    def _payment_or_none(self, decision: Decision) -> Payment | None:
        named = None if decision is None else self._of_this_call(decision)
        if isinstance(named, PortOneError):
            raise named
        return named

    def _of_this_call(self, decision: Payment | PortOneError) -> Payment | PortOneError:
        """Name the operation in the error of a decision."""
        if isinstance(decision, PortOneError) and decision.endpoint is None:
            decision.endpoint = self._call.endpoint
        return decision
