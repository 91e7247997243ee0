"""One call on its way, and what the calls of a client have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from aiohttp import ClientTimeout

from portone_async._http.reply import check_response_type
from portone_async._http.transport import Transport
from portone_async._redact import Secret, SecretBytes
from portone_async.call import Call
from portone_async.errors import Attempt, DeadlineExceededError, PortOneError, RequestTimeoutError
from portone_async.instrumentation import AttemptCallback, Observer
from portone_async.policy import RetryPolicy, Timeouts
from portone_async.throttle import Throttle, TokenBucket, Unthrottled
from portone_async.throttle._semaphore import FairSemaphore

from .attempts import AttemptLog
from .retry import SUCCESS, Retry, RetryBudget
from .token import Token, Tokens

__all__ = ("Options", "Run", "Shared")

T = TypeVar("T")


class Options:
    """What a view may differ in."""

    __slots__ = (
        "all_observers",
        "client_timeout",
        "has_capacity",
        "observers",
        "on_attempt",
        "retry",
        "throttle",
        "tier",
        "timeouts",
        "turns",
    )

    def __init__(
        self,
        *,
        retry: RetryPolicy,
        throttle: Throttle,
        turns: FairSemaphore,
        timeouts: Timeouts,
        tier: str | None,
        observers: tuple[Observer, ...],
        on_attempt: Callable[[Attempt], object] | None,
    ) -> None:
        self.observers = observers
        self.on_attempt = on_attempt
        callback = () if on_attempt is None else (AttemptCallback(on_attempt),)
        self.all_observers = (*observers, *callback)
        """The observers, and the function ``on_attempt`` as one more."""
        self.retry = retry
        self.throttle = throttle
        self.has_capacity = _has_capacity(throttle)
        """Returns whether the throttle grants a permit without a wait."""
        self.turns = turns
        """Where calls queue for the throttle: only the first in it holds a slot while it waits."""
        self.timeouts = timeouts
        self.tier = tier
        # The other bounds are ours: aiohttp's would run while a call queues.
        self.client_timeout = ClientTimeout(total=None, connect=timeouts.connect)


def _has_capacity(throttle: Throttle) -> Callable[[], bool]:
    # Exact types only: a subclass may override acquire(), and wait there.
    if type(throttle) is TokenBucket or type(throttle) is Unthrottled:
        return throttle.has_capacity
    return bool  # Always false: unknown.


class Shared:
    """What a client and its views have in common."""

    options: Options
    budget: RetryBudget

    def __init__(
        self,
        *,
        keys: tuple[Secret, Secret],
        base_url: str,
        transport: Transport,
        slots: FairSemaphore,
    ) -> None:
        self.keys = keys
        self.base_url = base_url
        self.transport = transport
        self.slots = slots
        self.tokens = Tokens()
        self.unthrottled = Unthrottled()
        self.unthrottled_turns = FairSemaphore(1)
        self._closed = asyncio.Event()
        self._waits: set[asyncio.Timeout] = set()

    async def permit(self, throttle: Throttle, *, priority: bool) -> None:
        """Wait for a permit, or for the client to be closed."""
        async with self._until_closed():
            await throttle.acquire(priority=priority)

    @asynccontextmanager
    async def _until_closed(self) -> AsyncGenerator[None]:
        """Interrupt the block with ``TimeoutError`` when the client is closed."""
        async with asyncio.timeout(None) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until the client is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def release(self) -> None:
        """Wake all who wait for anything: the client is closed, and they will see it."""
        self._closed.set()
        # The first of each queue waits for a slot or a permit; the others follow it at once.
        self.slots.disable()
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(0.0)

    async def pause(self, throttle: Throttle, seconds: float) -> None:
        """Pause a throttle, and that of the client as well for a view that has none."""
        async with self._until_closed():
            await throttle.pause(seconds)
            if throttle is self.unthrottled:
                await self.options.throttle.pause(seconds)

    def blank(self, text: str) -> str:
        """Take keys and tokens out of a text that comes from outside."""
        for secret in (*self.keys, *self.tokens.seen):
            # A real one is long; a short stand-in, as in a test, is part of many a word.
            if len(secret) > 6:
                text = text.replace(secret, "***")
        return text


class Run(Generic[T]):
    """One call on its way."""

    __slots__ = (
        "_budget",
        "_on_permit",
        "_retry",
        "attempts",
        "body",
        "call",
        "deadline",
        "goes_first",
        "options",
        "spent",
        "target",
    )

    def __init__(
        self,
        call: Call[T],
        options: Options,
        shared: Shared,
        *,
        on_permit: Callable[[], None] | None = None,
    ) -> None:
        check_response_type(call.response)
        self.call = call
        self.options = options
        self.target = call.target()
        payload = call.payload()
        self.body = None if payload is None else SecretBytes(payload)
        self._budget = shared.budget
        self._retry: Retry | None = None
        self.attempts = AttemptLog(call, options.all_observers)
        self.spent = 0.0
        """Seconds that were waited for a token's fetch before the first permit."""
        self.goes_first = on_permit is not None
        """Whether its turn has come before; a token's has, since others wait for it already."""
        self._on_permit = on_permit
        self.deadline: float | None = None
        """When it must end, on the loop's clock; known from its first permit on."""

    @property
    def needs_token(self) -> bool:
        return self._on_permit is None

    @property
    def retry(self) -> Retry:
        """Its decisions, from its first failure on: few calls ever need any."""
        if self._retry is None:
            self._retry = Retry(
                self.options.retry,
                self._budget,
                is_idempotent=self.call.is_idempotent,
                deadline=self.deadline,
            )
        return self._retry

    def succeeded(self, status: int) -> None:
        """Note a success."""
        self.attempts.succeeded(status)
        if self._retry is None:
            self._budget.deposit(SUCCESS)
        else:
            self._retry.succeeded()

    def total_left(self) -> float | None:
        """What of the total there is for a token."""
        total = self.options.timeouts.total
        return None if total is None else total - self.spent

    def permitted(self) -> float | None:
        """Note that it is sent now; give the time until which an answer is awaited."""
        now = asyncio.get_running_loop().time()
        timeouts = self.options.timeouts
        if self._on_permit is not None:
            self._on_permit()
        if self.deadline is None and timeouts.total is not None:
            self.deadline = now + timeouts.total - self.spent
        self.attempts.start(now)
        if timeouts.attempt is None:
            return self.deadline
        until = now + timeouts.attempt
        return until if self.deadline is None else min(until, self.deadline)

    def headers(self, token: Token | None) -> dict[str, str]:
        headers: dict[str, str] = {}
        if token is not None:
            headers["Authorization"] = token.authorization
            if self.options.tier is not None:
                headers["Tier"] = self.options.tier
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def timed_out(self, error: PortOneError) -> PortOneError:
        """Tell a try that took too long from a call that did."""
        if (
            isinstance(error, RequestTimeoutError)
            and self.deadline is not None
            # Timers may be a clock's tick early.
            and asyncio.get_running_loop().time() >= self.deadline - 0.002
        ):
            return self.deadline_exceeded()
        return error

    def deadline_exceeded(self) -> DeadlineExceededError:
        return DeadlineExceededError(f"no answer within {self.options.timeouts.total:g} s in all")
