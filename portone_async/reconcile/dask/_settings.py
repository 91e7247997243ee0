"""What a driver sends to each worker: names and numbers, without a key or an address."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.reconcile.confirmation import Confirm

from ._named import validate_name

OnFailure = Literal["local", "raise"]

__all__ = ("Settings", "SharedRate", "validate_count")


class SharedRate(Struct, frozen=True):
    """A rate limit that the workers share: a :class:`SharedTokenBucket` in each of them.

    It needs the extra ``valkey`` on the workers.
    """

    name: str
    """The name of the limit: all that pass the same name share it."""
    store: str = "VALKEY_URL"
    """The environment variable of the workers that has the URL of the Valkey or Redis server; or
    ``"module:function"``, which returns the URL or a client."""
    processes: int | None = None
    """How many processes share it, at most; the workers of this run by default."""

    on_failure: OnFailure = "local"
    """Without the store, send at a share of the rate, or raise :class:`ThrottleError`."""

    def __post_init__(self) -> None:
        validate_name("store", self.store)
        if self.processes is not None:
            validate_count("processes", self.processes)


class Settings(Struct, frozen=True, kw_only=True):
    """What a worker needs for a run."""

    run: str
    client: str | None
    orders: str
    ledger: str
    confirm: Confirm
    rate_limit: RateLimit
    shared_rate: SharedRate | None
    workers: int
    at_once: int
    owns_process: bool
    """Whether the process of a worker belongs to this run, so that its signals can be set."""


def validate_count(argument: str, count: object) -> int:
    """Check that a number is a whole one, 1 or more.

    Raises:
        InvalidRequestError: It is something else.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InvalidRequestError(f"{argument} must be a whole number of 1 or more, not {count!r}")
    return count
