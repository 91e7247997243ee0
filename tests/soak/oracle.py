"""The expected payments of an order: a pure function of its number, the seed and the time."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from math import floor
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from portone_async import Payment

__all__ = ("ExpectedPayment", "Oracle", "State")

_FIRST_START = 1_790_000_000
_FORMS = ("order-{}", "주문 {}", "50%-{}#?&+", "2026/11/{}", "..{}")
_LIFE = (None, "ready", "paid", "cancelled")


class ExpectedPayment(Struct, frozen=True, kw_only=True):
    """The values that a payment must have."""

    imp_uid: str
    merchant_uid: str
    amount: int
    started_at: int
    status: str = "paid"
    cancel_amount: int = 0
    sandbox: bool = False

    def matches(self, payment: Payment) -> bool:
        """Return whether a client received this payment."""
        started_at = payment.started_at
        received = (
            payment.imp_uid,
            payment.merchant_uid,
            payment.amount,
            None if started_at is None else started_at.timestamp(),
            payment.status,
            payment.cancel_amount,
            payment.sandbox,
        )
        return received == astuple(self)

    def fields(self) -> dict[str, Any]:
        """Return the fields for the fake."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.status in ("paid", "cancelled"):
            fields["paid_at"] = self.started_at + 5
        if self.status == "cancelled":
            fields["cancelled_at"] = self.started_at + 9
        return fields


State = tuple[ExpectedPayment, ...]
"""The payments of an order, the newest first."""


class Oracle(Struct, frozen=True):
    """The orders 0 to ``orders - 1``."""

    seed: int
    orders: int
    epoch: float
    """A time of ``time.monotonic``, which the processes of one machine share."""

    def merchant_uid(self, n: int) -> str:
        return _FORMS[self._number(n, "form") % len(_FORMS)].format(n)

    def state(self, n: int, moment: float) -> State:
        """Return the order's payments at a moment."""
        kind = self._number(n, "kind") % 100
        if kind < 20:
            return ()
        if kind < 55:
            return (self._known(n, "only", sandbox=kind < 25),)
        if kind < 65:
            return (self._cancelled(n, "only", is_whole=kind < 60),)
        if kind < 75:
            return (self._known(n, "only", status="failed", sandbox=kind < 70),)
        if kind < 85:
            return self._tries(n)
        return self._living(n, self._stage(n, moment))

    def states(self, n: int, since: float, until: float) -> list[State]:
        """Return every state of the order from one moment to another."""
        first, last = self.state(n, since), self.state(n, until)
        if not self.is_living(n):
            return [first]
        stages = range(self._stage(n, since) + 1, self._stage(n, until))
        return [first, *(self._living(n, stage) for stage in stages), last]

    def is_living(self, n: int) -> bool:
        """Return whether the order's state changes."""
        return self._number(n, "kind") % 100 >= 85

    def next_change(self, n: int, moment: float) -> float:
        """Return when a living order changes next."""
        return self._begin(n, self._stage(n, moment) + 1)

    def _stage(self, n: int, moment: float) -> int:
        seconds, phase = self._rhythm(n)
        stage = floor((moment - self.epoch) / seconds + phase)
        # Rounding must not put a moment on the wrong side of a change that next_change() returns.
        while self._begin(n, stage) > moment:
            stage -= 1
        while self._begin(n, stage + 1) <= moment:
            stage += 1
        return stage

    def _begin(self, n: int, stage: int) -> float:
        seconds, phase = self._rhythm(n)
        return self.epoch + (stage - phase) * seconds

    def _rhythm(self, n: int) -> tuple[float, int]:
        # Stages of 0.1 s to 51 s: a call overlaps no change, one or many.
        return 0.1 * 2 ** (self._number(n, "rhythm") % 10), 1000 + self._number(n, "phase") % 4

    def _living(self, n: int, stage: int) -> State:
        life, status = stage // len(_LIFE), _LIFE[stage % len(_LIFE)]
        if status is None:
            return ()
        if status == "cancelled":
            return (self._cancelled(n, f"life {life}", is_whole=True),)
        return (self._known(n, f"life {life}", status=status),)

    def _tries(self, n: int) -> State:
        """Return several payments of one order, one of them paid, not always the last."""
        number = 2 + self._number(n, "tries") % 4
        paid = self._number(n, "paid") % number
        others = ("ready", "failed")
        return tuple(
            self._known(n, f"try {i}", status="paid" if i == paid else others[i % 2], back=i)
            for i in range(number)
        )

    def _cancelled(self, n: int, which: str, *, is_whole: bool) -> ExpectedPayment:
        amount = self._amount(n, which)
        cancelled = amount if is_whole else amount // 3
        return self._known(n, which, status="cancelled", cancel_amount=cancelled)

    def _known(self, n: int, which: str, *, back: int = 0, **fields: Any) -> ExpectedPayment:
        return ExpectedPayment(
            imp_uid=f"imp_{self._number(n, which, 'imp_uid'):016x}",
            merchant_uid=self.merchant_uid(n),
            amount=self._amount(n, which),
            started_at=_FIRST_START + 100 * n - back,
            **fields,
        )

    def _amount(self, n: int, which: str) -> int:
        return 1000 + self._number(n, which, "amount") % 1_000_000

    def _number(self, *key: object) -> int:
        text = "/".join(map(str, (self.seed, *key)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())

    def everything(self, moment: float) -> Iterator[ExpectedPayment]:
        """Yield all payments at a moment."""
        for n in range(self.orders):
            yield from self.state(n, moment)
