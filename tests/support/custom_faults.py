"""Faults for the fake that the package does not ship: they edit, hang or hold an answer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from portone_async.testing import Exchange, FakePortOne, LostAnswer, Reply, Status

__all__ = (
    "EmptyPeriodIs400",
    "Hanging",
    "Held",
    "LostForGood",
    "NotInBatches",
    "Odd",
    "ProcessedThenHanging",
    "Refused",
)

_NOT_FOUND = '{"code":-1,"message":"존재하지 않는 결제정보입니다.","response":null}'
_REFUSAL = b'{"code":-1,"message":"no such page","response":null}'


def _decoded(answer: Reply) -> dict[str, Any]:
    return msgspec.json.decode(answer.body, type=dict[str, Any])


class EmptyPeriodIs400(Struct):
    """Answers HTTP 400 for a period without payments, as PortOne may for a page past the end."""

    async def meet(self, exchange: Exchange) -> Reply:
        answer = exchange.reply()
        if answer.status == 200 and not _decoded(answer)["response"]["list"]:
            return Reply(400, _REFUSAL, {"Content-Type": "application/json"})
        return answer


class NotInBatches(Struct):
    """Answers that a batch has no payments; other look-ups find them."""

    async def meet(self, exchange: Exchange) -> Reply:
        if exchange.request.path == "/payments":
            return Reply(404, _NOT_FOUND.encode(), {"Content-Type": "application/json"})
        return exchange.reply()


class Refused(Struct):
    """Rejects a batch that contains ``merchant_uid``."""

    merchant_uid: str

    async def meet(self, exchange: Exchange) -> Reply:
        if ("merchant_uid[]", self.merchant_uid) in exchange.request.query:
            return Reply(400, _REFUSAL, {"Content-Type": "application/json"})
        return exchange.reply()


class Odd(Struct):
    """Replaces a field of an order's payments, or of one of them, with an undecodable value."""

    merchant_uid: str
    field: str
    value: Any
    imp_uid: str | None = None

    async def meet(self, exchange: Exchange) -> Reply:
        answer = exchange.reply()
        reply = _decoded(answer)
        for payment in _payments(reply["response"]):
            is_it = self.imp_uid in {None, payment["imp_uid"]}
            if is_it and payment["merchant_uid"] == self.merchant_uid:
                payment[self.field] = self.value
        return replace(answer, body=msgspec.json.encode(reply))


def _payments(response: Any) -> list[dict[str, Any]]:
    match response:
        case {"list": [*payments]} | [*payments]:
            return payments
        case {"merchant_uid": _}:
            return [response]
        case _:
            return []


class Hanging:
    """Never answers. Faults run in the thread of the fake, so the events are those of threads."""

    def __init__(self) -> None:
        self._came = threading.Event()
        self._left = threading.Event()

    async def meet(self, exchange: Exchange, /) -> None:
        self._came.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._left.set()

    async def reached(self) -> None:
        """Wait until a request has arrived."""
        assert await asyncio.to_thread(self._came.wait, 60)

    async def left(self) -> None:
        """Wait until its client has disconnected."""
        assert await asyncio.to_thread(self._left.wait, 60)


class LostForGood:
    """Loses an answer, and lets every later request fail: no look-up succeeds."""

    def __init__(self, server: FakePortOne) -> None:
        self._server = server

    async def meet(self, exchange: Exchange, /) -> None:
        self._server.fail(Status(503), times=None)
        await LostAnswer().meet(exchange)


class ProcessedThenHanging(Hanging):
    """Processes the request, and never answers."""

    async def meet(self, exchange: Exchange, /) -> None:
        exchange.reply()
        await super().meet(exchange)


class Held:
    """Answers once :meth:`release` has been called."""

    def __init__(self) -> None:
        self._released = threading.Event()

    async def meet(self, exchange: Exchange, /) -> Reply:
        assert await asyncio.to_thread(self._released.wait, 60)
        return exchange.reply()

    def release(self) -> None:
        self._released.set()
