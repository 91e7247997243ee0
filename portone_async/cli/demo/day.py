"""What the demo reconciles: a shop's day, with differences of every kind planted in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from msgspec import Struct

from portone_async.cli.zone import SEOUL
from portone_async.reconcile import Order, Verdict
from portone_async.testing import FakePortOne, HtmlPage, Status

__all__ = ("Day", "plant")

# More than a page of payments, so that more than one is read.
_MATCHED = 1500
_DIFFERENCES = {
    Verdict.MISSING: 4,
    Verdict.AMOUNT_DIFFERS: 3,
    Verdict.CURRENCY_DIFFERS: 2,
    Verdict.STATUS_DIFFERS: 4,
    Verdict.PARTIALLY_CANCELLED: 3,
    Verdict.PAID_TWICE: 2,
    Verdict.TEST_PAYMENT: 2,
    Verdict.ORPHAN: 3,
    Verdict.NOT_CHECKED: 2,
}
_ORDERS = ("D-{:06}", "주문-{:06}")
_OPENING = 8 * 3600
_OPEN_FOR = 15 * 3600


class Day(Struct, frozen=True):
    """A day of orders, and what is right to say about each."""

    period: tuple[datetime, datetime]
    """From, and until (not in it)."""
    orders: list[Order]
    verdicts: Mapping[str, Verdict]
    """By order number; those without an order are orphans."""

    @property
    def planted(self) -> Counter[Verdict]:
        return Counter(self.verdicts.values())


def plant(server: FakePortOne, today: date, random: Random) -> Day:
    """Fill ``server`` with the payments of the day before ``today``, and give that day's orders."""
    begin = datetime.combine(today - timedelta(days=1), time(), SEOUL)
    kinds = [*[Verdict.MATCHED] * _MATCHED, *Counter(_DIFFERENCES).elements()]
    random.shuffle(kinds)
    orders: list[Order] = []
    verdicts: dict[str, Verdict] = {}
    for number, kind in enumerate(kinds, 1):
        order = _order(number, kind, random)
        verdicts[order.merchant_uid] = kind
        if kind is not Verdict.ORPHAN:
            orders.append(order)
        paid_at = begin + timedelta(seconds=_OPENING + random.randrange(_OPEN_FOR))
        server.add_many(_payments(order, kind, paid_at, random))
        if kind is Verdict.NOT_CHECKED:
            # A gateway's page is no word of PortOne's that there is no payment.
            server.fail(HtmlPage(404), times=None, on=f"/payments/findAll/{order.merchant_uid}")
    server.fail(Status(503), on="/payments/status/")
    return Day((begin, begin + timedelta(days=1)), orders, verdicts)


def _order(number: int, kind: Verdict, random: Random) -> Order:
    merchant_uid = random.choice(_ORDERS).format(number)
    amount = Decimal(random.randrange(10, 3000) * 100)
    if kind is Verdict.MATCHED and random.random() < 0.05:
        return Order(merchant_uid, amount, status="cancelled")
    return Order(merchant_uid, amount)


def _payments(
    order: Order, kind: Verdict, paid_at: datetime, random: Random
) -> list[dict[str, Any]]:
    """The payments that PortOne has of an order, as ``FakePortOne.add`` takes their fields."""
    fields: dict[str, Any] = {
        "merchant_uid": order.merchant_uid,
        "status": order.status,
        "amount": order.amount,
        "paid_at": paid_at,
    }
    later = {"cancelled_at": paid_at + timedelta(minutes=30)}
    match kind:
        case Verdict.MISSING | Verdict.NOT_CHECKED:
            return []
        case Verdict.AMOUNT_DIFFERS:
            fields["amount"] -= 100 * random.randrange(1, 10)
        case Verdict.CURRENCY_DIFFERS:
            fields |= {"currency": "USD", "pay_method": "paypal"}
        case Verdict.STATUS_DIFFERS:
            failed = {"status": "failed", "paid_at": None, "failed_at": paid_at}
            fields |= random.choice(({"status": "cancelled"} | later, failed))
        case Verdict.PARTIALLY_CANCELLED:
            fields |= {"status": "cancelled", "cancel_amount": order.amount / 2} | later
        case Verdict.PAID_TWICE:
            return [fields, fields | {"paid_at": paid_at + timedelta(minutes=2)}]
        case Verdict.TEST_PAYMENT:
            fields["sandbox"] = True
        case _:
            if order.status == "cancelled":
                fields |= later
            elif random.random() < 0.1:
                # The shop expects nothing of a failed try.
                earlier = {"paid_at": None, "failed_at": paid_at - timedelta(minutes=2)}
                return [fields | {"status": "failed"} | earlier, fields]
    return [fields]
