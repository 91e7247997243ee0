"""The server: the fake's application in virtual time, and its state as the judge reads it."""

from __future__ import annotations

import asyncio
from typing import Any

from portone_async.testing import Reply, application
from portone_async.testing.account import Account
from portone_async.testing.clock import Clock
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.request import RecordedRequest
from portone_async.testing.tokens import Tokens

__all__ = ("KEYS", "FarEnd")

KEYS = ("7700000000000001", "secret-of-the-model")
_EPOCH = 1_790_000_000.0


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
        self.account = Account(
            imp_key=KEYS[0], imp_secret=KEYS[1], clock=clock, tokens=Tokens(clock, 1800.0)
        )
        self.payments = self.account.state(Payments)

    def respond(self, request: RecordedRequest) -> Reply:
        return application.respond(self.account, request)

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
