"""Faults for :meth:`FakePortOne.fail`: what goes wrong between a shop and PortOne."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec import Struct

from .exchange import Exchange, Fault
from .reply import JSON, Reply, html_page, php_json, unauthorized

__all__ = (
    "Body",
    "CutBody",
    "Delay",
    "Disconnect",
    "Duplicate",
    "ExpiredToken",
    "Hang",
    "HtmlPage",
    "Json",
    "LateProcessing",
    "LostAnswer",
    "Reset",
    "Status",
    "TooManyRequests",
    "Unauthorized",
)

_MAINTENANCE = """<!DOCTYPE html>
<html lang="ko">
<head><meta charset="utf-8"><title>시스템 점검</title></head>
<body><h1>시스템 점검 중입니다</h1><p>잠시 후 다시 이용해 주세요.</p></body>
</html>
"""


class Status(Struct, frozen=True):
    """Reply with any HTTP status."""

    status: int
    body: str | bytes | None = None
    """``None`` for Apache's page for this status."""
    headers: dict[str, str] = {}

    async def meet(self, _: Exchange) -> Reply:
        page = html_page(self.status)
        if self.body is None:
            return Reply(self.status, page.body, page.headers | self.headers)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return Reply(self.status, body, self.headers)


class Delay(Struct, frozen=True):
    """Send the right reply late."""

    seconds: float

    async def meet(self, exchange: Exchange) -> Reply:
        await asyncio.sleep(self.seconds)
        return exchange.reply()


class Hang(Struct, frozen=True):
    """Never reply, and keep the connection open."""

    async def meet(self, _: Exchange) -> None:
        await asyncio.get_running_loop().create_future()


class Reset(Struct, frozen=True):
    """Break the connection (RST) without a reply."""

    async def meet(self, exchange: Exchange) -> None:
        exchange.reset()


class Disconnect(Struct, frozen=True):
    """Close the connection in order (FIN) without a reply."""

    async def meet(self, _: Exchange) -> None:
        return


class LostAnswer(Struct, frozen=True):
    """Process the request, then break the connection (RST) before the head of the reply."""

    async def meet(self, exchange: Exchange) -> None:
        exchange.reply()
        exchange.reset()


class LateProcessing(Struct, frozen=True):
    """Answer with an error at once, and process the request later.

    The token is checked at once. The rest is done when the server's clock has moved on by
    ``seconds``: before the next request, or at :meth:`FakePortOne.advance`.
    """

    seconds: float
    answer: Fault = Status(504)
    """The fault that answers at once, as ``Reset()``."""

    async def meet(self, exchange: Exchange) -> Reply | None:
        account = exchange.account
        account.agenda.add(account.clock.now + self.seconds, exchange.accept())
        return await self.answer.meet(exchange)


class Duplicate(Struct, frozen=True):
    """Process the request twice, as if it were delivered twice; send the first reply.

    ``server.requests`` has it once.
    """

    async def meet(self, exchange: Exchange) -> Reply:
        reply = exchange.reply()
        exchange.reply()
        return reply


class CutBody(Struct, frozen=True):
    """Send the right head and a part of the body, then close the connection."""

    keep: float = 0.5
    """The share of the body to send: from 0 (the head alone) to less than 1."""

    def __post_init__(self) -> None:
        if not 0 <= self.keep < 1:
            raise ValueError("keep is a share of the body: 0 <= keep < 1")

    async def meet(self, exchange: Exchange) -> Reply:
        reply = exchange.reply()
        return msgspec.structs.replace(reply, sent=int(len(reply.body) * self.keep))


class HtmlPage(Struct, frozen=True):
    """Reply with an HTML page, as during maintenance: even with status 200."""

    status: int = 200

    async def meet(self, _: Exchange) -> Reply:
        headers = {"Content-Type": "text/html; charset=utf-8"}
        return Reply(self.status, _MAINTENANCE.encode(), headers)


class Json(Struct, frozen=True):
    """Reply with any JSON, such as an unexpected schema. Numbers may be ``Decimal``."""

    value: Any
    status: int = 200

    async def meet(self, _: Exchange) -> Reply:
        return Reply(self.status, php_json(self.value), {"Content-Type": JSON})


class Body(Struct, frozen=True):
    """Reply with exactly these bytes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = {}

    async def meet(self, _: Exchange) -> Reply:
        return Reply(self.status, self.body, {"Content-Type": JSON} | self.headers)


class ExpiredToken(Struct, frozen=True):
    """Expire the token just before this request: 401, and getToken issues a new one."""

    async def meet(self, exchange: Exchange) -> Reply:
        exchange.account.tokens.expire()
        return unauthorized()


class Unauthorized(Struct, frozen=True):
    """Reply 401 although the token is valid and stays so."""

    async def meet(self, _: Exchange) -> Reply:
        return unauthorized()


class TooManyRequests(Struct, frozen=True):
    """Reply 429, as a gateway in front of PortOne would: PortOne documents none."""

    retry_after: str | None = "1"
    """The ``Retry-After`` header: seconds, an HTTP date, or ``None`` for no header."""

    async def meet(self, _: Exchange) -> Reply:
        headers = {"Content-Type": "text/plain"}
        if self.retry_after is not None:
            headers["Retry-After"] = self.retry_after
        return Reply(429, b"Too Many Requests", headers)
