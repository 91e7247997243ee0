"""One job of an episode: how it is performed, and what the server's state shows of it."""

from __future__ import annotations

from typing import Protocol

from portone_async import PortOneClient

from .far_end import FarEnd
from .network import CallRecord
from .plan import Find, Job, Refund
from .subject import RefundOrder, Subject

__all__ = ("Case", "case_of")


class Case(Protocol):
    """A job beside the server's state."""

    repeats: bool
    """Whether the job may be performed again after its outcome was not learnt."""

    async def perform(self, subject: Subject, client: PortOneClient) -> object: ...

    def effects(self) -> int:
        """Return how often the server has carried the job out."""
        ...

    def wrong_result(self, result: object) -> str | None:
        """Return why the server's state contradicts a result; it has the effect once."""
        ...

    def must_succeed(self) -> bool:
        """Return whether a call now, without any fault, must end done."""
        ...

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        """Return whether a call could not learn its outcome."""
        ...


def case_of(far_end: FarEnd, number: int, job: Job) -> Case:
    match job.operation:
        case Find():
            return FindCase(far_end, job.operation)
        case Refund():
            return RefundCase(far_end, number, job.operation)


def imp_uid_of(payment: int) -> str:
    return f"imp_{payment:03}"


def merchant_uid_of(payment: int) -> str:
    return f"order-{payment:03}"


def last_lookup_failed(call: CallRecord) -> bool:
    """Return whether an answer was lost, and the last look-up since then failed."""
    lost = [i for i, e in enumerate(call.exchanges) if e.is_act and e.is_open and e.is_sent]
    if not lost:
        return False
    later = call.exchanges[lost[-1] + 1 :]
    if later:
        return not (later[-1].is_lookup and later[-1].is_answered)
    # No look-up was sent: there was no token for it, which another call had to fetch.
    return call.process.had_no_token_at >= (call.exchanges[lost[-1]].ended_at or 0.0)


class FindCase:
    """A look-up: nothing may change, and a result is of the payment."""

    repeats = True

    def __init__(self, far_end: FarEnd, operation: Find) -> None:
        self._far_end = far_end
        self._operation = operation

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.find(client, merchant_uid_of(self._operation.payment))

    def effects(self) -> int:
        return 0

    def wrong_result(self, result: object) -> str | None:
        expected = imp_uid_of(self._operation.payment)
        found = getattr(result, "imp_uid", None)
        return None if found == expected else f"found {found}, not {expected}"

    def must_succeed(self) -> bool:
        return True

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        return False


class RefundCase:
    """A refund: the entries of the payment's history with the word of the job are its effects."""

    def __init__(self, far_end: FarEnd, number: int, operation: Refund) -> None:
        self._far_end = far_end
        self._operation = operation
        self._word = f"job-{number}"
        # R-1 beside R-10: a key must not match the beginning of another one.
        key = f"R-{number // 2 + 1}{'0' * (number % 2)}" if operation.is_keyed else None
        self.repeats = operation.is_keyed
        self._order = RefundOrder(
            imp_uid=imp_uid_of(operation.payment),
            amount=operation.amount,
            reason=f"{self._word} 단순 변심",
            key=key,
            settle=operation.settle,
        )

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.refund(client, self._order)

    def effects(self) -> int:
        return len(self._refunds)

    @property
    def _refunds(self) -> list[int]:
        return self._far_end.refunds(self._order.imp_uid, self._word)

    def wrong_result(self, result: object) -> str | None:
        amount = self._order.amount
        if amount is not None and self._refunds != [amount]:
            return f"refunded {self._refunds}, not {amount}"
        if (found := getattr(result, "imp_uid", None)) != self._order.imp_uid:
            return f"the result is of {found}"
        return None

    def must_succeed(self) -> bool:
        if self.effects():
            return True
        balance = self._far_end.balance(self._order.imp_uid)
        return balance > 0 and balance >= (self._order.amount or 0)

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        return last_lookup_failed(call)
