"""Helpers of the tests of refunds: the refunds that were sent and made, and those of others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from portone_async.testing import Exchange, FakePortOne, Reply
from portone_async.testing.endpoints.payments import Payments

__all__ = ("URL", "RefundBefore", "book", "history", "sent")

URL = "/payments/cancel"


def sent(server: FakePortOne) -> list[dict[str, Any]]:
    """Return the bodies of all refunds that were sent."""
    return [request.fields for request in server.requests if request.path == URL]


def history(server: FakePortOne) -> list[tuple[Decimal, str]]:
    """Return amount and reason of the refunds of ``imp_1`` at the server."""
    entry = server.payments.get("imp_1")
    assert entry is not None
    return [(each["amount"], each["reason"]) for each in entry.record.get("cancel_history") or ()]


class RefundBefore:
    """Lets another refund be made just before the request is processed."""

    def __init__(self, reason: str = "another", amount: int = 1000) -> None:
        self._reason = reason
        self._amount = amount

    async def meet(self, exchange: Exchange) -> Reply:
        book(exchange, self._amount, self._reason)
        return exchange.reply()


def book(exchange: Exchange, amount: int, reason: str) -> None:
    """Refund a payment as another program does."""
    payments = exchange.account.state(Payments)
    entry = payments.get("imp_1")
    assert entry is not None
    payments.update(
        "imp_1",
        status="cancelled",
        cancel_amount=int(entry.record.get("cancel_amount", 0)) + amount,
        cancel_history=[
            *entry.record.get("cancel_history", ()),
            {"amount": amount, "reason": reason, "cancelled_at": int(exchange.account.clock.now)},
        ],
    )
