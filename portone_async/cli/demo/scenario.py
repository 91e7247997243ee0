"""The data of the demo: a shop's orders of one day, their payments at PortOne, and faults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, cycle
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
# How many orders get each verdict, and how their payments differ from one of the whole amount.
_DIFFERENCES: dict[Verdict, tuple[int, Sequence[dict[str, Any]]]] = {
    Verdict.MISSING: (4, []),
    Verdict.AMOUNT_DIFFERS: (3, [{"amount": 500}]),
    Verdict.CURRENCY_DIFFERS: (2, [{"currency": "USD", "pay_method": "paypal"}]),
    Verdict.STATUS_DIFFERS: (4, [{"status": "cancelled"}]),
    Verdict.PARTIALLY_CANCELLED: (3, [{"status": "cancelled", "cancel_amount": 500}]),
    Verdict.PAID_TWICE: (2, [{}, {}]),
    Verdict.TEST_PAYMENT: (2, [{"sandbox": True}]),
    Verdict.ORPHAN: (3, [{}]),
    Verdict.NOT_CHECKED: (3, []),
}
# A retry does not help here, and none of these says that there is no payment.
_LASTING: tuple[Fault, ...] = (testing.HtmlPage(404), testing.Status(503), testing.Body(b"{}"))
_PASSING: tuple[Fault, ...] = (
    testing.Status(503),
    testing.Reset(),
    testing.CutBody(),
    testing.HtmlPage(),
    testing.Hang(),
    testing.TooManyRequests(),
    testing.Disconnect(),
)


def add_payments(server: FakePortOne, orders: int, since: datetime, seed: int) -> Cases:
    """Add the payments of a day from ``since`` to ``server``, and return ``orders`` cases or more."""
    random = Random(seed)  # noqa: S311 (not a secret)
    verdicts = [Verdict.MATCHED] * max(_MATCHED, orders)
    for verdict, (count, _) in _DIFFERENCES.items():
        verdicts += [verdict] * count
    random.shuffle(verdicts)
    lasting = cycle(_LASTING)
    cases: Cases = {}
    for number, verdict in enumerate(verdicts, 1):
        merchant_uid = random.choice(("ORD-{:06}", "주문-{:06}")).format(number)
        order = Order(merchant_uid, Decimal(random.randrange(10, 3000) * 100))
        cases[order] = verdict
        paid_at = since + timedelta(seconds=random.randrange(8 * 3600, 23 * 3600))
        payment = {"merchant_uid": merchant_uid, "amount": order.amount, "paid_at": paid_at}
        _, differences = _DIFFERENCES.get(verdict, (0, [{}]))
        server.add_many(payment | difference for difference in differences)
        if verdict is Verdict.NOT_CHECKED:
            fault = next(lasting)
            for route in ("find", "findAll"):
                server.fail(fault, times=None, on=f"/payments/{route}/{merchant_uid}")
    return cases


def add_faults(server: FakePortOne, look_ups: Sequence[Order]) -> int:
    """Let every seventh of the look-ups, a token fetch and a listing fail once; return how many."""
    # One token expires, not several: a call whose token is refused twice fails.
    faults = chain([testing.ExpiredToken()], cycle(_PASSING))
    for order, fault in zip(look_ups[::7], faults, strict=False):
        server.fail(fault, on=f"/payments/find/{order.merchant_uid}")
    server.fail(testing.Status(503), on="/users/getToken")
    server.fail(testing.Status(503), on="/payments/status/")
    return len(look_ups[::7]) + 2
