"""The token: fetched once for all calls that wait for it, and renewed early.

Its end is on the loop's clock: it is never compared with the wall clock.

Source: https://developers.portone.io/api/rest-v1/auth. A token lives 30 minutes. Requested again,
PortOne returns the same one with the same end, until less than a minute is left: then its end
moves by five minutes. So the renewal belongs inside that last minute; earlier it would change
nothing and be repeated before every call.
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
from portone_async._worded import Worded
from portone_async.call import Call
from portone_async.errors import (
    Attempt,
    AuthenticationError,
    ClientClosedError,
    DeadlineExceededError,
    PortOneError,
)
from portone_async.instrumentation import CallInfo, CallObserver

__all__ = ("AccessToken", "FetchToken", "Token", "TokenCache", "TokenFetch", "get_token")

REFRESH_MARGIN = 45.0
"""Seconds before its end in which a token is renewed: inside the last minute, with room for a
slow reply on the one side and a late timer on the other."""
# Seconds before its end until which a token is used while the next one is fetched.
_MIN_LIFETIME = 10.0
# Seconds. A fetch that reaches the same total as its waiters should be the one to report it.
_WAITER_GRACE = 0.01


class AccessToken(Struct, frozen=True):
    """The response of ``POST /users/getToken``."""

    access_token: str
    expired_at: float
    """Unix seconds, on PortOne's clock."""
    now: float
    """Unix seconds, on the same clock: the difference does not depend on the local clock."""

    def __post_init__(self) -> None:
        # It is opaque, but has to fit into a header.
        if not re.fullmatch(r"[\x21-\x7e]+", self.access_token):
            raise ValueError("Expected a token")
        if not isfinite(self.expired_at - self.now):
            raise ValueError("Expected times")

    def __repr__(self) -> str:
        return "AccessToken(***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def get_token(imp_key: str, imp_secret: str) -> Call[AccessToken]:
    """Make the call that exchanges the key pair for a token."""
    return Call(
        "POST",
        "/users/getToken",
        AccessToken,
        body={"imp_key": str(imp_key), "imp_secret": str(imp_secret)},
        # 401 is documented; the others mean here that the keys were refused as well.
        errors=dict.fromkeys((200, 400, 401, 403), AuthenticationError),
        # It returns the same token again: safe to repeat although it is a POST.
        idempotent=True,
        authenticated=False,
    )


class Token:
    """A token with its end on the loop's clock."""

    __slots__ = ("authorization", "expires_at", "is_short_lived", "value")

    def __init__(self, answer: AccessToken, sent_at: float) -> None:
        lifetime = answer.expired_at - answer.now
        self.value = Secret(answer.access_token)
        self.authorization = Secret(f"Bearer {answer.access_token}")
        """The value of the header ``Authorization``."""
        self.expires_at = sent_at + lifetime
        self.is_short_lived = lifetime <= REFRESH_MARGIN
        """Whether it was inside the margin from the start: then it is used, not renewed at once."""

    def needs_refresh(self, now: float) -> bool:
        """Return whether it is time to renew it."""
        return self.expires_at - now < REFRESH_MARGIN

    def is_expired(self, now: float) -> bool:
        """Return whether it has ended. A short-lived one is used once all the same: PortOne has
        no better one.
        """
        return not self.is_short_lived and now >= self.expires_at


