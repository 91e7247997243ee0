"""Everything that goes wrong between a shop and PortOne, to be made to go wrong on order.

Each is handed to :meth:`FakePortOne.fail`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec import Struct

from .answer import JSON, Answer, html_page, php_json, unauthorized
from .exchange import Exchange

__all__ = (
    "Body",
    "CutBody",
    "Delay",
    "Disconnect",
    "ExpiredToken",
    "Hang",
    "HtmlPage",
    "Json",
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
    """Any HTTP status."""

    status: int
    body: str | bytes | None = None
    """``None`` for the page that Apache shows with this status."""
    headers: dict[str, str] = {}

    async def meet(self, _: Exchange) -> Answer:
        page = html_page(self.status)
        if self.body is None:
            return Answer(self.status, page.body, page.headers | self.headers)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return Answer(self.status, body, self.headers)


class Delay(Struct, frozen=True):
    """The right answer, but late."""

    seconds: float

    async def meet(self, exchange: Exchange) -> Answer:
        await asyncio.sleep(self.seconds)
        return exchange.answer()


class Hang(Struct, frozen=True):
    """No answer, ever, on a connection that stays open."""

    async def meet(self, _: Exchange) -> None:
        await asyncio.get_running_loop().create_future()


class Reset(Struct, frozen=True):
    """The connection breaks (RST) before anything is answered."""

    async def meet(self, exchange: Exchange) -> None:
        exchange.reset()


class Disconnect(Struct, frozen=True):
    """The connection is closed in good order (FIN), but nothing was answered."""

    async def meet(self, _: Exchange) -> None:
        return


class CutBody(Struct, frozen=True):
    """The right answer's head, a part of its body, and the connection closes."""

    keep: float = 0.5
    """The share of the body that is sent: 0 for the head alone, less than 1."""

    def __post_init__(self) -> None:
        if not 0 <= self.keep < 1:
            raise ValueError("keep is a share of the body: 0 <= keep < 1")

    async def meet(self, exchange: Exchange) -> Answer:
        answer = exchange.answer()
        return msgspec.structs.replace(answer, sent=int(len(answer.body) * self.keep))


class HtmlPage(Struct, frozen=True):
    """A page for people, as in maintenance: with status 200, if need be."""

    status: int = 200

    async def meet(self, _: Exchange) -> Answer:
        headers = {"Content-Type": "text/html; charset=utf-8"}
        return Answer(self.status, _MAINTENANCE.encode(), headers)


class Json(Struct, frozen=True):
    """Any JSON, as one of the wrong shape. Numbers may be ``Decimal``."""

    value: Any
    status: int = 200

    async def meet(self, _: Exchange) -> Answer:
        return Answer(self.status, php_json(self.value), {"Content-Type": JSON})


class Body(Struct, frozen=True):
    """These very bytes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = {}

    async def meet(self, _: Exchange) -> Answer:
        return Answer(self.status, self.body, {"Content-Type": JSON} | self.headers)


class ExpiredToken(Struct, frozen=True):
    """The token expires just before this request: 401, and a new token from getToken."""

    async def meet(self, exchange: Exchange) -> Answer:
        exchange.shop.tokens.expire()
        return unauthorized()


class Unauthorized(Struct, frozen=True):
    """401, although the token is valid and stays so."""

    async def meet(self, _: Exchange) -> Answer:
        return unauthorized()


class TooManyRequests(Struct, frozen=True):
    """429, as a gateway would answer: PortOne itself documents none."""

    retry_after: str | None = "1"
    """The ``Retry-After`` header: seconds, an HTTP date, or ``None`` for no header."""

    async def meet(self, _: Exchange) -> Answer:
        headers = {"Content-Type": "text/plain"}
        if self.retry_after is not None:
            headers["Retry-After"] = self.retry_after
        return Answer(429, b"Too Many Requests", headers)
