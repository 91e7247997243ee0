"""The client: its options, its resources, and the life of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Literal, NoReturn, Self, TypeVar, Unpack, overload

from aiohttp import ClientSession
from msgspec import UNSET, UnsetType

from ._core.admission import Admission
from ._core.environment import from_environment, from_named_profile
from ._core.options import CallOptions, ClientOptions, ThrottleQueue
from ._core.state import CallState, ClientState
from ._core.token import Token, TokenFetch, get_token
from ._core.validate import (
    as_secret,
    connection_limit,
    secret,
    validate_base_url,
    validate_observers,
    validate_on_attempt,
    validate_rate_limit,
    validate_tier,
    validate_type,
)
from ._http.proxy import Proxy, proxy_for
from ._http.reply import parse
from ._http.transport import Transport
from ._sections import Sections
from .answer import Answer
from .call import Call
from .errors import Attempt, InvalidRequestError, PortOneError, UnauthorizedError
from .instrumentation import Observer
from .policy import RateLimit, RetryPolicy, Timeouts
from .throttle import Throttle, Unthrottled

__all__ = ("ClientOptions", "PortOneClient")

T = TypeVar("T")
Client = TypeVar("Client", bound="PortOneClient")


class PortOneClient(Sections):
    """A client of PortOne V1 for one key pair. Create one per process, and close it.

    ```python
    async with PortOneClient(imp_key, imp_secret) as client:
        payment = await client.payments.find("order-1", status="paid")
    ```

    It can be created anywhere, also at import time. Connections are opened on first use, and
    belong to the event loop that runs then: in another one it raises :class:`WrongLoopError`. Any
    number of tasks can use it at once.

    Args:
        imp_key: The REST API key of the console's V1 section.
        imp_secret: The REST API secret that belongs to it.
        base_url: The URL of the API. Plain ``http`` is accepted for loopback hosts only.
        tier: The code of a sub-merchant, sent as ``Tier`` with each call.
        retry: When a failed attempt is retried.
        rate_limit: How many requests may start: a :class:`RateLimit`, any :class:`Throttle`
            (the same object in several clients is one limit for all), or ``None`` for no limit.
        timeouts: How long a call may take.
        max_in_flight: Maximum number of requests in flight.
        session: A session to take connections from. Only its connector and its proxy (for https,
            without ``proxy``) are used: its headers, auth, cookies, timeouts, base URL, trace
            configurations and middlewares are not. It is not closed. If other code uses its
            connections as well, a request may wait for a free one after its permit, and start
            later than the rate allows: give it enough connections.
        proxy: The URL of an HTTP proxy, as ``http://user:password@proxy.example:3128``, or
            ``"env"`` for ``HTTPS_PROXY`` and ``NO_PROXY``; it wins over the proxy of ``session``.
            Requests go through a tunnel (``CONNECT``): the proxy sees the host, but no token.
            A plain http ``base_url`` (loopback) has no tunnel: a URL is refused there, and
            ``"env"`` means no proxy.
        observers: Notified of the start and the end of each call and each attempt; see
            :mod:`portone_async.instrumentation`. What they raise is logged and ignored.
        on_attempt: Called with an :class:`Attempt` after each attempt, for metrics. Short for an
            observer that does this.

    Raises:
        InvalidRequestError: An argument is invalid.
    """

    _is_view = False
    _state: ClientState
    _options: CallOptions

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
        # Deleted at once, so that no traceback of this frame shows them.
        keys = (secret(imp_key), secret(imp_secret))
        del imp_key, imp_secret
        base_url, proxy = as_secret(base_url), as_secret(proxy)
        if not all(keys):
            raise InvalidRequestError("imp_key and imp_secret must be text, and not empty")
        limit = connection_limit(max_in_flight, session)
        url = validate_base_url(base_url)
        unthrottled = ThrottleQueue(Unthrottled(), is_owned=True)
        self._options = CallOptions(
            retry=validate_type("retry", retry, RetryPolicy),
            throttle_queue=validate_rate_limit(rate_limit) or unthrottled,
            timeouts=validate_type("timeouts", timeouts, Timeouts),
            tier=validate_tier(tier),
            observers=validate_observers(observers),
            on_attempt=validate_on_attempt(on_attempt),
        )
        self._state = ClientState(
            keys=keys,
            base_url=url,
            transport=self._make_transport(url, limit, session, proxy_for(proxy, url)),
            limit=limit,
            options=self._options,
            unthrottled=unthrottled,
        )

    # A seam: tests override it, and exchange nothing over a network; `doctor` records replies.
    def _make_transport(
        self, base_url: str, limit: int, session: ClientSession | None, proxy: Proxy | None
    ) -> Transport:
        return Transport(base_url, limit, session, proxy)

    @classmethod
    def from_env(cls, **overrides: Unpack[ClientOptions]) -> Self:
        """Create a client from environment variables.

        ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET`` must be set, ``PORTONE_BASE_URL`` and
        ``PORTONE_TIER`` can be; or ``PORTONE_PROFILE`` alone: see :meth:`from_profile`.

        Args:
            **overrides: Keyword arguments of the constructor; they win over the environment.

        Raises:
            InvalidRequestError: A variable is missing (the error names it), an argument is invalid,
                or the environment has both a profile and keys.
        """
        keys, options = from_environment(overrides)
        return cls(*keys, **options)

    @classmethod
    def from_profile(cls, name: str | None = None, **overrides: Unpack[ClientOptions]) -> Self:
        """Create a client from a profile: a table of a TOML file that only its owner can read.

        The file is that of ``PORTONE_PROFILES_FILE``, or ``portone-async/profiles.toml`` in the
        user's folder of settings (``~/.config``). A profile has ``imp_key``, ``imp_secret`` and
        optionally ``base_url``, ``tier`` and ``proxy``. It is complete: variables of other keys
        and Tiers are ignored.

        Args:
            name: The profile; by default that of ``PORTONE_PROFILE``, or else ``"default"``.
            **overrides: Keyword arguments of the constructor; they win over the profile.

        Raises:
            InvalidRequestError: There is no such profile, its file is open to other users (mode 600
                is required) or invalid, or ``PORTONE_BASE_URL`` contradicts it.
        """
        keys, options = from_named_profile(name, overrides)
        return cls(*keys, **options)

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
        """Create a cheap view of this client with other options.

        The view shares the connections, the token, the retry budget and, unless it is replaced,
        the throttle. The token is always fetched with the options of the client that was
        constructed. ``observers`` are added to those of this client; each other argument replaces
        its value. Closing a view closes nothing.
        """
        old = self._options
        options = CallOptions(
            retry=old.retry if retry is UNSET else validate_type("retry", retry, RetryPolicy),
            throttle_queue=(
                old.throttle_queue
                if rate_limit is UNSET
                else validate_rate_limit(rate_limit) or self._state.unthrottled
            ),
            timeouts=(
                old.timeouts if timeouts is UNSET else validate_type("timeouts", timeouts, Timeouts)
            ),
            tier=old.tier if tier is UNSET else validate_tier(tier),
            observers=(*old.observers, *validate_observers(observers)),
            on_attempt=old.on_attempt if on_attempt is UNSET else validate_on_attempt(on_attempt),
        )
        return self._view(type(self), options)

    def _view(self, kind: type[Client], options: CallOptions) -> Client:
        view = object.__new__(kind)
        view._state = self._state
        view._options = options
        view._is_view = True
        return view

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit on requests; ``None`` without one, or for a throttle without this attribute."""
        limit = getattr(self._options.throttle, "rate_limit", None)
        return limit if isinstance(limit, RateLimit) else None

    @overload
    async def call(self, call: Call[T], *, with_reply: Literal[False] = False) -> T: ...
    @overload
    async def call(self, call: Call[T], *, with_reply: Literal[True]) -> Answer[T]: ...
    async def call(self, call: Call[T], *, with_reply: bool = False) -> T | Answer[T]:
        """Make any call of the API: the one path that every request takes.

        Args:
            call: The operation and its values; see :class:`Call` for endpoints that this package
                does not wrap.
            with_reply: Return an :class:`Answer`: the response, and the status, headers and
                seconds of its HTTP reply.

        Raises:
            PortOneError: The call failed; see :mod:`portone_async.errors`.
        """
        state = CallState(call, self._options, self._state)
        try:
            while True:
                async with Admission(state, self._fetch_token) as token:
                    outcome = await self._attempt(state, token)
                if not isinstance(outcome, PortOneError):
                    state.attempts.end()
                    return state.answer(outcome) if with_reply else outcome
                failure, failed_at = outcome, state.loop.time()
                wait = state.retry.next_wait(failure)
                pause = state.pause_after(failure)
                state.attempts.failed(failure, wait, pause)
                if pause is not None:
                    await self._state.pause(self._options, pause, state.deadline)
                if wait is None:
                    break
                if isinstance(failure, UnauthorizedError) and token is not None:
                    self._state.tokens.invalidate(token)
                # From the failure on: a throttle that is slow to pause delays no retry.
                await self._state.sleep_until(failed_at + wait)
        except PortOneError as error:
            # Not of an attempt: no token, no time left, or a closed client.
            failure = state.not_attempted(error)
        except BaseException as error:
            state.attempts.end(error)
            raise
        # Drop the traceback so far: our own frames hold secrets.
        raise state.final_error(failure).with_traceback(None)

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncGenerator[None]:
        """Let one task at a time into blocks of the same name, of this client and all its views.

        Resources use it for operations that must not overlap.

        Raises:
            ClientClosedError: The client was closed before the block began.
            WrongLoopError: The client belongs to another event loop.
        """
        self._state.transport.open(asyncio.get_running_loop())
        async with AsyncExitStack() as stack:
            async with self._state.interrupted_by_close():
                await stack.enter_async_context(self._state.locks.hold(name))
            yield

    async def _attempt(self, state: CallState[T], token: Token | None) -> T | PortOneError:
        """Send the request once; return the decoded response, or the error that fits."""
        deadline = state.mark_sent()
        reply = await self._state.transport.send(
            state.call.method,
            state.target,
            headers=state.headers(token),
            body=state.body,
            deadline=deadline,
            client_timeout=state.options.client_timeout,
        )
        if isinstance(reply, PortOneError):
            return state.timed_out(reply)
        outcome = parse(state.call, reply, state.redact)
        if isinstance(outcome, PortOneError):
            return state.mark_refused(outcome, reply)
        state.mark_succeeded(reply)
        return outcome

    async def _fetch_token(self, fetch: TokenFetch) -> Token:
        """Exchange the key pair for a token: a call like any other, but without a token."""
        options = self._state.options.with_observer(fetch)
        # Use the base class: a subclass that overrides `call()` must never see the API keys.
        client = self._view(PortOneClient, options)
        answer = await client.call(get_token(*self._state.keys))
        return Token(answer, fetch.sent_at)

    async def close(self) -> None:
        """Close what this client has opened. Idempotent; a view closes nothing.

        Calls in flight end with :class:`ClientClosedError`. A throttle that was passed in stays
        open.

        Raises:
            WrongLoopError: The client is bound to another event loop: close it there.
        """
        if not self._is_view:
            await self._state.close()

    async def __aenter__(self) -> Self:
        self._state.transport.open(asyncio.get_running_loop())
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
        # A traceback may show a client whose constructor has not ended.
        state = getattr(self, "_state", None)
        if state is None:
            return f"<{type(self).__name__}>"
        closed = " closed" if state.transport.is_closed else ""
        return f"<{type(self).__name__} {state.base_url}{closed}>"
