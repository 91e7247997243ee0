"""Settle an operation whose outcome is open: look it up until it is known.

Source: PortOne V1 has no idempotency key, so that a request whose answer was lost must be looked up
before it is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from itertools import chain, repeat
from typing import Generic, Protocol, TypeGuard, TypeVar

from portone_async._redact import without
from portone_async._worded import Worded
from portone_async.call import Failure
from portone_async.errors import (
    ApiError,
    AuthenticationError,
    ClientClosedError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneError,
    RateLimitedError,
    TransientError,
    UnauthorizedError,
    UnexpectedResponseError,
    WrongLoopError,
)
from portone_async.errors._error import worded_reason

__all__ = (
    "Look",
    "described",
    "is_open",
    "is_refusal",
    "pauses",
    "send_once",
    "settle",
    "validate_settle",
    "verdict",
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_GET_TOKEN = "POST /users/getToken"  # noqa: S105 (an endpoint)
# Seconds between two look-ups. PGs answer within about a minute.
_PAUSES = (1.0, 2.0, 4.0, 8.0)
_LAST_PAUSE = 15.0
# How often a request may be sent again, each time after a look-up without a trace of it.
_RESENDS = 3


class Look(Protocol[T_co]):
    """Looks an operation up.

    It returns the result if the operation was carried out, the error if it definitely failed, and
    ``None`` if there is no trace of it. What it raises counts as a look-up that failed.
    """

    def __call__(self) -> Awaitable[T_co | PortOneError | None]: ...


def pauses() -> Iterator[float]:
    """Return the seconds between two look-ups, which grow."""
    return chain(_PAUSES, repeat(_LAST_PAUSE))


def is_open(error: PortOneError) -> bool:
    """Return whether the request may have been processed although its answer is not known.

    An envelope that reports a failure is an answer, but for the temporary ones (5xx). Anything else
    is not one: no response, a page of a gateway, a body of another schema.
    """
    if error.endpoint == _GET_TOKEN:
        return False  # The request itself was not sent, or was rejected with a 401.
    if isinstance(error, ClientClosedError):
        # Otherwise it was closed before the request was sent, or before another attempt.
        return any(attempt.error == ClientClosedError.__name__ for attempt in error.attempts)
    if isinstance(error, RateLimitedError):
        return False
    if isinstance(error, TransientError):
        return error.was_sent
    if isinstance(error, ApiError):
        return error.code is None
    return isinstance(error, UnexpectedResponseError)


def is_refusal(error: PortOneError) -> TypeGuard[ApiError]:
    """Return whether PortOne processed the request and refused it.

    A bad token and a rate limit stop a request before that.
    """
    not_processed = (AuthenticationError, RateLimitedError, UnauthorizedError)
    return isinstance(error, ApiError) and not (is_open(error) or isinstance(error, not_processed))


def verdict(failure: Failure) -> type[ApiError] | None:
    """Classify a 500 or 501 in PortOne's envelope as its answer, not as an outage.

    Use it for operations whose document lists these statuses as refusals.
    """
    return ApiError if failure.status in (500, 501) else None


def validate_settle(seconds: object) -> float:
    """Return the argument ``settle``.

    Raises:
        InvalidRequestError: It is not a number of seconds, 0 or more.
    """
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < 1e9:
        return float(seconds)
    raise InvalidRequestError(Worded("settle must be seconds, 0 or more"))


async def settle(
    send: Callable[[], Awaitable[T]],
    look: Look[T],
    *,
    seconds: float,
    resend: bool = False,
    secrets: Collection[str] = (),
) -> T:
    """Send an operation; while its outcome is open, look it up until it is known.

    Args:
        send: Makes the call and returns its result. Not called again unless ``resend`` is set.
        look: Looks the operation up; called at once, then after 1, 2, 4, 8 and every 15 seconds,
            and at the end.
        seconds: How long to look, from the open outcome on; 0 for one look-up.
        resend: Send again after a look-up without a trace, three times at most. Only for what
            PortOne refuses to do twice.
        secrets: The values of the operation that are secret or about a person: removed from the
            evidence, in case a look-up repeats them.

    Raises:
        OutcomeUnknownError: No look-up gave a definite answer in time.
        PortOneError: PortOne refused the operation, or it was not sent.
    """
    settlement = _Settlement(send, look, secrets)
    if (result := await settlement.send()) is not None:
        return result
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    waits = pauses()
    resends = _RESENDS if resend else 0
    while True:
        if (result := await settlement.look()) is not None:
            return result
        if settlement.is_absent and resends > 0:
            resends -= 1
            if (result := await settlement.send_again()) is not None:
                return result
        left = deadline - loop.time()
        if settlement.is_hopeless or left <= 0:
            raise settlement.unknown()
        await asyncio.sleep(min(next(waits), left))


async def send_once(send: Callable[[], Awaitable[T]]) -> T:
    """Send an operation that leaves nothing to look up.

    Args:
        send: Makes the call and returns its result.

    Raises:
        OutcomeUnknownError: Its outcome is open.
        PortOneError: PortOne refused the operation, or it was not sent.
    """
    settlement = _Settlement(send, _look_nowhere)
    try:
        return await send()
    except PortOneError as error:
        if not is_open(error):
            raise
        settlement.record_lost(error)
    raise settlement.unknown("PortOne has no look-up for it")


async def _look_nowhere() -> None:
    return None


class _Settlement(Generic[T]):
    """One operation whose outcome is to be settled, with the evidence so far."""

    def __init__(
        self, send: Callable[[], Awaitable[T]], look: Look[T], secrets: Collection[str] = ()
    ) -> None:
        self._send = send
        self._look = look
        self._secrets = secrets
        self._started_at = _now()
        self._evidence: list[str] = []
        self._first: PortOneError | None = None
        self.is_absent = False
        """Whether the last look-up was answered, and found no trace."""
        self.is_hopeless = False
        """Whether no look-up can succeed any more."""

    async def send(self) -> T | None:
        """Send the operation; return its result, or ``None`` if its outcome is open."""
        try:
            return await self._send()
        except PortOneError as error:
            if not is_open(error):
                raise
            self.record_lost(error)
            return None

    def record_lost(self, error: PortOneError) -> None:
        """Store the error that left the outcome open."""
        self._note("sent", error)
        self._first = error

    async def send_again(self) -> T | None:
        """Send the operation again, and look it up; return its result if it is known."""
        refusal: PortOneError | None = None
        try:
            return await self._send()
        except Exception as error:  # noqa: BLE001 (a throttle may raise anything)
            self._note("sent again", error)
            # One that was not sent, or not processed, tells nothing about the first request.
            if isinstance(error, PortOneError) and is_refusal(error):
                refusal = error
        result = await self.look()
        if result is None and self.is_absent and refusal is not None:
            raise refusal.with_traceback(None)
        return result

    async def look(self) -> T | None:
        """Look the operation up; return its result, or ``None`` if it is not known yet.

        Raises:
            PortOneError: The operation failed.
        """
        self.is_absent = False
        try:
            result = await self._look()
        except Exception as error:  # noqa: BLE001 (a throttle may raise anything)
            self._note("look-up failed", error)
            self.is_hopeless = isinstance(error, (ClientClosedError, WrongLoopError))
            return None
        if isinstance(result, PortOneError):
            raise result
        if result is None:
            self.is_absent = True
            self._note("looked up", "no definite trace of it")
        return result

    def unknown(self, reason: str = "no look-up was definite") -> OutcomeUnknownError:
        """Return the error for an outcome that stays open."""
        error = OutcomeUnknownError(
            f"whether it was carried out is unknown: its answer was lost, and {reason}",
            evidence=tuple(self._evidence),
        )
        if self._first is not None:
            error.endpoint = self._first.endpoint
            error.identifiers = self._first.identifiers
            error.attempts = self._first.attempts
            error.status = self._first.status
            error.reply = self._first.reply
        error.elapsed = _now() - self._started_at
        return error

    def _note(self, event: str, outcome: Exception | str) -> None:
        if isinstance(outcome, Exception):
            outcome = without(str(described(outcome)), self._secrets)
        self._evidence.append(f"after {_now() - self._started_at:.1f} s {event}: {outcome}")


def described(error: Exception) -> str:
    """Return an error as one line of evidence. The text of another package's may hold a secret."""
    name = type(error).__name__
    if isinstance(error, PortOneError):
        return Worded("{name}: {reason}", name=name, reason=worded_reason(error))
    return name


def _now() -> float:
    return asyncio.get_running_loop().time()
