"""What the demo looks up: payments of every kind, and the faults on the way to them."""

from __future__ import annotations

from decimal import Decimal
from itertools import cycle
from math import ceil
from random import Random
from typing import Any

from msgspec import Struct

from portone_async.errors import PortOneError, ServerError, UnexpectedResponseError
from portone_async.models import Payment
from portone_async.policy import RetryPolicy
from portone_async.testing import (
    Body,
    CutBody,
    Delay,
    Disconnect,
    Exchange,
    ExpiredToken,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Json,
    Reply,
    Reset,
    Status,
    TooManyRequests,
)

__all__ = ("Scene", "set_stage")


class Scene(Struct, frozen=True):
    """One order to be looked up, and what is right to say about it."""

    order: str
    payment: Payment | None
    """What the server holds; ``None`` for an order that does not exist."""
    fails_with: type[PortOneError] | None = None
    """What the look-up must end in, where it is scripted to fail for good."""


class _RevokedToken:
    """PortOne drops the token before its time."""

    async def meet(self, exchange: Exchange) -> Reply:
        exchange.account.tokens.revoke()
        return exchange.reply()


class _Plot(Struct, frozen=True):
    """What happens to the requests of one order."""

    fault: Fault
    times: int = 1
    fails_with: type[PortOneError] | None = None


_SOMEONE_ELSES = {"imp_uid": "imp_1", "merchant_uid": "another", "status": "paid", "amount": 1}

# Once among this many orders.
_RARE_AMONG = 300
_RARE = (
    _Plot(TooManyRequests()),
    _Plot(Hang()),
    _Plot(Json({"code": 0, "message": None, "response": []}), 1, UnexpectedResponseError),
    _Plot(Status(503), RetryPolicy().attempts, ServerError),
    _Plot(
        Json({"code": 0, "message": None, "response": _SOMEONE_ELSES}), 1, UnexpectedResponseError
    ),
    _Plot(TooManyRequests()),
    _Plot(Status(404), 1, UnexpectedResponseError),
)
_COMMON_AMONG = 100
_COMMON = (
    _Plot(Status(503)),
    _Plot(Reset()),
    _Plot(CutBody()),
    _Plot(HtmlPage()),
    _Plot(Disconnect()),
    _Plot(Delay(0.8)),
    _Plot(Body(b'{"code":0,"message":null,"respon')),
    _Plot(Status(502)),
    _Plot(CutBody(keep=0)),
    _Plot(HtmlPage(503)),
    _Plot(Status(500)),
    _Plot(Status(504)),
)

_DROPS = (_Plot(ExpiredToken()), _Plot(_RevokedToken()))
# A call whose token is refused twice fails, and rightly so. Resent calls go behind all others, so
# none meets two drops that are further from each other, and from the end, than calls in flight.
_DROP_EVERY = 100
_LAST_DROP = -64

_ORDERS = ("ORD-{:06}", "주문-{:06}", "order no {:06}", "shop/{:06}")
_ORDER_WEIGHTS = (6, 2, 1, 1)
_STATUSES = {"paid": 60, "ready": 9, "failed": 9, "cancelled": 8, "partial": 8, "pending": 3}
_NO_SUCH_ORDER = 3


def set_stage(server: FakePortOne, orders: int, random: Random) -> tuple[list[Scene], int]:
    """Fill ``server``; give the scenes in the order of their look-ups, and how many faults wait."""
    patterns = random.choices(_ORDERS, _ORDER_WEIGHTS, k=orders)
    names = [pattern.format(number) for number, pattern in enumerate(patterns, 1)]
    plots = _plots(names, random)
    for order, each in plots.items():
        server.fail(each.fault, times=each.times, on=f"/payments/find/{order}")
    # The first token is not to be had at once, either.
    server.fail(Status(503), on="/users/getToken")

    kinds = [*_STATUSES, "none"]
    weights = [*_STATUSES.values(), _NO_SUCH_ORDER]
    scenes: list[Scene] = []
    for order, kind in zip(names, random.choices(kinds, weights, k=orders), strict=True):
        payment = None if kind == "none" else server.add(**_payment(order, kind, random))
        plot = plots.get(order)
        scenes.append(Scene(order, payment, None if plot is None else plot.fails_with))
    return scenes, 1 + sum(plot.times for plot in plots.values())


def _plots(orders: list[str], random: Random) -> dict[str, _Plot]:
    """Which orders meet a fault: none with a slash, since those are no part of a path."""
    candidates = [order for order in orders if "/" not in order]
    drops = candidates[_DROP_EVERY // 2 : _LAST_DROP : _DROP_EVERY] or candidates[:1]
    plots = dict(zip(drops, cycle(_DROPS), strict=False))

    count = len(orders)
    others = _RARE * ceil(count / _RARE_AMONG) + _COMMON * ceil(count / _COMMON_AMONG)
    candidates = [order for order in candidates if order not in plots]
    victims = random.sample(candidates, min(len(others), len(candidates)))
    return plots | dict(zip(victims, others, strict=False))


def _payment(order: str, kind: str, random: Random) -> dict[str, Any]:
    """The fields of a payment of this kind, as ``FakePortOne.add`` takes them."""
    amount = Decimal(random.randrange(10, 3000) * 100)
    fields: dict[str, Any] = {"merchant_uid": order, "status": kind}
    if kind == "pending" or random.random() < 0.1:
        amount = Decimal(random.randrange(100, 50000)) / 100
        fields |= {"currency": "USD", "pay_method": "paypal"}
    if kind == "partial":
        fields |= {"status": "cancelled", "cancel_amount": amount / 2}
    if random.random() < 0.05:
        fields["sandbox"] = True
    return fields | {"amount": amount}
