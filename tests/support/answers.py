"""Faults that change what the fake would have answered."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from portone_async.testing import Exchange, Reply

__all__ = ("EmptyPeriodIs400", "NotInBatches", "Odd", "Refused")

_NOT_FOUND = '{"code":-1,"message":"존재하지 않는 결제정보입니다.","response":null}'
_REFUSAL = b'{"code":-1,"message":"no such page","response":null}'


def _decoded(answer: Reply) -> dict[str, Any]:
    return msgspec.json.decode(answer.body, type=dict[str, Any])


class EmptyPeriodIs400(Struct):
    """A period without payments is "a page beyond the data", as PortOne's own may be."""

    async def meet(self, exchange: Exchange) -> Reply:
        answer = exchange.reply()
        if answer.status == 200 and not _decoded(answer)["response"]["list"]:
            return Reply(400, _REFUSAL, {"Content-Type": "application/json"})
        return answer


class NotInBatches(Struct):
    """A batch says that PortOne has none of its payments; other look-ups find them."""

    async def meet(self, exchange: Exchange) -> Reply:
        if exchange.request.path == "/payments":
            return Reply(404, _NOT_FOUND.encode(), {"Content-Type": "application/json"})
        return exchange.reply()


class Refused(Struct):
    """A batch is refused for one of its order numbers."""

    merchant_uid: str

    async def meet(self, exchange: Exchange) -> Reply:
        if ("merchant_uid[]", self.merchant_uid) in exchange.request.query:
            return Reply(400, _REFUSAL, {"Content-Type": "application/json"})
        return exchange.reply()


class Odd(Struct):
    """The payments of an order, or one of them, come with a field that cannot be read."""

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
