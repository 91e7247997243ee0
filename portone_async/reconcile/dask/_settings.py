"""The settings that a driver sends to each worker: names and numbers, no keys, no addresses."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.reconcile.confirmation import Confirm
from portone_async.reconcile.partition import Again

from ._named import is_name, validate_name

OnFailure = Literal["local", "raise"]

__all__ = ("Settings", "SharedRate", "validate_count")


class SharedRate(Struct, frozen=True):
    """A rate limit that the workers share: a :class:`SharedTokenBucket` in each of them.

    It needs the extra ``valkey`` on the workers.
    """

    name: str
    """The name of the limit: processes that pass the same name share it."""
    store: str = "VALKEY_URL"
    """The environment variable of the workers that has the URL of the Valkey or Redis server; or
    ``"module:function"``, which returns the URL or a client."""
    processes: int | None = None
    """The largest number of processes that share it; by default the workers of this run."""
    on_failure: OnFailure = "local"
    """Without the store, send at ``rate / processes`` (``"local"``), or raise
    :class:`ThrottleError` (``"raise"``)."""

    def __post_init__(self) -> None:
        if not is_name(self.store):
            # It may be an address with a password, and a traceback shows this object.
            force_setattr(self, "store", "")
        validate_name("store", self.store)
        if self.processes is not None:
            validate_count("processes", self.processes)


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a run on a worker."""

    run: str
    client: str | None
    orders: str
    ledger: str
    confirm: Confirm
    again: Again = False
    rate_limit: RateLimit
    shared_rate: SharedRate | None
    workers: int
    at_once: int
    owns_process: bool
    """Whether the process of a worker belongs to this run, so that its signals can be set."""


def validate_count(argument: str, count: object) -> int:
    """Check that a number is an integer of 1 or more.

    Raises:
        InvalidRequestError: It is something else.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InvalidRequestError(f"{argument} must be a whole number of 1 or more, not {count!r}")
    return count
