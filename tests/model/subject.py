"""The code under test: how a shop's process performs an operation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from portone_async import Payment, PortOneClient
from portone_async.models.schedules import Schedule, ScheduleItem

__all__ = ("BookingOrder", "ChargeOrder", "PackageSubject", "RefundOrder", "Subject")


class RefundOrder(Struct, frozen=True):
    """A refund, as the shop has stored it before its first call."""

    imp_uid: str
    amount: int | None
    reason: str
    key: str | None
    settle: float


class ChargeOrder(Struct, frozen=True):
    """A charge, as the shop has stored it before its first call."""

    customer_uid: str
    merchant_uid: str
    amount: int
    name: str
    settle: float


class BookingOrder(Struct, frozen=True):
    """A scheduled charge, as the shop has stored it before its first call."""

    customer_uid: str
    merchant_uid: str
    amount: int
    schedule_at: datetime
    settle: float


class Subject(Protocol):
    """Performs operations with the client of a process. Mutants of the tests are others."""

    async def find(self, client: PortOneClient, merchant_uid: str) -> Payment: ...

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment: ...

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment: ...

    async def book(self, client: PortOneClient, order: BookingOrder) -> Sequence[Schedule]: ...

    async def revoke(
        self, client: PortOneClient, merchant_uid: str, settle: float
    ) -> Sequence[Schedule]: ...

    async def retry(self, client: PortOneClient, merchant_uid: str, settle: float) -> Payment: ...


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

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment:
        return await client.charges.with_billing_key(
            order.customer_uid,
            merchant_uid=order.merchant_uid,
            amount=order.amount,
            name=order.name,
            settle=order.settle,
        )

    async def book(self, client: PortOneClient, order: BookingOrder) -> Sequence[Schedule]:
        item = ScheduleItem(
            merchant_uid=order.merchant_uid,
            schedule_at=order.schedule_at,
            amount=order.amount,
            name="월 이용료",
        )
        return await client.schedules.create(
            order.customer_uid, schedules=[item], settle=order.settle
        )

    async def revoke(
        self, client: PortOneClient, merchant_uid: str, settle: float
    ) -> Sequence[Schedule]:
        return await client.schedules.cancel(merchant_uid, settle=settle)

    async def retry(self, client: PortOneClient, merchant_uid: str, settle: float) -> Payment:
        return await client.schedules.retry(merchant_uid, settle=settle)