class TokenFetch:
    """One fetch of a token in flight, and the calls that wait for it.

    It observes its own call, to learn when that is sent.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[Token]
        self.sent_at = 0.0
        """When the request was sent last, on the loop's clock."""
        self._started_at: float | None = None
        # Ten thousand may wait for the first token, in this order, and each leaves in constant
        # time; that is not so if all of them wait for the task itself.
        self._waiters: dict[asyncio.Future[None], None] = {}
        self._timeouts: dict[asyncio.Timeout, float] = {}

    def call_started(self, call: CallInfo) -> CallObserver:  # noqa: ARG002 (it is its own call)
        """Observe the call of this fetch."""
        return self

    def attempt_started(self, number: int) -> None:
        """Record the send time; with the first permit start the timeouts of the waiters."""
        self.sent_at = _now()
        if number == 1:
            self._started_at = self.sent_at
            for timeout, total in self._timeouts.items():
                timeout.reschedule(self.sent_at + total)

    def attempt_ended(self, attempt: Attempt) -> None:
        """Ignore the outcome: the task has it."""

    def call_ended(self, error: BaseException | None) -> None:
        """Ignore the end: the task has it."""

    def has_waiters(self) -> bool:
        """Return whether any call waits for this fetch."""
        return bool(self._waiters)

    async def wait(self, total: float | None) -> float:
        """Wait for the end of the fetch, for at most ``total`` seconds from its first permit.

        Returns:
            The seconds waited since that permit.

        Raises:
            TimeoutError: It took longer.
        """
        joined_at = _now()
        async with asyncio.timeout(None) as timeout:
            if total is not None:
                total += _WAITER_GRACE
                if self._started_at is None:
                    self._timeouts[timeout] = total
                else:
                    timeout.reschedule(joined_at + total)
            # Not the task itself: a cancelled waiter must not cancel the fetch.
            waiter = asyncio.get_running_loop().create_future()
            self._waiters[waiter] = None
            try:
                await waiter
            finally:
                del self._waiters[waiter]
                self._timeouts.pop(timeout, None)
        now = _now()
        return now - max(joined_at, self._started_at or now)

    def release(self) -> None:
        """Wake all waiters: the fetch has ended."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


FetchToken = Callable[[TokenFetch], Coroutine[Any, Any, Token]]
"""Fetches a new token; its call is observed by the argument."""


class TokenCache:
    """The token of one client and all its views."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._fetch: TokenFetch | None = None
        self.recent: list[Secret] = []
        """The values of the last tokens, to redact them in texts."""

    @property
    def is_missing(self) -> bool:
        """Whether there is no token to send with."""
        return self._token is None or self._token.is_expired(_now())

    def usable(self, fetch: FetchToken, now: float) -> Token | None:
        """Return the token to queue with, or ``None`` if one has to be fetched first.

        One that ends soon is renewed meanwhile, so that no call waits for that.
        """
        token = self._token
        if token is None:
            return None
        left = token.expires_at - now
        if left < REFRESH_MARGIN:
            if token.is_short_lived or left <= _MIN_LIFETIME:
                return None
            self._refresh(fetch)
        return token

    async def ensure(self, fetch: FetchToken, total: float | None) -> float:
        """Wait until there is a usable token, and start its fetch if none is in flight.

        Returns:
            The seconds of the fetch that were waited for: they count as the call's own.

        Raises:
            PortOneError: The fetch failed; the error is that of ``POST /users/getToken``.
            DeadlineExceededError: It took longer than ``total`` seconds.
        """
        current = self._fetch or self._start(fetch)
        try:
            waited = await current.wait(total)
        except TimeoutError:
            waited = None
        finally:
            if not current.has_waiters() and not current.task.done():
                await self._abandon(current)
        if waited is None:
            raise DeadlineExceededError(Worded("no token in time"))
        if current.task.cancelled():
            raise ClientClosedError("the client was closed while it fetched a token")
        failure = current.task.exception()
        if failure is not None:
            # A copy for each waiter: a shared one would collect the tracebacks of all of them.
            raise copy.copy(failure) if isinstance(failure, PortOneError) else failure
        return waited

    def latest(self, fetch: FetchToken) -> Token | None:
        """Return the token to send with after a queue, however soon it ends.

        ``None`` if it was refused meanwhile, or has ended.
        """
        token, now = self._token, _now()
        if token is None or token.is_expired(now):
            return None
        if not token.is_short_lived and token.needs_refresh(now):
            self._refresh(fetch)
        return token

    def invalidate(self, token: Token) -> None:
        """Forget a refused token, unless another task has renewed it already."""
        if self._token is token:
            self._token = None

    async def close(self) -> None:
        """Cancel a fetch in flight."""
        if self._fetch is not None:
            await self._abandon(self._fetch)

    def _refresh(self, fetch: FetchToken) -> None:
        if self._fetch is None:
            self._start(fetch)

    def _start(self, fetch: FetchToken) -> TokenFetch:
        current = self._fetch = TokenFetch()
        current.task = asyncio.create_task(fetch(current), name="portone_async token")
        current.task.add_done_callback(lambda task: self._finish(current, task))
        return current

    def _finish(self, current: TokenFetch, task: asyncio.Task[Token]) -> None:
        if self._fetch is current:
            self._fetch = None
        current.release()
        # Retrieve the exception even without waiters, or asyncio logs "Task exception was never
        # retrieved".
        if not task.cancelled() and task.exception() is None:
            self._token = task.result()
            self.recent = [*self.recent[-3:], self._token.value]

    async def _abandon(self, current: TokenFetch) -> None:
        """Cancel a fetch that no call waits for any more, and wait until it has ended."""
        if self._fetch is current:
            self._fetch = None
        current.task.cancel()
        await asyncio.wait({current.task})


def _now() -> float:
    return asyncio.get_running_loop().time()
