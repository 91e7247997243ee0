"""The throttle whose rate many processes share."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, get_args

from aiolimiter import AsyncLimiter

from portone_async._owner import LoopOwner
from portone_async._redact import Secret
from portone_async._tasks import cancel, finish
from portone_async.errors import InvalidRequestError, ThrottleError
from portone_async.policy import RateLimit
from portone_async.throttle._pause import Pause
from portone_async.throttle._semaphore import FairSemaphore

from ._schedule import Lease, Schedule
from ._store import Store, StoreClient, connect, validate_client

__all__ = ("OnFailure", "SharedTokenBucket")

T = TypeVar("T")

OnFailure = Literal["local", "raise"]
"""Without the server: limit this process alone (``local``), or raise ``ThrottleError`` (``raise``)."""

_log = logging.getLogger("portone_async")

# Seconds until the next try to reach the store again.
_RETRY_AFTER = 5.0


class SharedTokenBucket:
    """At most ``rate * T + burst`` permits in any T seconds, for many processes and machines.

    ```python
    async with SharedTokenBucket(url, RateLimit(50, 5), name="shop", processes=4) as shared:
        async with PortOneClient.from_env(rate_limit=shared) as client: ...
    ```

    A permit is reserved in a Valkey or Redis server, in one round trip, and the processes get
    equal shares while all of them wait and the server is equally far from them. The rate is not
    reached if a round trip takes longer than half of ``burst / rate``. A pause that PortOne
    requests is shared, too: each other process may still send what it has reserved, one request
    beside a near server.

    **The limit of the promise.** It holds at the clock of the server; on the wire, the difference
    of the travel times of two requests comes on top, and a burst of 1 is treated as one of 2. While
    a process cannot reach the server, it sends at its share, ``rate / processes``, and tries the
    server again every 5 seconds. If all are cut off, the sum is the rate, and at most one request
    of each at once. If only a part is, that part sends at its share and the others at the whole
    rate: up to twice the rate. Pass ``on_failure="raise"`` if that must not happen.

    It belongs to the event loop and the process of its first use, as a client does. It can be made
    before a fork. Close it after all of its clients.

    Args:
        store: A URL (``redis://``, ``rediss://``, ``unix://``, ``valkey://``), or a client of
            ``redis.asyncio`` or ``valkey.asyncio``, which you close yourself. Give such a client
            a timeout (``socket_timeout``, ``socket_connect_timeout``) of a second or so, and no
            retries: calls stand still for as long as it waits.
        rate_limit: The limit of all processes together.
        name: Processes that pass the same name, and use the same database, share the limit: a name
            for each key pair, for example. It is a part of the keys in the store, and logged.
        processes: How many share it, at most. Each has to pass the same number.
        on_failure: Without the store, send at a share of the rate (``"local"``), or raise
            :class:`ThrottleError` (``"raise"``).
        worker: The name of this process in :meth:`usage`; host and process id by default.

    Raises:
        InvalidRequestError: An argument is invalid.
    """

    def __init__(
        self,
        store: str | StoreClient,
        rate_limit: RateLimit,
        *,
        name: str,
        processes: int,
        on_failure: OnFailure = "local",
        worker: str | None = None,
    ) -> None:
        # At once, so that no traceback of this frame shows the password.
        store = Secret(store) if isinstance(store, str) else store
        _validate(rate_limit, name, processes, on_failure)
        schedule = Schedule(rate_limit, processes)
        self.rate_limit = rate_limit
        """The limit of all processes together."""
        self._name = name
        self._processes = processes
        self._raises = on_failure == "raise"
        self._is_own = isinstance(store, Secret)
        client = connect(store) if isinstance(store, Secret) else validate_client(store)
        self._store = Store(client, name, worker, schedule)
        self._lease = Lease(schedule)
        self._pause = Pause()
        self._pause_requested_until = 0.0  # By PortOne from this process, on the loop's clock.
        self._owner = LoopOwner("this SharedTokenBucket")
        self._gate = FairSemaphore(1)
        self._local: AsyncLimiter | None = None  # The share of this process without the store.
        self._is_alone = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._trip: asyncio.Task[ThrottleError | None] | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return (
            f"SharedTokenBucket({self._name!r}, {self.rate_limit!r}, processes={self._processes})"
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for a permit to start one request. ``priority`` goes first within this process.

        Raises:
            ThrottleError: The store cannot be reached, with ``on_failure="raise"``; or the throttle
                is closed.
            WrongLoopError: It belongs to another event loop or process.
        """
        self._claim()
        if not self._gate.acquire_nowait():
            await self._gate.acquire(priority=priority)
        try:
            while not await self._proceed():
                pass
        finally:
            self._gate.release()

    async def pause(self, seconds: float) -> None:
        """Grant no permit for ``seconds``, in any process; in others for 10 minutes at most.

        Raises:
            ThrottleError: The store cannot be reached, with ``on_failure="raise"``: only this
                process pauses.
            WrongLoopError: It belongs to another event loop or process.
        """
        self._claim()
        self._pause.extend(seconds)
        self._pause_requested_until = max(self._pause_requested_until, self._now() + seconds)
        if self._local is None and (failure := await self._result(self._reserve(0))):
            raise failure

    async def usage(self) -> Mapping[str, int]:
        """Return how many permits each worker has reserved in this hour and the last one.

        Raises:
            ThrottleError: The store cannot be reached.
            WrongLoopError: It belongs to another event loop or process.
        """
        self._claim()
        try:
            return await self._store.usage()
        except Exception as error:  # noqa: BLE001 (a client of another package may raise anything)
            failure = self._failure(error)
        raise failure

    async def close(self) -> None:
        """End its tasks, and close its connections. A client that you passed stays open."""
        if self._owner.is_gone:
            self._is_closed = True  # Nothing can be closed without the loop.
        if self._is_closed:
            return
        if self._owner.loop is not None and not self._owner.is_here:
            raise self._owner.refusal()
        self._is_closed = True
        await finish(self._end())

    async def _end(self) -> None:
        await cancel([*self._tasks])
        if self._is_own:
            await self._store.close()

    async def _proceed(self) -> bool:
        """Wait for the next thing that a permit depends on; return whether it is granted."""
        self._claim()
        if self._pause.is_active():
            await self._pause.wait()
            return False
        now = self._now()
        slot = self._lease.first(now, not_before=self._pause.ends_at)
        if slot is not None and slot <= now:
            self._lease.take()
            return True
        # The slot stays where it is, so that a cancelled waiter loses none.
        wait_until = self._lease.next_request if slot is None else slot
        if slot is None and self._local is not None:
            await self._local.acquire()
            return not self._pause.is_active()
        if wait_until > now:
            await asyncio.sleep(wait_until - now)
            return False
        await self._wait_for_trip()
        return False

    async def _wait_for_trip(self) -> None:
        """Wait until a round trip has ended: the one that a cancelled waiter began, or a new one."""
        if self._trip is None or self._trip.done():
            self._trip = self._start(self._reserve(self._lease.want))
        if failure := await self._result(self._trip):
            raise failure

    async def _result(
        self, trip: Coroutine[Any, Any, ThrottleError | None] | asyncio.Task[ThrottleError | None]
    ) -> ThrottleError | None:
        """Return the result of a round trip, which a cancelled waiter does not cancel."""
        task = trip if isinstance(trip, asyncio.Task) else self._start(trip)
        await asyncio.wait({task})
        return self._closed_error() if task.cancelled() else task.result()

    async def _reserve(self, want: int) -> ThrottleError | None:
        """Make one round trip; return the error for callers if it failed."""
        sent = self._now()
        # A pause that the store knows already is over before the next request, or not extended.
        pause = max(0.0, self._pause_requested_until - sent)
        try:
            answer = await self._store.reserve(want, pause=pause, alone=self._is_alone)
        except Exception as error:  # noqa: BLE001 (a client of another package may raise anything)
            failure = self._failure(error)
        else:
            self._is_alone = False
            self._connected()
            if answer.pause > 0.0:
                self._pause.extend(answer.pause)
            elif want > 0:
                slots, offset, _ = answer
                self._lease.add(slots, offset, sent=sent, received=self._now())
            return None
        self._lease.forget_distance()
        if self._raises:
            return failure
        if self._local is None:
            await self._disconnected(failure)
        return None

    async def _disconnected(self, failure: ThrottleError) -> None:
        """Grant permits without the store, and try to reach it again beside the calls."""
        rate = self.rate_limit.rate / self._processes
        burst = max(1, self.rate_limit.burst // self._processes)
        _log.warning(
            "%s. This process sends %g requests per second by itself until it can",
            failure.reason,
            rate,
            extra={"portone_throttle": self._name, "portone_rate": rate},
        )
        limiter = AsyncLimiter(burst, burst / rate)
        # No credit: the store has granted permits a moment ago. It does not wait.
        await limiter.acquire(burst)
        self._local, self._is_alone = limiter, True
        _ = self._start(self._reconnect())

    def _connected(self) -> None:
        if self._local is not None:
            self._local = None
            fields = {"portone_throttle": self._name}
            _log.info("the throttle %r has reached its store again", self._name, extra=fields)

    async def _reconnect(self) -> None:
        while self._local is not None:
            await asyncio.sleep(_RETRY_AFTER)
            await self._reserve(self._lease.want)

    def _start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _claim(self) -> None:
        """Check that the throttle can be used here, and claim it on first use."""
        if self._is_closed:
            raise self._closed_error()
        if not self._owner.is_here:
            with self._owner.claim():
                pass

    def _failure(self, error: Exception) -> ThrottleError:
        # Only the class: the text may be of a server, or contain its address.
        return ThrottleError(
            f"the throttle {self._name!r} cannot reach its store ({type(error).__name__})"
        )

    def _closed_error(self) -> ThrottleError:
        error = ThrottleError(f"the throttle {self._name!r} is closed")
        error.advice = "Close it after all of its clients."
        return error

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _validate(rate_limit: object, name: object, processes: object, on_failure: object) -> None:
    if not isinstance(rate_limit, RateLimit):
        raise InvalidRequestError("rate_limit must be a RateLimit")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise InvalidRequestError("name must be 1 to 64 letters, digits, '_', '.' or '-' (ASCII)")
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise InvalidRequestError(f"processes must be a whole number, 1 or more: {processes!r}")
    if on_failure not in get_args(OnFailure):
        raise InvalidRequestError(f"on_failure must be 'local' or 'raise', not {on_failure!r}")
