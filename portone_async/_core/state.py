"""The state of one call, and the state that a client and its views share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from yarl import URL

from portone_async._http.reply import Reply, validate_response_type
from portone_async._http.reply_info import reply_info
from portone_async._http.transport import Transport
from portone_async._redact import Secret, SecretBytes, is_short_number, without, without_long_words
from portone_async._worded import Worded
from portone_async.answer import Answer, ReplyInfo
from portone_async.call import Call
from portone_async.errors import (
    ApiError,
    ClientClosedError,
    DeadlineExceededError,
    InvalidRequestError,
    PortOneError,
    RequestTimeoutError,
    TransientError,
)
from portone_async.throttle import Throttle
from portone_async.throttle._semaphore import FairSemaphore

from .attempts import AttemptLog
from .exclusive import NamedLocks
from .options import CallOptions, ThrottleQueue
from .retry import SUCCESS_DEPOSIT, Retry, RetryBudget
from .token import Token, TokenCache

__all__ = ("CallState", "ClientState")

T = TypeVar("T")

_log = logging.getLogger("portone_async")

# The statuses whose Retry-After pauses all calls of the client, not only the one that failed.
_PAUSING = (429, 503)


class ClientState:
    """The state that a client and its views share."""

    def __init__(
        self,
        *,
        keys: tuple[Secret, Secret],
        base_url: str,
        transport: Transport,
        limit: int,
        options: CallOptions,
        unthrottled: ThrottleQueue,
    ) -> None:
        self.keys = keys
        self.base_url = base_url
        url = URL(base_url)
        self.server = (url.host or "", url.port or 0)
        """Host and port, for observers."""
        self.transport = transport
        self.slots = FairSemaphore(limit)
        """Bounds the requests in flight."""
        self.options = options
        """Those of the client itself: the token is fetched with them."""
        self.unthrottled = unthrottled
        """The throttle of a client or a view with ``rate_limit=None``."""
        self.budget = RetryBudget(options.retry.budget)
        self.tokens = TokenCache()
        self.locks = NamedLocks()
        """Keeps apart the operations that must not overlap, such as two refunds of one payment."""
        self._closed = asyncio.Event()
        self._interruptible: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def interrupted_by_close(self) -> AsyncGenerator[None]:
        """Interrupt the block when the client is closed.

        Raises:
            ClientClosedError: The client was closed.
        """
        try:
            async with asyncio.timeout(None) as bound:
                self._interruptible.add(bound)
                try:
                    yield
                finally:
                    self._interruptible.discard(bound)
        except TimeoutError:
            self.transport.open(asyncio.get_running_loop())
            raise  # Not interrupted: the block itself raised this.

    async def sleep_until(self, time: float) -> None:
        """Wait until a time on the loop's clock, or until the client is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(time):
                await self._closed.wait()

    async def pause(self, options: CallOptions, seconds: float, deadline: float | None) -> None:
        """Pause the throttle, as the server requests.

        For a view without a throttle, that of the client is paused as well. The call's outcome is
        known already: what a throttle raises is logged, and it is interrupted when the pause would
        be over, when the client is closed, and at the call's deadline.
        """
        ends_at = asyncio.get_running_loop().time() + seconds
        bound = ends_at if deadline is None else min(ends_at, deadline)
        await self._pause(options.throttle, seconds, bound)
        if options.throttle_queue is self.unthrottled:
            await self._pause(self.options.throttle, seconds, bound)

    async def _pause(self, throttle: Throttle, seconds: float, bound: float) -> None:
        try:
            async with self.interrupted_by_close(), asyncio.timeout_at(bound):
                await throttle.pause(seconds)
        except ClientClosedError:
            pass  # The call goes on: it raises its own error, or finds the client closed.
        except Exception:  # noqa: BLE001 (a throttle of the caller's may raise anything)
            name = type(throttle).__qualname__
            fields = {"portone_throttle": name, "portone_paused": seconds}
            _log.exception("a throttle could not pause", extra=fields)

    async def close(self) -> None:
        """Close the connections, and end all calls with :class:`ClientClosedError`."""
        try:
            await self.transport.close()
        finally:  # Also if this is cancelled: the calls in the queues must end.
            if self.transport.is_here:  # Otherwise all waiters are of a loop that never runs again.
                self._wake_all()
                await self.tokens.close()
                if self.options.throttle_queue.is_owned:
                    await self.options.throttle.close()

    def _wake_all(self) -> None:
        self._closed.set()
        # The first of each queue waits for a slot or a permit; the others follow it at once.
        self.slots.disable()
        for bound in self._interruptible:
            if not bound.expired():
                bound.reschedule(0.0)

    def redact(self, text: str) -> str:
        """Remove keys and tokens from a text that comes from outside."""
        for secret in (*self.keys, *self.tokens.recent):
            # A real one is long; a short stand-in, as in a test, is part of many words.
            if len(secret) > 6:
                text = text.replace(secret, "***")
        return text


