"""The data of the demo: a shop's orders of one day, their payments at PortOne, and faults."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from math import ceil
from random import Random
from typing import Any, TypeAlias

from portone_async import testing
from portone_async.reconcile import Order, Verdict
from portone_async.testing import FakePortOne, Fault

__all__ = ("Cases", "add_faults", "add_payments")

Cases: TypeAlias = dict[Order, Verdict]
"""Orders with their right verdicts. The order of an orphan is not among the shop's."""

# More than a page of payments, so that the reconciliation reads more than one.
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
    Verdict.NOT_CHECKED: 3,
}
_OTHER_PAYMENT = {"imp_uid": "imp_1", "merchant_uid": "another", "status": "paid", "amount": 1}
# A retry does not help here, and none of these says that there is no payment.
_LASTING: tuple[Fault, ...] = (
    testing.HtmlPage(404),
    testing.Status(503),
    testing.Json({"code": 0, "message": None, "response": _OTHER_PAYMENT}),
)
_PASSING: tuple[Fault, ...] = (
    testing.Status(503),
    testing.Reset(),
    testing.CutBody(),
    testing.HtmlPage(),
    testing.Disconnect(),
    testing.Hang(),
    testing.Body(b'{"code":0,"message":null,"respon'),
    testing.TooManyRequests(),
    testing.CutBody(keep=0),
    testing.Delay(0.8),
    testing.Status(500),
)
_LOOK_UPS_PER_FAULT = 7


def add_payments(server: FakePortOne, orders: int, since: datetime, random: Random) -> Cases:
    """Add the payments of a day from ``since`` to ``server``, and return ``orders`` cases or more."""
    verdicts = [*[Verdict.MATCHED] * max(_MATCHED, orders), *Counter(_DIFFERENCES).elements()]
    random.shuffle(verdicts)
    lasting = cycle(_LASTING)
    cases: Cases = {}
    for number, verdict in enumerate(verdicts, 1):
        merchant_uid = random.choice(("ORD-{:06}", "주문-{:06}")).format(number)
        order = Order(merchant_uid, Decimal(random.randrange(10, 3000) * 100))
        cases[order] = verdict
        paid_at = since + timedelta(seconds=random.randrange(8 * 3600, 23 * 3600))
        server.add_many(_payments(order, verdict, paid_at))
        if verdict is Verdict.NOT_CHECKED:
            fault = next(lasting)
            for route in ("find", "findAll"):
                server.fail(fault, times=None, on=f"/payments/{route}/{merchant_uid}")
    return cases


def add_faults(server: FakePortOne, look_ups: Cases, random: Random) -> int:
    """Let every seventh of the look-ups, a token fetch and a listing fail once; return how many."""
    orders = [order for order, verdict in look_ups.items() if verdict is Verdict.MATCHED]
    # One token expires, not several: a call whose token is refused twice fails.
    faults = [testing.ExpiredToken(), *_PASSING * len(orders)]
    victims = random.sample(orders, ceil(len(orders) / _LOOK_UPS_PER_FAULT))
    for fault, order in zip(faults, victims, strict=False):
        server.fail(fault, on=f"/payments/find/{order.merchant_uid}")
    server.fail(testing.Status(503), on="/users/getToken")
    server.fail(testing.Status(503), on="/payments/status/")
    return len(victims) + 2


def _payments(order: Order, verdict: Verdict, paid_at: datetime) -> list[dict[str, Any]]:
    """Return the fields of an order's payments, as ``FakePortOne.add`` takes them."""
    paid = {"merchant_uid": order.merchant_uid, "amount": order.amount, "paid_at": paid_at}
    cancelled = {"status": "cancelled", "cancelled_at": paid_at + timedelta(minutes=30)}
    changes: dict[Verdict, list[dict[str, Any]]] = {
        Verdict.MISSING: [],
        Verdict.NOT_CHECKED: [],
        Verdict.AMOUNT_DIFFERS: [{"amount": order.amount - 500}],
        Verdict.CURRENCY_DIFFERS: [{"currency": "USD", "pay_method": "paypal"}],
        Verdict.STATUS_DIFFERS: [cancelled],
        Verdict.PARTIALLY_CANCELLED: [cancelled | {"cancel_amount": order.amount / 2}],
        Verdict.PAID_TWICE: [{}, {"paid_at": paid_at + timedelta(minutes=2)}],
        Verdict.TEST_PAYMENT: [{"sandbox": True}],
    }
    return [paid | change for change in changes.get(verdict, [{}])]
