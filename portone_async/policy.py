"""What a caller may turn: how often, how fast, how long. Frozen, and checked when made."""

from __future__ import annotations

from msgspec import Struct

from .errors import InvalidRequestError

__all__ = ("RateLimit", "RetryPolicy", "Timeouts")


class RetryPolicy(Struct, frozen=True):
    """When a failed try is followed by another.

    Raises:
        InvalidRequestError: A value is out of its range.
    """

    attempts: int = 4
    """Sends at most, the first one included. (A refused token is renewed and the call sent once
    more even when this is 1: that is no failure of the call.)"""
    backoff_initial: float = 0.5
    """Seconds: the first wait is drawn from 0 to this, each next one from twice as much."""
    backoff_max: float = 8.0
    """Seconds: the ceiling of that doubling."""
    retry_after_max: float = 60.0
    """Seconds: a ``Retry-After`` up to this is honoured; a longer one ends the call at once, with
    the error that carries it."""
    budget: int | None = 500
    """What one client may spend on retries: each costs 5, after a timeout 10; a success gives
    back 1, or what its own retry had cost. When it is empty calls fail without a retry, so that
    an outage is not multiplied. ``None`` for no such bound."""

    def __post_init__(self) -> None:
        _check_int("attempts", self.attempts, minimum=1)
        _check_seconds("backoff_initial", self.backoff_initial)
        _check_seconds("backoff_max", self.backoff_max)
        _check_seconds("retry_after_max", self.retry_after_max)
        if self.budget is not None:
            _check_int("budget", self.budget, minimum=0)

    def backoff(self, retry: int) -> float:
        """The longest wait, in seconds, before retry number ``retry`` (1 is the first)."""
        # 2.0 ** 1024 overflows; long before that the ceiling holds.
        return min(self.backoff_max, self.backoff_initial * 2.0 ** min(retry - 1, 64))


class RateLimit(Struct, frozen=True):
    """How many requests may start: at most ``rate * T + burst`` in any T seconds.

    PortOne publishes no limit. The one figure in its documents is a PG's: at most 50 payments a
    second (Daou, V1), so that is the default. Divide it by the number of processes that share a
    key pair.

    Raises:
        InvalidRequestError: A value is out of its range.
    """

    rate: float = 50.0
    """Requests per second, retries and token fetches counted."""
    burst: int = 5
    """Requests that may start together. With 1 every late timer is lost for good, a few per cent
    of the rate; 2 is enough to make up for it."""

    def __post_init__(self) -> None:
        _check_seconds("rate", self.rate, above=True)
        _check_int("burst", self.burst, minimum=1)


class Timeouts(Struct, frozen=True):
    """How long a call may take, in seconds; ``None`` for no bound.

    Raises:
        InvalidRequestError: A value is out of its range.
    """

    total: float | None = 60.0
    """The whole call: token fetch, tries and the waits between them, from its first permit on.
    Queueing for that permit is not in it: bound that with ``asyncio.timeout``."""
    attempt: float | None = 30.0
    """One try, or what is left of ``total`` where that is less."""
    connect: float | None = 5.0
    """Making a connection: name, address and TLS, however many addresses there are."""

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
        bound = "more than 0" if above else "0 or more"
        raise InvalidRequestError(f"{name} must be a finite number, {bound}: {value!r}")