class CallState(Generic[T]):
    """The state of one call.

    Raises:
        InvalidRequestError: The call can never be sent.
    """

    __slots__ = (
        "_last_reply",
        "_retry",
        "attempts",
        "body",
        "call",
        "client",
        "deadline",
        "has_priority",
        "loop",
        "options",
        "reply",
        "target",
        "token_wait",
    )

    def __init__(self, call: Call[T], options: CallOptions, client: ClientState) -> None:
        try:
            validate_response_type(call.response)
            self.target = call.target()
            payload = call.payload()
        except InvalidRequestError as error:
            error.endpoint = call.endpoint
            raise
        self.body = None if payload is None else SecretBytes(payload)
        self.call = call
        self.options = options
        self.client = client
        # Looked up once per call: each look-up of it is a system call on Python 3.11.
        self.loop = asyncio.get_running_loop()
        self.attempts = AttemptLog(call, self.loop.time, client.budget)
        if options.all_observers:
            self.attempts.observe(options.all_observers, client.server)
        self._retry: Retry | None = None
        self._last_reply: ReplyInfo | None = None
        self.token_wait = 0.0
        """Seconds waited for the fetch of a token before the first permit."""
        self.has_priority = not call.authenticated
        """Whether it goes before new calls: a token fetch does, since calls wait for it, and a
        retry, which could otherwise spend its deadline in the queue."""
        self.deadline: float | None = None
        """When the call must end, on the loop's clock; set with its first permit."""
        self.reply: Reply
        """The reply of the success."""

    @property
    def retry(self) -> Retry:
        """Its retry decisions. Made with the first failure: few calls ever need any."""
        if self._retry is None:
            self._retry = Retry(
                self.options.retry, self.client.budget, call=self.call, deadline=self.deadline
            )
        return self._retry

    def mark_queued(self) -> None:
        """Record that the call has had its turn in the queue: from now on it has priority."""
        self.has_priority = True

    def add_token_wait(self, seconds: float) -> None:
        """Count a wait for the fetch of a token against ``Timeouts.total``."""
        self.token_wait += seconds

    def total_left(self) -> float | None:
        """Return the seconds of ``Timeouts.total`` that are left for a token fetch."""
        total = self.options.timeouts.total
        return None if total is None else total - self.token_wait

    def mark_sent(self) -> float | None:
        """Record the send time, start the call's deadline, and return the deadline of this attempt."""
        now = self.loop.time()
        timeouts = self.options.timeouts
        if self.deadline is None and timeouts.total is not None:
            self.deadline = now + timeouts.total - self.token_wait
        self.attempts.start(now)
        if timeouts.attempt is None:
            return self.deadline
        attempt_deadline = now + timeouts.attempt
        return attempt_deadline if self.deadline is None else min(attempt_deadline, self.deadline)

    def mark_succeeded(self, reply: Reply) -> None:
        """Refill the retry budget, and record a success."""
        if self._retry is None:
            self.client.budget.deposit(SUCCESS_DEPOSIT)
        else:
            self._retry.succeeded()
        self.reply = reply
        self.attempts.succeeded(reply.status)

    def pause_after(self, error: PortOneError) -> float | None:
        """Return the seconds for which an error pauses all calls: no more than the policy allows."""
        if isinstance(error, ApiError) and error.status in _PAUSING:
            return min(error.retry_after or 0.0, self.options.retry.retry_after_max) or None
        return None

    def headers(self, token: Token | None) -> dict[str, str]:
        """Return the headers that differ from call to call."""
        headers: dict[str, str] = {}
        if token is not None:
            headers["Authorization"] = token.authorization
            if self.options.tier is not None:
                headers["Tier"] = self.options.tier
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.attempts.observers:
            headers |= self.attempts.trace_headers()
        return headers

    def answer(self, value: T) -> Answer[T]:
        """Return the response with its reply."""
        return Answer(value, self._reply_info(self.reply))

    def mark_refused(self, error: PortOneError, reply: Reply) -> PortOneError:
        """Return the error of an attempt, with the reply in it."""
        self._last_reply = error.reply = self._reply_info(reply)
        return error

    def _reply_info(self, reply: Reply) -> ReplyInfo:
        # A reply to the fetch of the token may hold one that is not known yet.
        redact = self.redact if self.call.authenticated else without_long_words(self.redact)
        return reply_info(reply, self.loop.time() - self.attempts.sent_at, redact)

    def timed_out(self, error: PortOneError) -> PortOneError:
        """Return the error for a failed exchange: the call's own if its deadline has passed."""
        self._last_reply = None
        if (
            isinstance(error, RequestTimeoutError)
            and self.deadline is not None
            # Timers may be a clock's tick early.
            and self.loop.time() >= self.deadline - 0.002
        ):
            return self.deadline_exceeded(was_sent=error.was_sent)
        return error

    def deadline_exceeded(self, *, was_sent: bool = True) -> DeadlineExceededError:
        """Return the error for a call that took longer than ``Timeouts.total``."""
        error = DeadlineExceededError(
            Worded("no answer within {seconds:g} s in all", seconds=self.options.timeouts.total)
        )
        error.was_sent = was_sent
        return error

    def not_attempted(self, error: PortOneError) -> PortOneError:
        """Return an error that ends the call before its next attempt.

        If a second attempt was due at all, a call that is not idempotent was not processed by the
        first one.
        """
        if isinstance(error, TransientError):
            error.was_sent = self.attempts.number > 0 and self.call.is_idempotent
        if error.endpoint is None:  # Otherwise it is the error of the fetch of the token.
            error.reply = self._last_reply
        return error

    def redact(self, text: str) -> str:
        """Remove keys, tokens and the secrets of this call from a text that comes from outside."""
        return without(self.client.redact(text), self.call.secrets)

    def redact_identifier(self, identifier: str) -> str:
        """Remove keys, tokens and the secrets of this call from an identifier of the request.

        But for short numbers: an order number has its date, which is that of an expiry, too, and
        without its digits it would be another order's.
        """
        secrets = (secret for secret in self.call.secrets if not is_short_number(secret))
        return without(self.client.redact(identifier), secrets)

    def final_error(self, error: PortOneError) -> PortOneError:
        """Return the error to raise: with the history of the call, redacted, and reported."""
        gave_up = None if self._retry is None else self._retry.gave_up
        error = self.attempts.with_history(error, gave_up, self.redact, self.redact_identifier)
        self.attempts.end(error)
        return error
