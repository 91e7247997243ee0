"""A careful client of refunds, and clients that lose or double money, or report it wrongly.

The model must pass the first, and detect each of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from portone_async import (
    CancelPendingError,
    CancelRefusedError,
    ChargeFailedError,
    OutcomeUnknownError,
    Payment,
    PortOneClient,
    PortOneError,
    order_number,
)
from portone_async.call import Call, Repeat
from portone_async.models.schedules import Schedule
from portone_async.resources._settle import settle

from .subject import BookingOrder, ChargeOrder, PackageSubject, RefundOrder

__all__ = ("MUTANTS", "Careful", "Repeating")


class Careful(PackageSubject):
    """Refunds once: by a key in the reason, the balance as checksum, and look-ups."""

    sends_checksum = True
    resends_pending = False
    """Whether a refund that may be pending is sent again."""
    repeats = False
    """Whether the client itself sends a refund again after a lost answer."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        async with client.exclusive(order.imp_uid):
            return await self.refund_in_turn(client, order)

    async def refund_in_turn(self, client: PortOneClient, order: RefundOrder) -> Payment:
        before = await client.payments.get(order.imp_uid)
        if order.key is not None and self.is_done(order, before, before):
            return before
        balance = before.amount - before.cancel_amount
        amount = int(balance) if order.amount is None else order.amount
        if not 0 < amount <= balance:
            raise CancelRefusedError("the balance is smaller")
        order = replace(order, amount=amount)

        async def send() -> Payment:
            made = await client.call(self.call(order, int(balance)))
            if not self.is_done(order, before, made):
                raise CancelPendingError("not yet", payment=made)
            return made

        async def look() -> Payment | PortOneError | None:
            now = await client.payments.get(order.imp_uid)
            if self.is_done(order, before, now):
                return now
            if now.cancel_amount != before.cancel_amount:
                return CancelRefusedError("another refund came first")
            return None

        resend = self.resends_pending or before.pg_provider != "paypal_v2"
        return await settle(send, look, seconds=max(order.settle, 15.0), resend=resend)

    def call(self, order: RefundOrder, balance: int) -> Call[Payment]:
        body = {
            "imp_uid": order.imp_uid,
            "amount": order.amount,
            "reason": order.reason if order.key is None else f"{order.reason} {order.key}",
        }
        if self.sends_checksum:
            body["checksum"] = balance
        repeat = Repeat.SET if self.repeats else Repeat.UNSAFE
        return Call("POST", "/payments/cancel", Payment, body=body, repeat=repeat)

    def is_done(self, order: RefundOrder, before: Payment, now: Payment) -> bool:
        if order.key is None:
            new = now.cancel_history[len(before.cancel_history) :]
            return any(refund.amount == order.amount for refund in new)
        return any(order.key in (refund.reason or "").split() for refund in now.cancel_history)


class NoChecksum(Careful):
    """Sends again without a checksum."""

    sends_checksum = False


class Repeating(Careful):
    """Lets the client send a refund again after a lost answer, without a checksum."""

    sends_checksum = False
    repeats = True


class Overlapping(Careful):
    """Sends two refunds of a payment at once."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        return await self.refund_in_turn(client, order)


class PendingTwice(Careful):
    """Sends a refund again that is pending."""

    resends_pending = True


class AnyEqualSum(Careful):
    """Takes any refund of the same amount for its own."""

    def is_done(self, order: RefundOrder, before: Payment, now: Payment) -> bool:
        return any(refund.amount == order.amount for refund in now.cancel_history)


class PartOfKey(Careful):
    """Takes R-10 for R-1."""

    def is_done(self, order: RefundOrder, before: Payment, now: Payment) -> bool:
        if order.key is None:
            return super().is_done(order, before, now)
        return any(order.key in (refund.reason or "") for refund in now.cancel_history)


class NoKey(Careful):
    """Has no way to find its refund of another process."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        return await super().refund(client, replace(order, key=None))


class Hopeful(Careful):
    """Reports an unknown outcome as a success."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        before = await client.payments.get(order.imp_uid)
        try:
            return await super().refund(client, order)
        except OutcomeUnknownError:
            return before


class Gloomy(Careful):
    """Reports an unknown outcome as a failure."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        try:
            return await super().refund(client, order)
        except OutcomeUnknownError:
            raise CancelRefusedError("no answer") from None


