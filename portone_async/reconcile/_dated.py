"""PortOne's clock, by the ``Date`` of its replies: the local clock may be ahead of it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol, TypeVar

from portone_async.answer import Answer, ReplyInfo
from portone_async.call import Call
from portone_async.errors import PortOneError
from portone_async.resources._windows import utc_now

__all__ = ("DatedCaller", "ReplyingCaller")

T = TypeVar("T")


class ReplyingCaller(Protocol):
    """Makes calls, and returns the headers of the replies: the client."""

    async def call(self, call: Call[T], /, *, with_reply: Literal[True]) -> Answer[T]:
        """Make a call and return its decoded response and its reply."""
        ...

    def exclusive(self, name: str, /) -> AbstractAsyncContextManager[None]:
        """Let one task at a time into blocks of the same name."""
        ...


class DatedCaller:
    """Makes the calls of a client, and reads PortOne's clock from the replies."""

    def __init__(self, client: ReplyingCaller) -> None:
        self._client = client
        self._first: datetime | None = None
        self._last: datetime | None = None

    @property
    def first_reply(self) -> datetime:
        """The time of the first reply by PortOne's clock, or the present if that is earlier."""
        return _earlier(self._first)

    @property
    def now(self) -> datetime:
        """The time of the last reply by PortOne's clock, or the present if that is earlier.

        So it is not in PortOne's future, however wrong the local clock is.
        """
        return _earlier(self._last)

    async def call(self, call: Call[T], /) -> T:
        """Make a call and return its decoded response."""
        try:
            answer = await self._client.call(call, with_reply=True)
        except PortOneError as error:
            self._read(error.reply)
            raise
        self._read(answer.reply)
        return answer.value

    def exclusive(self, name: str, /) -> AbstractAsyncContextManager[None]:
        """Let one task at a time into blocks of the same name."""
        return self._client.exclusive(name)

    def _read(self, reply: ReplyInfo | None) -> None:
        date = None if reply is None else _date(reply)
        if date is not None:
            self._first = self._first or date
            self._last = date


def _earlier(time: datetime | None) -> datetime:
    return min(time or utc_now(), utc_now())


def _date(reply: ReplyInfo) -> datetime | None:
    """Return the time at which a reply was made; ``None`` if it is absent or invalid."""
    try:
        date = parsedate_to_datetime(reply.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)
