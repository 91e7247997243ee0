"""The token: fetched once for all who wait, renewed early, never compared with the wall clock.

Source: https://developers.portone.io/api/rest-v1/auth. A token lives 30 minutes. Asked again,
PortOne gives the same one with the same end, until less than a minute is left: then its end moves
by five minutes. So the renewal belongs inside that last minute; earlier it would change nothing
and be repeated before every call.
"""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Callable, Coroutine
from math import isfinite
from typing import Any

from msgspec import Struct

from portone_async._redact import Secret
from portone_async.call import Call
from portone_async.errors import (
    AuthenticationError,
    ClientClosedError,
    DeadlineExceededError,
    PortOneError,
)

__all__ = ("AccessToken", "Token", "Tokens", "get_token")

MARGIN = 45.0
"""Seconds before its end in which a token is renewed: inside the last minute, with room for a
slow reply on the one side and a late timer on the other."""


# Seconds before its end until which a token is used while the next one is fetched.
_LAST = 10.0
# Seconds. A fetch that runs out of the same total as its waiters should be the one to say so.
_GRACE = 0.01


class AccessToken(Struct, frozen=True):
    """What ``POST /users/getToken`` answers."""

    access_token: str
    expired_at: float
    """Unix seconds, on PortOne's clock."""
    now: float
    """Unix seconds, on the same clock: the difference does not depend on ours."""

    def __post_init__(self) -> None:
        # It is opaque, but it must fit into a header.
        if not re.fullmatch(r"[\x21-\x7e]+", self.access_token):
            raise ValueError("Expected a token")
        if not isfinite(self.expired_at - self.now):
            raise ValueError("Expected times")

    def __repr__(self) -> str:
        return "AccessToken(***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def get_token(imp_key: str, imp_secret: str) -> Call[AccessToken]:
    """Make the call that trades the key pair for a token."""
    return Call(
        "POST",
        "/users/getToken",
        AccessToken,
        body={"imp_key": str(imp_key), "imp_secret": str(imp_secret)},
        # 401 is documented; whatever else refuses here refuses the keys as well.
        errors=dict.fromkeys((200, 400, 401, 403), AuthenticationError),
        # It gives the same token again: safe to repeat although it is a POST.
        idempotent=True,
    )


class Token:
    """A token with its end on the loop's clock."""

    __slots__ = ("authorization", "ends_at", "is_short", "value")

    def __init__(self, answer: AccessToken, sent_at: float) -> None:
        lifetime = answer.expired_at - answer.now
        self.value = Secret(answer.access_token)
        self.authorization = Secret(f"Bearer {answer.access_token}")
        """The header that it travels in."""
        self.ends_at = sent_at + lifetime
        self.is_short = lifetime <= MARGIN
        """Whether it was inside the margin from the start: then it is used, not renewed at once."""

    def is_due(self, now: float) -> bool:
        """Whether it is time to renew it."""
        return self.ends_at - now < MARGIN

    def is_over(self, now: float) -> bool:
        """Whether it has ended. A short one is used once all the same: there is no better one."""
        return not self.is_short and now >= self.ends_at


class _Fetch:
    """One fetch under way, and those who wait for it."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Token]
        self._began_at: float | None = None
        # Ten thousand may wait for the first token, in this order, and each leaves in constant
        # time: not so where all of them wait for the task.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._bounds: dict[asyncio.Timeout, float] = {}

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits for it."""
        return bool(self._waiting)

    def began(self) -> None:
        """Its first permit is there: from now on the waiting counts."""
        if self._began_at is None:
            self._began_at = asyncio.get_running_loop().time()
            for bound, total in self._bounds.items():
                bound.reschedule(self._began_at + total)

    async def wait(self, total: float | None) -> float:
        """Wait until it is done, ``total`` seconds from its permit at most; give the seconds."""
        loop = asyncio.get_running_loop()
        joined_at = loop.time()
        async with asyncio.timeout(None) as bound:
            if total is not None:
                total += _GRACE
                if self._began_at is None:
                    self._bounds[bound] = total
                else:
                    bound.reschedule(joined_at + total)
            # Not the task itself: a cancelled waiter must not take the fetch along.
            done = loop.create_future()
            self._waiting[done] = None
            try:
                await done
            finally:
                del self._waiting[done]
                self._bounds.pop(bound, None)
        now = loop.time()
        return now - max(joined_at, self._began_at or now)

    def release(self) -> None:
        """Wake all who wait: it is done."""
        for done in self._waiting:
            if not done.done():
                done.set_result(None)