class Clueless(Careful):
    """Reports each failure as unknown."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        try:
            return await super().refund(client, order)
        except PortOneError:
            raise OutcomeUnknownError("it failed") from None


class Timid(Careful):
    """Never refunds a payment that has a refund."""

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        payment = await client.payments.get(order.imp_uid)
        if payment.cancel_history and not self.is_done(order, payment, payment):
            raise CancelRefusedError("it was refunded before")
        return await super().refund(client, order)


class Locked(Careful):
    """Keeps a payment locked when a refund of it is cancelled."""

    def __init__(self) -> None:
        self._locked: set[tuple[PortOneClient, str]] = set()

    async def refund(self, client: PortOneClient, order: RefundOrder) -> Payment:
        lock = (client, order.imp_uid)
        while lock in self._locked:
            await asyncio.sleep(60)
        self._locked.add(lock)
        try:
            result = await super().refund(client, order)
        except PortOneError:
            self._locked.discard(lock)
            raise
        self._locked.discard(lock)
        return result


class NewNumber(PackageSubject):
    """Charges under another number what is unknown."""

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment:
        try:
            return await super().charge(client, order)
        except OutcomeUnknownError:
            other = replace(order, merchant_uid=order_number(order.merchant_uid, "again"))
            return await super().charge(client, other)


class UncheckedNumber(PackageSubject):
    """Does not look whether the number was charged before."""

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment:
        return await client.charges.with_billing_key(
            order.customer_uid,
            merchant_uid=order.merchant_uid,
            amount=order.amount,
            name=order.name,
            check_number=False,
            settle=order.settle,
        )


class RepeatedCharge(PackageSubject):
    """Sends a charge again after a lost answer."""

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment:
        body = {
            "customer_uid": order.customer_uid,
            "merchant_uid": order.merchant_uid,
            "amount": order.amount,
            "name": order.name,
        }
        async for payment in client.payments.find_all(order.merchant_uid, status="paid"):
            return payment
        path = "/subscribe/payments/again"
        return await client.call(Call("POST", path, Payment, body=body, repeat=Repeat.SET))


class HopefulCharge(PackageSubject):
    """Reports an unknown charge as done."""

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Any:
        try:
            return await super().charge(client, order)
        except OutcomeUnknownError:
            return None


class GloomyCharge(PackageSubject):
    """Reports an unknown charge as failed."""

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment:
        try:
            return await super().charge(client, order)
        except OutcomeUnknownError:
            raise ChargeFailedError("no answer") from None


class ImpatientCharge(PackageSubject):
    """Looks an open charge up only once."""

    async def charge(self, client: PortOneClient, order: ChargeOrder) -> Payment:
        return await super().charge(client, replace(order, settle=0.0))


class HopefulBooking(PackageSubject):
    """Reports an unknown booking as done."""

    async def book(self, client: PortOneClient, order: BookingOrder) -> Sequence[Schedule]:
        try:
            return await super().book(client, order)
        except OutcomeUnknownError:
            return []


class HopefulRevocation(PackageSubject):
    """Reports an unknown revocation as done."""

    async def revoke(
        self, client: PortOneClient, merchant_uid: str, settle: float
    ) -> Sequence[Schedule]:
        try:
            return await super().revoke(client, merchant_uid, settle)
        except OutcomeUnknownError:
            return []


class UnsettledRetry(PackageSubject):
    """Reports the refusal of a second request, although the first one was carried out."""

    async def retry(self, client: PortOneClient, merchant_uid: str, settle: float) -> Payment:
        path = {"merchant_uid": merchant_uid}
        return await client.call(
            Call(
                "POST",
                "/subscribe/payments/schedule/{merchant_uid}/retry",
                Payment,
                path=path,
                repeat=Repeat.SET,
            )
        )


MUTANTS = (
    NewNumber(),
    UncheckedNumber(),
    RepeatedCharge(),
    HopefulCharge(),
    GloomyCharge(),
    ImpatientCharge(),
    HopefulBooking(),
    HopefulRevocation(),
    UnsettledRetry(),
    NoChecksum(),
    Repeating(),
    Overlapping(),
    PendingTwice(),
    AnyEqualSum(),
    PartOfKey(),
    NoKey(),
    Hopeful(),
    Gloomy(),
    Clueless(),
    Timid(),
    Locked(),
)
