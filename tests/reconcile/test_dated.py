"""Test PortOne's clock, as the replies to a sweep state it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from portone_async import Answer, ApiError, Call
from portone_async.answer import Headers, ReplyInfo
from portone_async.reconcile._dated import DatedCaller

CALL = cast("Call[Any]", None)
FIRST, LAST = "Thu, 26 Nov 2020 09:00:00 GMT", "Thu, 26 Nov 2020 09:00:07 GMT"


class Client:
    """Answers with one date after the other, the last time with an error."""

    def __init__(self, *dates: str) -> None:
        self.dates = [*dates]

    async def call(self, call: Call[Any], /, *, with_reply: bool) -> Answer[Any]:
        reply = ReplyInfo(status=200, headers=Headers({"Date": self.dates.pop(0)}), elapsed=0.0)
        if self.dates:
            return Answer("value", reply)
        error = ApiError("refused", status=400, code=-1)
        error.reply = reply
        raise error

    def exclusive(self, name: str, /) -> AbstractAsyncContextManager[None]:
        raise NotImplementedError(name)


async def test_clock_follows_the_replies_and_refusals() -> None:
    client = DatedCaller(Client(FIRST, "", "soon", f"Thu, 26 Nov {10**20} 09:00:00 GMT", LAST))
    for _ in range(4):
        assert await client.call(CALL) == "value"
    with pytest.raises(ApiError):
        await client.call(CALL)

    assert client.first_reply == datetime(2020, 11, 26, 9, tzinfo=UTC)
    assert client.now == datetime(2020, 11, 26, 9, 0, 7, tzinfo=UTC)


async def test_date_in_the_future_of_the_local_clock_is_not_trusted() -> None:
    before = datetime.now(UTC)
    client = DatedCaller(Client("Fri, 26 Nov 9999 09:00:00 GMT", LAST))
    await client.call(CALL)

    assert before <= client.now <= datetime.now(UTC)
    assert before <= client.first_reply <= datetime.now(UTC)