Getter = Callable[[Callable[[], None]], Coroutine[Any, Any, Token]]
"""Gets a new token; it calls its argument when its first permit is there."""


class Tokens:
    """The token of one client and all its views."""

    def __init__(self) -> None:
        self._newest: Token | None = None
        self._fetch: _Fetch | None = None
        self.seen: list[Secret] = []
        """The values of the last tokens, to be blanked wherever text is shown."""

    @property
    def is_missing(self) -> bool:
        """Whether there is none to send with."""
        return self._newest is None or self._newest.is_over(_now())

    async def ready(self, get: Getter, total: float | None) -> float:
        """Wait until there is a good one, got by ``get`` where there is none.

        Returns:
            The seconds of the fetch that were waited for: they count as the call's own.

        Raises:
            PortOneError: The fetch failed; the error is that of ``POST /users/getToken``.
            DeadlineExceededError: It took longer than ``total`` seconds.
        """
        if self.current(get) is not None:
            return 0.0
        fetch = self._fetch or self._start(get)
        try:
            waited = await fetch.wait(total)
        except TimeoutError:
            waited = None
        finally:
            if not fetch.is_awaited and not fetch.task.done():
                await self._abandon(fetch)
        if waited is None:
            raise DeadlineExceededError("no token in time")
        if fetch.task.cancelled():
            raise ClientClosedError("the client was closed while it fetched a token")
        failure = fetch.task.exception()
        if failure is not None:
            # One for each: a shared one would gather the tracebacks of all who wait.
            raise copy.copy(failure) if isinstance(failure, PortOneError) else failure
        return waited

    def current(self, get: Getter) -> Token | None:
        """The one to send with, where nothing has to be waited for.

        One whose end is near is renewed meanwhile, so that no call waits for that.
        """
        token = self._newest
        if token is None:
            return None
        left = token.ends_at - _now()
        if left < MARGIN:
            if token.is_short or left <= _LAST:
                return None
            if self._fetch is None:
                self._start(get)
        return token

    def newest(self, get: Getter) -> Token | None:
        """The one to send with after a queue, however near its end is.

        ``None`` when it was refused meanwhile, or has ended.
        """
        token, now = self._newest, _now()
        if token is None or token.is_over(now):
            return None
        if not token.is_short and self._fetch is None and token.is_due(now):
            self._start(get)
        return token

    def discard(self, token: Token) -> None:
        """Forget a refused one, unless another task has renewed it already."""
        if self._newest is token:
            self._newest = None

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._fetch is not None:
            await self._abandon(self._fetch)

    def _start(self, get: Getter) -> _Fetch:
        fetch = self._fetch = _Fetch()
        fetch.task = asyncio.create_task(get(fetch.began), name="portone_async token")
        fetch.task.add_done_callback(lambda task: self._finish(fetch, task))
        return fetch

    def _finish(self, fetch: _Fetch, task: asyncio.Task[Token]) -> None:
        if self._fetch is fetch:
            self._fetch = None
        fetch.release()
        # Asked for even when nobody waits: an unread exception would be reported as lost.
        if not task.cancelled() and task.exception() is None:
            self._newest = task.result()
            self.seen = [*self.seen[-3:], self._newest.value]

    async def _abandon(self, fetch: _Fetch) -> None:
        """Cancel a fetch that nobody waits for any more, and see it end."""
        if self._fetch is fetch:
            self._fetch = None
        fetch.task.cancel()
        await asyncio.wait({fetch.task})


def _now() -> float:
    return asyncio.get_running_loop().time()
