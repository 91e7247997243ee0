"""What goes wrong at the server, and when: calm, storm, outage, recovery, and again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from heapq import heapify, heapreplace
from random import Random
from time import monotonic

import msgspec
from msgspec import Struct

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
    Unauthorized,
)

from .truth import Truth

__all__ = ("PLANTS", "Sky", "phase_at")

Drawn = Callable[[Random], Fault]

_LATE: Drawn = lambda draw: Delay(draw.uniform(0.0, 0.6))  # noqa: E731 (one of a table)
_DOWN: tuple[Drawn, ...] = (
    # Rarely with a wish, which all of a client's calls heed: they would do nothing but wait.
    lambda draw: Status(503, headers={"Retry-After": "1"} if draw.random() < 0.1 else {}),
    lambda _: Status(502),
    lambda _: Reset(),
    lambda _: Disconnect(),
    lambda _: Hang(),
)
_ALL: tuple[Drawn, ...] = (
    *_DOWN,
    _LATE,
    _LATE,
    lambda draw: Status(draw.choice((408, 425, 500, 504))),
    lambda _: Status(404),
    lambda draw: TooManyRequests(draw.choice(("0", "0", "0", "1", None))),
    lambda draw: CutBody(draw.uniform(0.0, 0.99)),
    lambda draw: CutBody(draw.uniform(0.9, 0.9999)),
    lambda draw: HtmlPage(draw.choice((200, 503))),
    lambda draw: Json(draw.choice((None, [], {}, "x", {"code": 0, "response": None}))),
    lambda _: Json({"code": 404, "message": "no Route matched"}, 404),
    lambda draw: Body(draw.choice((b"", b"{", b'{"code":0,"message":null,"response":{'))),
)
# Only of a look-up: a refusal of getToken is about the keys, and ends what needs a token.
_TOKEN: tuple[Drawn, ...] = (lambda _: ExpiredToken(), lambda _: Unauthorized())


class Phase(Struct, frozen=True):
    """A stretch of time with one kind of weather."""

    name: str
    seconds: float
    share: float
    """Of the requests that meet a fault."""
    faults: tuple[Drawn, ...]


_CYCLE = (
    Phase("calm", 12, 0.02, _ALL + _TOKEN),
    Phase("storm", 12, 0.35, _ALL + _TOKEN),
    Phase("outage", 5, 1.0, _DOWN),
    Phase("recovery", 8, 0.25, (*_DOWN, *[_LATE] * 12)),
)


def phase_at(seconds: float, pace: float) -> Phase:
    """The weather so many seconds after it began; with ``pace`` 2 it changes twice as fast."""
    left = seconds * pace % sum(phase.seconds for phase in _CYCLE)
    for phase in _CYCLE:
        left -= phase.seconds
        if left < 0:
            return phase
    return _CYCLE[-1]


def _another_amount(exchange: Exchange) -> Reply:
    answer = exchange.reply()
    body = re.sub(rb'"amount":(\d+)', lambda found: b'"amount":1%b' % found[1], answer.body)
    return msgspec.structs.replace(answer, body=body)


def _no_such_payment(_: Exchange) -> Reply:
    body = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}
    return Reply(404, msgspec.json.encode(body), {"Content-Type": "application/json"})


PLANTS: dict[str, Callable[[Exchange], Reply]] = {
    "wrong": _another_amount,
    "missing": _no_such_payment,
}
"""Lies that no client can see through: the soak must."""


class Sky:
    """The fault that every request meets: it keeps the fake true to the time, then draws."""

    def __init__(
        self, server: FakePortOne, truth: Truth, *, start: int, pace: float, plant: str | None
    ) -> None:
        self.requests = self.tokens = 0
        self.is_calm = False
        self.faults: Counter[str] = Counter()
        self._server = server
        self._truth = truth
        self._pace = pace
        self._plant = None if plant is None else PLANTS[plant]
        now = monotonic()
        # A server that was restarted goes on with other draws.
        self._random = Random(f"{truth.seed}/sky/{start}")
        server.add_many(known.fields() for known in truth.everything(now))
        self._shown = {n: truth.state(n, now) for n in range(truth.orders) if truth.is_living(n)}
        self._changes = [(truth.next_change(n, now), n) for n in self._shown]
        heapify(self._changes)

    async def meet(self, exchange: Exchange) -> Reply | None:
        self.requests += 1
        self._server.clear_requests()
        # Whatever is answered from here on was true at some time since the request came.
        self._keep_true(monotonic())
        is_for_token = exchange.request.path.startswith("/users")
        self.tokens += is_for_token
        if self._plant is not None and not is_for_token and self._random.random() < 0.2:
            return self._plant(exchange)
        fault = self._fault(is_for_token=is_for_token)
        if fault is None:
            return exchange.reply()
        self.faults[type(fault).__name__] += 1
        return await fault.meet(exchange)

    def _fault(self, *, is_for_token: bool) -> Fault | None:
        phase = phase_at(monotonic() - self._truth.epoch, self._pace)
        if self.is_calm or self._random.random() >= phase.share:
            return None
        drawn = self._random.choice(phase.faults)
        return None if is_for_token and drawn in _TOKEN else drawn(self._random)

    def _keep_true(self, now: float) -> None:
        while self._changes and self._changes[0][0] <= now:
            _, n = self._changes[0]
            for known in self._shown[n]:
                self._server.remove(known.imp_uid)
            self._shown[n] = self._truth.state(n, now)
            for known in self._shown[n]:
                self._server.add(**known.fields())
            heapreplace(self._changes, (self._truth.next_change(n, now), n))
