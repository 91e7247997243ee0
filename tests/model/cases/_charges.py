"""Charges of billing keys."""

from __future__ import annotations

from portone_async import (
    ChargedTwiceError,
    ChargeFailedError,
    OrderNumberUsedError,
    PaymentMismatchError,
    PortOneClient,
    order_number,
)
from tests.model.far_end import FarEnd
from tests.model.network import CallRecord
from tests.model.plan import Charge
from tests.model.subject import ChargeOrder, Subject

from ._case import stayed_open

__all__ = ("ChargeCase",)


class ChargeCase:
    """A charge: the payments with the word of the job are its effects, whatever their number."""

    repeats = True

    def __init__(self, far_end: FarEnd, number: int, operation: Charge) -> None:
        self._far_end = far_end
        self._operation = operation
        self._word = f"job-{number}"
        # What a look-up cannot see yet is sent again, and refused.
        self.sends_once = operation.hidden_for == 0
        self._order = ChargeOrder(
            customer_uid=operation.key,
            merchant_uid=order_number("model", number, prefix="SUB"),
            amount=operation.amount,
            name=self._word,
            settle=operation.settle,
        )

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.charge(client, self._order)

    def prepare(self) -> None:
        self._far_end.hide_next_charge(self._operation.hidden_for)

    def effects(self) -> int:
        return self._far_end.paid(self._word) + self._hidden

    @property
    def _hidden(self) -> int:
        is_paid = self._operation.key == "good"
        return int(is_paid and self._far_end.charges.is_hidden(self._order.merchant_uid))

    def traces(self) -> int:
        return len(self._far_end.payments_named(self._word))

    def excess(self) -> str | None:
        return f"charged {self.effects()} times" if self.effects() > 1 else None

    def wrong_result(self, result: object) -> str | None:
        if self.effects() != 1:
            return f"charged {self.effects()} times"
        amount, status = getattr(result, "amount", None), getattr(result, "status", None)
        if (amount, status) != (self._order.amount, "paid"):
            return f"the result is {amount} {status}"
        return None

    def wrong_failure(self, error: BaseException) -> str | None:
        match error:
            case ChargeFailedError() if not self._failed:
                return "the charge did not fail"
            case OrderNumberUsedError() if not self._failed:
                return "the number has no other payment"
            case _:
                return None

    @property
    def _failed(self) -> bool:
        is_hidden = self._far_end.charges.is_hidden(self._order.merchant_uid)
        named = self._far_end.payments_named(self._word)
        return self._operation.key == "declined" and (is_hidden or bool(named))

    def denies(self, error: BaseException) -> bool:
        return not isinstance(error, (ChargedTwiceError, PaymentMismatchError))

    def must_succeed(self) -> bool:
        return self._operation.key == "good"

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        return stayed_open(call, now, self._operation.settle)
