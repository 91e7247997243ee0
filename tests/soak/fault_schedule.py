"""The faults that the server injects: calm, storm, outage, recovery, and again."""

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
    Duplicate,
    Exchange,
    ExpiredToken,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reply,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
)

from .oracle import Oracle

__all__ = ("LIES", "FaultSchedule", "phase_at")

Drawn = Callable[[Random], Fault]

_LATE: Drawn = lambda draw: Delay(draw.uniform(0.0, 0.6))  # noqa: E731 (one of a table)
_DOWN: tuple[Drawn, ...] = (
    # Rarely with a Retry-After: it pauses all calls of a client, which would then only wait.
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
    lambda _: LostAnswer(),
    lambda _: LateProcessing(0.1),
    lambda _: Duplicate(),
    lambda draw: TooManyRequests(draw.choice(("0", "0", "0", "1", None))),
    lambda draw: CutBody(draw.uniform(0.0, 0.99)),
    lambda draw: CutBody(draw.uniform(0.9, 0.9999)),
    lambda draw: HtmlPage(draw.choice((200, 503))),
    lambda draw: Json(draw.choice((None, [], {}, "x", {"code": 0, "response": None}))),
    lambda _: Json({"code": 404, "message": "no Route matched"}, 404),
    lambda draw: Body(draw.choice((b"", b"{", b'{"code":0,"message":null,"response":{'))),
)
# Only for look-ups: from getToken, a 401 means wrong keys, and ends the call.
_TOKEN: tuple[Drawn, ...] = (lambda _: ExpiredToken(), lambda _: Unauthorized())


class Phase(Struct, frozen=True):
    """A period with one rate and kind of faults."""

    name: str
    seconds: float
    share: float
    """The share of requests that meet a fault."""
    faults: tuple[Drawn, ...]


_CYCLE = (
    Phase("calm", 12, 0.02, _ALL + _TOKEN),
    Phase("storm", 12, 0.35, _ALL + _TOKEN),
    Phase("outage", 5, 1.0, _DOWN),
    Phase("recovery", 8, 0.25, (*_DOWN, *[_LATE] * 12)),
)


def phase_at(seconds: float, pace: float) -> Phase:
    """Return the phase ``seconds`` after the start; with ``pace`` 2, phases are half as long."""
    left = seconds * pace % sum(phase.seconds for phase in _CYCLE)
    for phase in _CYCLE:
        left -= phase.seconds
        if left < 0:
            return phase
    return _CYCLE[-1]


def _another_amount(exchange: Exchange) -> Reply:
    answer = exchange.reply()
    body = re.sub(rb'"amount":(\d+)', lambda match: b'"amount":1%b' % match[1], answer.body)
    return msgspec.structs.replace(answer, body=body)


def _no_such_payment(_: Exchange) -> Reply:
    body = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}
    return Reply(404, msgspec.json.encode(body), {"Content-Type": "application/json"})


LIES: dict[str, Callable[[Exchange], Reply]] = {
    "wrong": _another_amount,
    "missing": _no_such_payment,
}
"""Wrong replies that no client can detect. The soak must."""


class FaultSchedule:
    """The fault that every request meets: updates the fake to the oracle, then injects a fault."""

    def __init__(
        self, server: FakePortOne, oracle: Oracle, *, start: int, pace: float, lie: str | None
    ) -> None:
        self.requests = self.tokens = 0
        self.is_calm = False
        self.faults: Counter[str] = Counter()
        self._server = server
        self._oracle = oracle
        self._pace = pace
        self._lie = None if lie is None else LIES[lie]
        now = monotonic()
        # A restarted server continues with other random numbers.
        self._random = Random(f"{oracle.seed}/sky/{start}")
        server.add_many(known.fields() for known in oracle.everything(now))
        self._shown = {n: oracle.state(n, now) for n in range(oracle.orders) if oracle.is_living(n)}
        self._changes = [(oracle.next_change(n, now), n) for n in self._shown]
        heapify(self._changes)

    async def meet(self, exchange: Exchange) -> Reply | None:
        self.requests += 1
        self._server.clear_requests()
        # Any reply from here on was correct at some time since the request arrived.
        self._update(monotonic())
        is_for_token = exchange.request.path.startswith("/users")
        self.tokens += is_for_token
        if self._lie is not None and not is_for_token and self._random.random() < 0.2:
            return self._lie(exchange)
        fault = self._fault(is_for_token=is_for_token)
        if fault is None:
            return exchange.reply()
        self.faults[type(fault).__name__] += 1
        return await fault.meet(exchange)

    def _fault(self, *, is_for_token: bool) -> Fault | None:
        phase = phase_at(monotonic() - self._oracle.epoch, self._pace)
        if self.is_calm or self._random.random() >= phase.share:
            return None
        drawn = self._random.choice(phase.faults)
        return None if is_for_token and drawn in _TOKEN else drawn(self._random)

    def _update(self, now: float) -> None:
        while self._changes and self._changes[0][0] <= now:
            _, n = self._changes[0]
            for known in self._shown[n]:
                self._server.remove(known.imp_uid)
            self._shown[n] = self._oracle.state(n, now)
            for known in self._shown[n]:
                self._server.add(**known.fields())
            heapreplace(self._changes, (self._oracle.next_change(n, now), n))
