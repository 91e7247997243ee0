"""The code under test: how a shop's process performs an operation."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from portone_async import Payment, PortOneClient

__all__ = ("PackageSubject", "RefundOrder", "Subject")


class RefundOrder(Struct, frozen=True):
    """A refund, as the shop has stored it before its first call."""

    imp_uid: str
    amount: int | None
    reason: str
    key: str | None
    settle: float


class Subject(Protocol):
    """Performs operations with the client of a process. Mutants of the tests are others."""

    async def find(self, client: PortOneClient, merchant_uid: str) -> Payment: ...

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment: ...


class PackageSubject:
    """The methods of this package."""

    async def find(self, client: PortOneClient, merchant_uid: str) -> Payment:
        return await client.payments.find(merchant_uid)

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        payments, reason, key = client.payments, order.reason, order.key
        if order.amount is None:
            return await payments.cancel_all(
                order.imp_uid, reason=reason, key=key, settle=order.settle
            )
        return await payments.cancel(
            order.imp_uid, amount=order.amount, reason=reason, key=key, settle=order.settle
        )
