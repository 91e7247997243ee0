"""The client: every concern of a call, in the order in which it happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Self, TypedDict, TypeVar, Unpack

from aiohttp import ClientSession
from msgspec import UNSET, UnsetType

from ._core.retry import RetryBudget
from ._core.state import Options, Run, Shared
from ._core.token import Token, get_token
from ._core.validate import (
    checked,
    checked_base_url,
    checked_callback,
    checked_observers,
    checked_throttle,
    checked_tier,
    hidden,
    places_of,
    secret,
    variable,
)
from ._http.proxy import proxy_for
from ._http.reply import read
from ._http.transport import Transport
from .call import Call
from .errors import (
    ApiError,
    Attempt,
    InvalidRequestError,
    PortOneError,
    UnauthorizedError,
)
from .instrumentation import Observer
from .policy import RateLimit, RetryPolicy, Timeouts
from .resources.payments import Payments
from .throttle import Throttle
from .throttle._semaphore import FairSemaphore

__all__ = ("ClientOptions", "PortOneClient")

T = TypeVar("T")
Client = TypeVar("Client", bound="PortOneClient")

_PAUSING = (429, 503)


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of :class:`PortOneClient`."""

    base_url: str
    tier: str | None
    retry: RetryPolicy
    rate_limit: RateLimit | Throttle | None
    timeouts: Timeouts
    max_in_flight: int
    session: ClientSession | None
    proxy: str | None
    observers: tuple[Observer, ...]
    on_attempt: Callable[[Attempt], object] | None


