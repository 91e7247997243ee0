"""The store of a shared throttle: a Valkey or Redis server, and the script that it runs."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from portone_async._redact import Secret
from portone_async.errors import InvalidRequestError

from ._schedule import LONGEST, Schedule

__all__ = ("Answer", "Store", "StoreClient", "connect", "validate_client")

SCRIPT = files("portone_async.throttle.valkey").joinpath("reserve.lua").read_text("utf-8")
# Seconds for a connection, and for each reply. A shorter one expires by itself on a busy machine;
# with a longer one, calls stand still for longer when a server hangs.
_TIMEOUT = 1.0
_HOUR = 3600


@runtime_checkable
class StoreClient(Protocol):
    """The methods of ``redis.asyncio.Redis``, or ``valkey.asyncio.Valkey``, that are used."""

    def register_script(self, script: Any, /) -> Any: ...
    def hgetall(self, name: Any, /) -> Any: ...
    async def aclose(self) -> None: ...


class Answer(NamedTuple):
    """The result of one round trip."""

    slots: int
    """The number of slots reserved."""
    offset: float
    """Seconds from the server's now to the first slot, or until the next request can succeed."""
    pause: float
    """Seconds of the pause that are left."""


def connect(url: Secret) -> StoreClient:
    """Return a client for a URL. It connects on first use, and sends nothing twice.

    Raises:
        InvalidRequestError: The URL is not one of a Redis or Valkey server.
    """
    try:
        from_url = cast(Callable[..., StoreClient], Redis.from_url)  # pyright: ignore[reportUnknownMemberType]  # of any keywords
        # Both timeouts: without the second one a connection may take for ever.
        return from_url(
            # "valkey://" and "valkeys://" are URLs of the same servers.
            f"redis{url[6:]}" if url.startswith("valkey") else str(url),
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            # A repeated request would reserve the permits twice.
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        pass  # Its text may contain the password.
    raise InvalidRequestError("store must be a URL as in redis://host:6379/0, or a client object")


def validate_client(client: object) -> StoreClient:
    """Return a client that a caller passed.

    Raises:
        InvalidRequestError: It is not an asynchronous client of redis-py or valkey-py.
    """
    # A synchronous one has no aclose().
    if isinstance(client, StoreClient):
        return client
    raise InvalidRequestError("store must be a URL, or a client of redis.asyncio")


class Store:
    """Reserves slots at the server.

    Args:
        client: The client that sends the requests.
        name: The name of the throttle, a part of the keys.
        worker: The name under which the permits of this process are counted; host and process id
            by default.
        schedule: The times that the script calculates with.
    """

    def __init__(
        self, client: StoreClient, name: str, worker: str | None, schedule: Schedule
    ) -> None:
        self._client = client
        self._worker = worker
        self._schedule = schedule
        # A part in braces: on a cluster both keys must be on the same server.
        self._prefix = f"{{portone_async:{name}}}"
        self._run: Callable[..., Awaitable[Any]] = client.register_script(SCRIPT)

    async def reserve(self, want: int, *, pause: float, alone: bool) -> Answer:
        """Reserve up to ``want`` slots, in one round trip.

        Args:
            want: The number of slots; 0 only to pause.
            pause: Seconds that no process may send; 0 for none.
            alone: Whether permits were granted without the store since the last request.

        Raises:
            Exception: What the client raises: it may be of another package than redis.
        """
        schedule = self._schedule
        keys = [f"{self._prefix}:rate", next(self._usage_keys())]
        args = [
            *(schedule.interval, schedule.tau, want, schedule.horizon),
            *(_microseconds(min(pause, LONGEST)), _microseconds(LONGEST), int(alone)),
            self._worker or self._default_worker,
        ]
        slots, offset, left = await self._run(keys=keys, args=args)
        return Answer(int(slots), int(offset) / 1e6, int(left) / 1e6)

    async def usage(self) -> Mapping[str, int]:
        """Return the number of slots reserved by each worker in this hour and the last one."""
        permits: dict[str, int] = {}
        for key in self._usage_keys():
            # Bytes, or text if the client decodes.
            counts: Mapping[bytes | str, bytes | str] = await self._client.hgetall(key)
            for field, count in counts.items():
                worker = field.decode() if isinstance(field, bytes) else field
                permits[worker] = permits.get(worker, 0) + int(count)
        return permits

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @cached_property
    def _default_worker(self) -> str:
        # On first use: it may be made before a fork.
        return f"{socket.gethostname()}:{os.getpid()}"

    def _usage_keys(self) -> Iterator[str]:
        # By hour, so that the names of processes that ended long ago expire.
        hour = int(time.time()) // _HOUR
        yield f"{self._prefix}:usage:{hour}"
        yield f"{self._prefix}:usage:{hour - 1}"


def _microseconds(seconds: float) -> int:
    return int(seconds * 1e6)
