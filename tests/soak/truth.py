"""What is true of an order: a pure function of its number, the seed and the time."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from math import floor
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from portone_async import Payment

__all__ = ("Known", "State", "Truth")

_FIRST_START = 1_790_000_000
_FORMS = ("order-{}", "주문 {}", "50%-{}#?&+", "2026/11/{}", "..{}")
_LIFE = (None, "ready", "paid", "cancelled")


class Known(Struct, frozen=True, kw_only=True):
    """What a payment must say."""

    imp_uid: str
    merchant_uid: str
    amount: int
    started_at: int
    status: str = "paid"
    cancel_amount: int = 0
    sandbox: bool = False

    def is_in(self, payment: Payment) -> bool:
        """Whether this is what a client was told."""
        started_at = payment.started_at
        told = (
            payment.imp_uid,
            payment.merchant_uid,
            payment.amount,
            None if started_at is None else started_at.timestamp(),
            payment.status,
            payment.cancel_amount,
            payment.sandbox,
        )
        return told == astuple(self)

    def fields(self) -> dict[str, Any]:
        """What the fake is told."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.status in ("paid", "cancelled"):
            fields["paid_at"] = self.started_at + 5
        if self.status == "cancelled":
            fields["cancelled_at"] = self.started_at + 9
        return fields


State = tuple[Known, ...]
"""The payments of an order, the newest first."""


class Truth(Struct, frozen=True):
    """The orders 0 to ``orders - 1``."""

    seed: int
    orders: int
    epoch: float
    """A second of ``time.monotonic``, which the processes of one machine share."""

    def merchant_uid(self, n: int) -> str:
        return _FORMS[self._drawn(n, "form") % len(_FORMS)].format(n)

    def state(self, n: int, moment: float) -> State:
        """The order's payments at a moment."""
        kind = self._drawn(n, "kind") % 100
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
        """Every state that the order was in, from one moment to another."""
        first, last = self.state(n, since), self.state(n, until)
        if not self.is_living(n):
            return [first]
        stages = range(self._stage(n, since) + 1, self._stage(n, until))
        return [first, *(self._living(n, stage) for stage in stages), last]

    def is_living(self, n: int) -> bool:
        """Whether its state changes."""
        return self._drawn(n, "kind") % 100 >= 85

    def next_change(self, n: int, moment: float) -> float:
        """When a living order changes for the next time."""
        return self._begin(n, self._stage(n, moment) + 1)

    def _stage(self, n: int, moment: float) -> int:
        seconds, phase = self._rhythm(n)
        stage = floor((moment - self.epoch) / seconds + phase)
        # Rounding must not put a moment on the wrong side of a change that next_change() tells.
        while self._begin(n, stage) > moment:
            stage -= 1
        while self._begin(n, stage + 1) <= moment:
            stage += 1
        return stage

    def _begin(self, n: int, stage: int) -> float:
        seconds, phase = self._rhythm(n)
        return self.epoch + (stage - phase) * seconds

    def _rhythm(self, n: int) -> tuple[float, int]:
        # From a tenth of a second to some that last for minutes: a call sees none, one or many.
        return 0.1 * 2 ** (self._drawn(n, "rhythm") % 10), 1000 + self._drawn(n, "phase") % 4

    def _living(self, n: int, stage: int) -> State:
        life, status = stage // len(_LIFE), _LIFE[stage % len(_LIFE)]
        if status is None:
            return ()
        if status == "cancelled":
            return (self._cancelled(n, f"life {life}", is_whole=True),)
        return (self._known(n, f"life {life}", status=status),)

    def _tries(self, n: int) -> State:
        """Several payments of one order: a buyer who paid at one of the tries, not the last."""
        number = 2 + self._drawn(n, "tries") % 4
        paid = self._drawn(n, "paid") % number
        others = ("ready", "failed")
        return tuple(
            self._known(n, f"try {i}", status="paid" if i == paid else others[i % 2], back=i)
            for i in range(number)
        )

    def _cancelled(self, n: int, which: str, *, is_whole: bool) -> Known:
        amount = self._amount(n, which)
        cancelled = amount if is_whole else amount // 3
        return self._known(n, which, status="cancelled", cancel_amount=cancelled)

    def _known(self, n: int, which: str, *, back: int = 0, **fields: Any) -> Known:
        return Known(
            imp_uid=f"imp_{self._drawn(n, which, 'imp_uid'):016x}",
            merchant_uid=self.merchant_uid(n),
            amount=self._amount(n, which),
            started_at=_FIRST_START + 100 * n - back,
            **fields,
        )

    def _amount(self, n: int, which: str) -> int:
        return 1000 + self._drawn(n, which, "amount") % 1_000_000

    def _drawn(self, *what: object) -> int:
        text = "/".join(map(str, (self.seed, *what)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())

    def everything(self, moment: float) -> Iterator[Known]:
        """All payments at a moment."""
        for n in range(self.orders):
            yield from self.state(n, moment)
