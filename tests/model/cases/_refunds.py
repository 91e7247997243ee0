"""Refunds, and the look-up of a payment."""

from __future__ import annotations

from portone_async import PortOneClient
from tests.model.far_end import FarEnd, imp_uid_of, merchant_uid_of
from tests.model.network import CallRecord
from tests.model.plan import Find, Refund
from tests.model.subject import RefundOrder, Subject

from ._case import last_lookup_failed, stayed_open

__all__ = ("FindCase", "RefundCase")


class FindCase:
    """A look-up: nothing may change, and a result is of the payment."""

    repeats = True
    sends_once = True

    def __init__(self, far_end: FarEnd, operation: Find) -> None:
        self._far_end = far_end
        self._operation = operation

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.find(client, merchant_uid_of(self._operation.payment))

    def prepare(self) -> None: ...

    def effects(self) -> int:
        return 0

    def traces(self) -> int:
        return 0

    def excess(self) -> str | None:
        return None

    def wrong_result(self, result: object) -> str | None:
        expected = imp_uid_of(self._operation.payment)
        found = getattr(result, "imp_uid", None)
        return None if found == expected else f"found {found}, not {expected}"

    def wrong_failure(self, error: BaseException) -> str | None:
        return None

    def denies(self, error: BaseException) -> bool:
        return True

    def must_succeed(self) -> bool:
        return True

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        return False


class RefundCase:
    """A refund: the entries of the payment's history with the word of the job are its effects."""

    sends_once = True

    def __init__(
        self, far_end: FarEnd, number: int, operation: Refund, *, is_slow: bool = False
    ) -> None:
        self._far_end = far_end
        self._is_slow = is_slow
        self._word = f"job-{number}"
        # R-1 beside R-10: a key must not match the beginning of another one.
        key = f"R-{number // 2 + 1}{'0' * (number % 2)}" if operation.is_keyed else None
        # A pending refund cannot be recognized.
        self.repeats = operation.is_keyed and not is_slow
        self._order = RefundOrder(
            imp_uid=imp_uid_of(operation.payment),
            amount=operation.amount,
            reason=f"{self._word} 단순 변심",
            key=key,
            settle=operation.settle,
        )

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.refund(client, self._order)

    def prepare(self) -> None: ...

    def effects(self) -> int:
        return len(self._refunds)

    def traces(self) -> int:
        return len(self._refunds)

    def excess(self) -> str | None:
        return f"refunded {self._refunds}" if len(self._refunds) > 1 else None

    @property
    def _refunds(self) -> list[int]:
        return self._far_end.refunds(self._order.imp_uid, self._word)

    def wrong_result(self, result: object) -> str | None:
        amount = self._order.amount
        if len(self._refunds) != 1 or amount not in (None, self._refunds[0]):
            return f"refunded {self._refunds}, not {amount or 'the balance'}"
        if (found := getattr(result, "imp_uid", None)) != self._order.imp_uid:
            return f"the result is of {found}"
        return None

    def wrong_failure(self, error: BaseException) -> str | None:
        return None

    def denies(self, error: BaseException) -> bool:
        return True

    def must_succeed(self) -> bool:
        if self.effects():
            return True
        balance = self._far_end.balance(self._order.imp_uid)
        return balance > 0 and balance >= (self._order.amount or 0)

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        if self._is_slow:
            return stayed_open(call, now, self._order.settle)
        # A refund ends done or refused as soon as look-ups are answered.
        return last_lookup_failed(call)