class PortOneClient:
    """A client of PortOne V1 for one key pair. Make one per process, and close it.

    ```python
    async with PortOneClient(imp_key, imp_secret) as client:
        payment = await client.payments.find("order-1", status="paid")
    ```

    It may be made anywhere, at import time too; connections are made on first use, and belong to
    the event loop that runs then: in another one it raises :class:`WrongLoopError`. Any number of
    tasks may use it at once.

    Args:
        imp_key: The REST API key of the console's V1 section.
        imp_secret: The REST API secret that belongs to it.
        base_url: Where the API is. Plain ``http`` is refused unless the host is loopback.
        tier: The code of a sub-merchant, sent as ``Tier`` with each call.
        retry: When a failed try is followed by another.
        rate_limit: How many requests may start: a :class:`RateLimit`, any :class:`Throttle`
            (the same object in several clients is one limit for all), or ``None`` for no bound.
        timeouts: How long a call may take.
        max_in_flight: Exchanges under way at once.
        session: A session to take connections from. It is not closed, and lends its connector
            and its proxy (for https, without ``proxy``) only: its headers, auth, cookies, timeouts, base URL, trace
            configurations and middlewares have no part in our requests. Where others use its
            connections as well, a request may wait for a free one after its permit, and start
            later than the rate says: give it room enough.
        proxy: The URL of an HTTP proxy, as ``http://user:password@proxy.example:3128``, or
            ``"env"`` for ``HTTPS_PROXY`` and ``NO_PROXY``; it wins over the proxy of ``session``.
            All goes through a tunnel (``CONNECT``), so that the proxy sees a host, and no token.
            A plain http ``base_url`` (loopback) has no tunnel: a URL is refused there, and
            ``"env"`` means no proxy.
        observers: Notified of the start and the end of each call and each attempt; see
            :mod:`portone_async.instrumentation`. What they raise is logged and ignored.
        on_attempt: Called with an :class:`Attempt` after each attempt, for metrics. Short for an
            observer that does this.

    Raises:
        InvalidRequestError: An argument that can never be right.
    """

    _is_view = False
    _on_permit: Callable[[], None] | None = None
    """Called with each permit, of a call that needs no token because it fetches one."""

    def __init__(
        self,
        imp_key: str,
        imp_secret: str,
        *,
        base_url: str = "https://api.iamport.kr",
        tier: str | None = None,
        retry: RetryPolicy = RetryPolicy(),
        rate_limit: RateLimit | Throttle | None = RateLimit(),
        timeouts: Timeouts = Timeouts(),
        max_in_flight: int = 32,
        session: ClientSession | None = None,
        proxy: str | None = None,
        observers: tuple[Observer, ...] = (),
        on_attempt: Callable[[Attempt], object] | None = None,
    ) -> None:
        # Taken away at once, so that no traceback of this frame shows them.
        keys = (secret(imp_key), secret(imp_secret))
        del imp_key, imp_secret
        base_url, proxy = hidden(base_url), hidden(proxy)
        if not all(keys):
            raise InvalidRequestError("imp_key and imp_secret must be text, and not empty")
        if type(max_in_flight) is not int or max_in_flight < 1:
            raise InvalidRequestError(f"max_in_flight must be 1 or more: {max_in_flight!r}")
        checked_callback(on_attempt)
        if session is not None:
            checked("session", session, ClientSession)
        places = places_of(max_in_flight, session)
        url = checked_base_url(base_url)
        self._shared = Shared(
            keys=keys,
            base_url=url,
            transport=Transport(url, places, session, proxy_for(proxy, url)),
            slots=FairSemaphore(places),
        )
        throttle, turns = self._shared_or_new(rate_limit)
        self._options = self._shared.options = Options(
            retry=checked("retry", retry, RetryPolicy),
            throttle=throttle,
            turns=turns,
            timeouts=checked("timeouts", timeouts, Timeouts),
            tier=checked_tier(tier),
            observers=checked_observers(observers),
            on_attempt=on_attempt,
        )
        self._shared.budget = RetryBudget(retry.budget)

    @classmethod
    def from_env(cls, **overrides: Unpack[ClientOptions]) -> Self:
        """Make a client from the environment.

        ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET`` must be set, ``PORTONE_BASE_URL`` and
        ``PORTONE_TIER`` may be.

        Args:
            **overrides: Keyword arguments of the constructor; they win over the environment.

        Raises:
            InvalidRequestError: A variable is missing (it is named), or an argument is wrong.
        """
        if (base_url := os.environ.get("PORTONE_BASE_URL")) and "base_url" not in overrides:
            overrides["base_url"] = base_url
        if (tier := os.environ.get("PORTONE_TIER")) and "tier" not in overrides:
            overrides["tier"] = tier
        if "proxy" in overrides:
            overrides["proxy"] = hidden(overrides["proxy"])
        return cls(variable("PORTONE_IMP_KEY"), variable("PORTONE_IMP_SECRET"), **overrides)

    def with_options(
        self,
        *,
        retry: RetryPolicy | UnsetType = UNSET,
        rate_limit: RateLimit | Throttle | UnsetType | None = UNSET,
        timeouts: Timeouts | UnsetType = UNSET,
        tier: str | UnsetType | None = UNSET,
        observers: tuple[Observer, ...] = (),
        on_attempt: Callable[[Attempt], object] | UnsetType | None = UNSET,
    ) -> Self:
        """Make a cheap view of this client that differs in what is given.

        It shares the connections, the token, the retry budget and, unless it is replaced, the
        throttle. The token is fetched with the options of the client that was constructed,
        whoever needs it. Closing a view closes nothing: that is for that client, too.

        ``observers`` are added to those of this client; each other argument replaces its value.
        """
        old = self._options
        throttle, turns = old.throttle, old.turns
        if rate_limit is not UNSET:
            throttle, turns = self._shared_or_new(rate_limit)
        options = Options(
            retry=old.retry if retry is UNSET else checked("retry", retry, RetryPolicy),
            throttle=throttle,
            turns=turns,
            timeouts=(
                old.timeouts if timeouts is UNSET else checked("timeouts", timeouts, Timeouts)
            ),
            tier=old.tier if tier is UNSET else checked_tier(tier),
            observers=(*old.observers, *checked_observers(observers)),
            on_attempt=old.on_attempt if on_attempt is UNSET else checked_callback(on_attempt),
        )
        return self._view(type(self), options)

    def _view(self, kind: type[Client], options: Options) -> Client:
        view = object.__new__(kind)
        view._shared = self._shared
        view._options = options
        view._is_view = True
        return view

    def _shared_or_new(
        self, rate_limit: RateLimit | Throttle | None
    ) -> tuple[Throttle, FairSemaphore]:
        throttle = checked_throttle(rate_limit)
        if throttle is None:
            return self._shared.unthrottled, self._shared.unthrottled_turns
        return throttle, FairSemaphore(1)

    @property
    def payments(self) -> Payments:
        """Look-ups of payments."""
        return Payments(self)

    async def call(self, call: Call[T]) -> T:
        """Make any call of the API: the one path that every request takes.

        Args:
            call: What to ask; see :class:`Call` for endpoints that this package does not wrap.

        Raises:
            PortOneError: Whatever went wrong; see :mod:`portone_async.errors`.
        """
        try:
            run = Run(call, self._options, self._shared, on_permit=self._on_permit)
        except InvalidRequestError as error:
            error.endpoint = call.endpoint
            raise
        try:
            token = await self._admitted_at_once(run) or await self._admitted(run)
            outcome = await self._attempt(run, token)
            if isinstance(outcome, PortOneError):
                again = partial(self._attempt_in_time, run)
                outcome = await run.retry.repeat(
                    again, outcome, run.attempts.failed, self._shared.sleep
                )
        except PortOneError as error:
            # Not a failure of a try: the token could not be had, or the client is closed.
            outcome = error
        except BaseException as error:
            run.attempts.end(error)
            raise
        if isinstance(outcome, PortOneError):
            run.attempts.failed(outcome)
            signed = run.attempts.with_history(outcome, run.retry.gave_up, self._shared.blank)
            # From here on: the frames below are ours, and hold what is nobody else's business.
            run.attempts.end(signed)
            raise signed.with_traceback(None)
        run.attempts.end()
        return outcome

    async def _attempt(self, run: Run[T], token: Token | None) -> T | PortOneError:
        """Make one try with the slot and the permit that it has: send, decode, classify."""
        shared, options = self._shared, run.options
        try:
            reply = await shared.transport.send(
                run.call.method,
                run.target,
                headers=run.headers(token),
                body=run.body,
                until=run.permitted(),
                limits=options.client_timeout,
            )
        finally:
            shared.slots.release()
        if isinstance(reply, PortOneError):
            return run.timed_out(reply)
        outcome = read(run.call, reply, shared.blank)
        if not isinstance(outcome, PortOneError):
            run.succeeded(reply.status)
        elif (
            isinstance(outcome, UnauthorizedError)
            and token is not None
            and not run.retry.was_renewed
        ):
            shared.tokens.discard(token)
        elif isinstance(outcome, ApiError) and outcome.status in _PAUSING and outcome.retry_after:
            await shared.pause(
                options.throttle, min(outcome.retry_after, options.retry.retry_after_max)
            )
        return outcome

    async def _admitted_at_once(self, run: Run[Any]) -> Token | None:
        """Take slot and permit where nothing has to be waited for, as is the rule; give the token.

        The same as :meth:`_admitted`, which is for the others.
        """
        shared, options = self._shared, run.options
        shared.transport.open()
        token = shared.tokens.current(self._get_token) if run.needs_token else None
        if (
            token is None
            or options.turns.locked()
            or not options.has_capacity()
            or not shared.slots.acquire_nowait()
        ):
            return None
        await options.throttle.acquire()  # It has capacity, so this does not wait.
        run.goes_first = True
        return token

    async def _admitted(self, run: Run[Any]) -> Token | None:
        """Wait for what a try needs, in this order; the slot is the caller's to leave.

        The token first, since its fetch needs a slot and a permit itself: cold calls that hold
        them all would wait for ever. The slot before the permit, since permits used up behind a
        slow server would burst later. Who has begun goes before who has not, or a retry would
        queue away its deadline.
        """
        shared, options = self._shared, run.options
        while True:
            shared.transport.open()
            if run.needs_token:
                run.spent += await shared.tokens.ready(self._get_token, run.total_left())
            await options.turns.acquire(priority=run.goes_first)
            try:
                run.goes_first = True
                await shared.slots.acquire(priority=not run.needs_token)
                is_admitted = False
                try:
                    shared.transport.open()
                    if run.needs_token and shared.tokens.is_missing:
                        continue  # No permit is spent on what cannot be sent.
                    await self._permitted(run)
                    # The newest one: the queue may have been long.
                    token = shared.tokens.newest(self._get_token) if run.needs_token else None
                    is_admitted = token is not None or not run.needs_token
                    if is_admitted:
                        return token
                finally:
                    if not is_admitted:
                        shared.slots.release()
            finally:
                options.turns.release()

    async def _permitted(self, run: Run[Any]) -> None:
        try:
            await self._shared.permit(run.options.throttle, priority=not run.needs_token)
        except TimeoutError:
            self._shared.transport.open()  # It says that the client was closed.
            raise

    async def _attempt_in_time(self, run: Run[T]) -> T | PortOneError:
        """Make one more try; queueing for it is bounded as well."""
        bound = asyncio.timeout_at(run.deadline)
        try:
            async with bound:
                token = await self._admitted_at_once(run) or await self._admitted(run)
                return await self._attempt(run, token)
        except TimeoutError:
            if not bound.expired():
                raise  # The token's error, which may be a TimeoutError too.
        return run.deadline_exceeded()

    async def _get_token(self, began: Callable[[], None]) -> Token:
        """Trade the key pair for a token: a call like any other, but for the token."""
        shared = self._shared
        sent_at = 0.0

        def permitted() -> None:
            nonlocal sent_at
            sent_at = asyncio.get_running_loop().time()
            began()

        # Not of a subclass, which may have its own eyes on each call: here are the keys.
        fetcher = self._view(PortOneClient, shared.options)
        fetcher._on_permit = permitted
        answer = await fetcher.call(get_token(*shared.keys))
        return Token(answer, sent_at)

    async def close(self) -> None:
        """Close what this client has opened. Idempotent; a view closes nothing.

        Calls under way end with :class:`ClientClosedError`.

        Raises:
            WrongLoopError: It is at work in another event loop: close it there.
        """
        if self._is_view:
            return
        transport = self._shared.transport
        await transport.close()
        if transport.is_here:  # Else whatever waits is of a loop that never runs again.
            self._shared.release()
            await self._shared.tokens.close()

    async def __aenter__(self) -> Self:
        self._shared.transport.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds keys and connections: make one in each process")

    def __repr__(self) -> str:
        # A traceback may show a client whose constructor did not come to its end.
        shared = getattr(self, "_shared", None)
        if shared is None:
            return f"<{type(self).__name__}>"
        state = " closed" if shared.transport.is_closed else ""
        return f"<{type(self).__name__} {shared.base_url}{state}>"
