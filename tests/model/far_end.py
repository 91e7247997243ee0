"""The server: the fake's application in virtual time, and its state as the judge reads it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from portone_async.testing import Reply, application
from portone_async.testing.account import Account
from portone_async.testing.clock import Clock
from portone_async.testing.endpoints.billing_keys import BillingKeys
from portone_async.testing.endpoints.charges import Charges
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.endpoints.payments.refunds import Refunds
from portone_async.testing.endpoints.schedules import Schedules
from portone_async.testing.request import RecordedRequest
from portone_async.testing.tokens import Tokens

__all__ = ("KEYS", "FarEnd", "imp_uid_of", "merchant_uid_of")

KEYS = ("7700000000000001", "secret-of-the-model")
_EPOCH = 1_790_000_000.0
_CALL = 5.0
# As long as the calls of a job may take, so that no look-up finds a pending refund.
_PENDING = 250.0


def imp_uid_of(payment: int) -> str:
    return f"imp_{payment:03}"


def merchant_uid_of(payment: int) -> str:
    return f"order-{payment:03}"


class _LoopClock(Clock):
    """The clock of the fake, moved by the event loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    @property
    def now(self) -> float:
        return _EPOCH + self._loop.time()


class FarEnd:
    """PortOne in this process: it answers requests at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        clock = _LoopClock(loop)
        self._started_at = clock.now
        self.account = Account(
            imp_key=KEYS[0], imp_secret=KEYS[1], clock=clock, tokens=Tokens(clock, 1800.0)
        )
        self.payments = self.account.state(Payments)
        self.charges = self.account.state(Charges)
        self.keys = self.account.state(BillingKeys)
        self._schedules = Schedules(self.account)
        self.account.state(Refunds).pending_seconds = _PENDING

    def respond(self, request: RecordedRequest) -> Reply:
        return application.respond(self.account, request)

    # What was there before, and what others do

    def add_payment(self, number: int, amount: int, *, is_slow: bool = False) -> None:
        self.payments.add(
            imp_uid=imp_uid_of(number),
            merchant_uid=merchant_uid_of(number),
            amount=amount,
            pg_provider="paypal_v2" if is_slow else "html5_inicis",
        )

    def add_failed_schedule(self, merchant_uid: str, amount: int) -> None:
        now = int(self.account.clock.now)
        self._schedules.decline(merchant_uid)
        self._schedules.add(
            merchant_uid=merchant_uid, customer_uid="good", amount=amount, schedule_at=now - 1
        )
        self.account.agenda.run_due()
        self._schedules.accept(merchant_uid)

    def hide_next_charge(self, seconds: float) -> None:
        """Decide when look-ups see the payment of the next charge."""
        self.charges.take_plan()  # Of a request that was refused.
        if seconds:
            self.charges.hide_next(seconds)

    def refund(self, imp_uid: str, amount: int, reason: str | None) -> None:
        """Refund a part of a payment, as in the console."""
        record = self.record(imp_uid)
        history: list[dict[str, Any]] = [
            *(record.get("cancel_history") or []),
            {
                "amount": amount,
                "cancelled_at": int(self.account.clock.now),
                "pg_tid": "T1",
                "reason": reason,
                "receipt_url": None,
            },
        ]
        self.payments.update(
            imp_uid,
            status="cancelled",
            cancel_amount=sum(refund["amount"] for refund in history),
            cancel_history=history,
        )

    def accepts(self, request: RecordedRequest) -> bool:
        """Return whether the token of a request is valid."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.account.tokens.accepts(token)

    def renewed(self, request: RecordedRequest) -> RecordedRequest:
        """Return a request that was accepted earlier, so that its token is still valid now."""
        token = self.account.tokens.issue().value
        headers = {**request.headers, "authorization": f"Bearer {token}"}
        return RecordedRequest.of(
            request.method, request.target, headers=headers, body=request.body, at=request.at
        )

    # The state

    def time_at(self, seconds: float) -> datetime:
        """Return the time so many seconds after the start of the episode."""
        return datetime.fromtimestamp(self._started_at + seconds, UTC)

    def has_time_before(self, seconds: float) -> bool:
        """Return whether a call without faults can end before that time."""
        return self.account.clock.now + _CALL < self._started_at + seconds

    def schedule(self, merchant_uid: str) -> dict[str, Any] | None:
        return self._schedules.body(merchant_uid) if merchant_uid in self._schedules else None

    def payments_named(self, name: str) -> list[dict[str, Any]]:
        """Return the payments of an order name."""
        entries = self.payments.between(0, 2 * _EPOCH, status=None, sorting=None)
        return [entry.record for entry in entries if entry.record.get("name") == name]

    def paid(self, name: str) -> int:
        return sum(record["status"] == "paid" for record in self.payments_named(name))

    def paid_of(self, merchant_uid: str) -> int:
        return len(self.payments.of_order(merchant_uid, status="paid"))

    def record(self, imp_uid: str) -> dict[str, Any]:
        entry = self.payments.get(imp_uid)
        assert entry is not None
        return entry.record

    def balance(self, imp_uid: str) -> int:
        record = self.record(imp_uid)
        return int(record["amount"]) - int(record.get("cancel_amount") or 0)

    def refunds(self, imp_uid: str, word: str) -> list[int]:
        """Return the amounts of the refunds of a payment whose reason has ``word``."""
        history: list[dict[str, Any]] = self.record(imp_uid).get("cancel_history") or []
        return [
            int(refund["amount"]) for refund in history if word in (refund["reason"] or "").split()
        ]
