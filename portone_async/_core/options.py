"""The options of a client or a view, validated and prepared for its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypedDict

from aiohttp import ClientSession, ClientTimeout

from portone_async.errors import Attempt
from portone_async.instrumentation import AttemptCallback, Observer
from portone_async.policy import RateLimit, RetryPolicy, Timeouts
from portone_async.throttle import Throttle, TokenBucket, Unthrottled
from portone_async.throttle._semaphore import FairSemaphore

__all__ = ("CallOptions", "ClientOptions", "ThrottleQueue")


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


class ThrottleQueue:
    """A throttle, and the queue of the calls that wait for it.

    Only the first call in the queue holds a slot while it waits for its permit.
    """

    __slots__ = ("acquire_available", "has_capacity", "is_owned", "semaphore", "throttle")

    def __init__(self, throttle: Throttle, *, is_owned: bool) -> None:
        self.throttle = throttle
        self.is_owned = is_owned
        """Whether the client made the throttle itself, and closes it."""
        self.semaphore = FairSemaphore(1)
        self.has_capacity: Callable[[], bool] = lambda: False
        """Returns whether the throttle surely grants a permit without a wait; false if unknown."""
        self.acquire_available: Callable[[], Awaitable[None]] = throttle.acquire
        """Acquires that permit."""
        # Exact types only: a subclass may override acquire(), and wait there.
        if type(throttle) is TokenBucket or type(throttle) is Unthrottled:
            self.has_capacity = throttle.has_capacity
            self.acquire_available = throttle.acquire_available


class CallOptions:
    """The options in which a view may differ from its client."""

    __slots__ = (
        "all_observers",
        "client_timeout",
        "observers",
        "on_attempt",
        "retry",
        "throttle_queue",
        "tier",
        "timeouts",
    )

    def __init__(
        self,
        *,
        retry: RetryPolicy,
        throttle_queue: ThrottleQueue,
        timeouts: Timeouts,
        tier: str | None,
        observers: tuple[Observer, ...],
        on_attempt: Callable[[Attempt], object] | None,
    ) -> None:
        self.retry = retry
        self.throttle_queue = throttle_queue
        self.timeouts = timeouts
        self.tier = tier
        self.observers = observers
        self.on_attempt = on_attempt
        callback = () if on_attempt is None else (AttemptCallback(on_attempt),)
        self.all_observers = (*observers, *callback)
        """The observers, and the function ``on_attempt`` as one more."""
        # The total and the attempt are bounded by the call: aiohttp would count the time in queues.
        self.client_timeout = ClientTimeout(total=None, connect=timeouts.connect)

    @property
    def throttle(self) -> Throttle:
        """The throttle that grants the permits."""
        return self.throttle_queue.throttle

    def with_observer(self, observer: Observer) -> CallOptions:
        """Return the same options with one more observer, notified before the others."""
        return CallOptions(
            retry=self.retry,
            throttle_queue=self.throttle_queue,
            timeouts=self.timeouts,
            tier=self.tier,
            observers=(observer, *self.observers),
            on_attempt=self.on_attempt,
        )
