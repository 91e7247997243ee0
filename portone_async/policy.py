"""Client settings: retry policy, rate limit and timeouts. Immutable; validated on construction."""

from __future__ import annotations

from msgspec import Struct

from ._worded import Worded
from .errors import InvalidRequestError

__all__ = ("RateLimit", "RetryPolicy", "Timeouts")


class RetryPolicy(Struct, frozen=True):
    """When a failed attempt is retried.

    Raises:
        InvalidRequestError: A value is out of its range.
    """

    attempts: int = 4
    """Maximum number of sends, the first one included. (A refused token is renewed and the call
    sent once more even if this is 1: that is not a failure of the call.)"""
    backoff_initial: float = 0.5
    """Seconds: the first wait is random, from 0 to this; the range doubles with each retry."""
    backoff_max: float = 8.0
    """Seconds: the longest range that the doubling of :attr:`backoff_initial` reaches."""
    retry_after_max: float = 60.0
    """Seconds: a ``Retry-After`` up to this is honoured; a longer one ends the call at once, and
    the error contains it."""
    budget: int | None = 500
    """What one client may spend on retries: each costs 5, after a timeout 10; a success returns 1,
    or what its own retry had cost. When it is empty, calls fail without a retry, so that retries
    do not multiply an outage. ``None`` for no such limit."""

    def __post_init__(self) -> None:
        _check_int("attempts", self.attempts, minimum=1)
        _check_seconds("backoff_initial", self.backoff_initial)
        _check_seconds("backoff_max", self.backoff_max)
        _check_seconds("retry_after_max", self.retry_after_max)
        if self.budget is not None:
            _check_int("budget", self.budget, minimum=0)


class RateLimit(Struct, frozen=True):
    """The rate at which requests may start: at most ``rate * T + burst`` in any T seconds.

    PortOne publishes no limit. The one figure in its documents is a PG's: at most 50 payments a
    second (Daou, V1), so that is the default. Divide it by the number of processes that share a
    key pair, or let them share one: :mod:`portone_async.throttle.valkey`.

    Raises:
        InvalidRequestError: A value is out of its range.
    """

    rate: float = 50.0
    """Requests per second, retries and token fetches counted."""
    burst: int = 5
    """Requests that may start together. With 1 the time lost by late timers is never made up for:
    a few per cent of the rate. 2 is enough to make up for it."""

    def __post_init__(self) -> None:
        _check_seconds("rate", self.rate, above=True)
        _check_int("burst", self.burst, minimum=1)


class Timeouts(Struct, frozen=True):
    """How long a call may take, in seconds; ``None`` for no limit.

    Raises:
        InvalidRequestError: A value is out of its range.
    """

    total: float | None = 60.0
    """Seconds for the whole call: token fetch, attempts and the waits between them, from its first
    permit on. Queueing for that permit is not included: limit that with ``asyncio.timeout``."""
    attempt: float | None = 30.0
    """Seconds for one attempt, or what is left of :attr:`total` if that is less."""
    connect: float | None = 5.0
    """Seconds to make a connection: name, address and TLS, however many addresses there are."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            seconds = getattr(self, name)
            if seconds is not None:
                _check_seconds(name, seconds, above=True)


def _check_int(name: str, value: object, *, minimum: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise InvalidRequestError(f"{name} must be a whole number, {minimum} or more: {value!r}")


def _check_seconds(name: str, value: object, *, above: bool = False) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < 1e12
        or (above and value == 0)
    ):
        bound = Worded("more than 0") if above else Worded("0 or more")
        raise InvalidRequestError(
            Worded(
                "{name} must be a finite number, {bound}: {value}",
                name=name,
                bound=bound,
                value=repr(value),
            )
        )
