"""Open the client, the throttle and the ledger that the settings of a run name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from portone_async.client import PortOneClient
from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.reconcile._shop import account_of
from portone_async.reconcile._threads import in_thread, opened_in_thread
from portone_async.reconcile.ledgers import Ledger
from portone_async.reconcile.ledgers.opening import open_ledger
from portone_async.throttle import Throttle

from ._named import find_function, is_function, read_variable, validate_name
from ._settings import Settings, SharedRate

__all__ = ("client_of", "ledger_name", "ledger_of", "local_account")

# The prefix of a path, which distinguishes it from the name of a variable.
_FILE = "file:"


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncGenerator[PortOneClient]:
    """Open the client of this environment, with the shared rate or a part of the rate."""
    make = PortOneClient.from_env
    if settings.client is not None:
        make = find_function("client", settings.client)
    async with _throttle(settings) as throttle, make(rate_limit=throttle) as client:
        yield client


async def local_account(settings: Settings) -> str | None:
    """Return the digest of the API key of workers that are processes of this machine.

    ``None`` if it is not known here: a cluster, or a function of the user, may have other keys.
    """
    if settings.client is not None or not settings.owns_process:
        return None
    try:
        client = PortOneClient.from_env()
    except InvalidRequestError:
        return None
    async with client:
        return await in_thread(account_of, client)


@asynccontextmanager
async def _throttle(settings: Settings) -> AsyncGenerator[RateLimit | Throttle]:
    limit, shared = settings.rate_limit, settings.shared_rate
    if shared is None:
        yield RateLimit(limit.rate / settings.workers, max(1, limit.burst // settings.workers))
        return
    # It needs the extra "valkey".
    from portone_async.throttle.valkey import SharedTokenBucket  # noqa: PLC0415

    processes = shared.processes or settings.workers
    store = _store(shared)
    try:
        async with SharedTokenBucket(
            store, limit, name=shared.name, processes=processes, on_failure=shared.on_failure
        ) as bucket:
            yield bucket
    finally:
        if not isinstance(store, str):  # A client, made for this throttle.
            await store.aclose()


def _store(shared: SharedRate) -> Any:
    if is_function(shared.store):
        return find_function("store", shared.store)()
    return read_variable("store", shared.store)


def ledger_name(ledger: str | Path) -> str:
    """Return the text that names a ledger in a task: a variable, a function, or a path.

    Raises:
        InvalidRequestError: It is something else, such as an address, which may have a password.
    """
    if isinstance(ledger, Path):
        return f"{_FILE}{ledger.absolute()}"
    return str(validate_name("ledger", ledger))


def ledger_of(settings: Settings) -> AbstractAsyncContextManager[Ledger]:
    """Open the ledger: SQLite at a path, PostgreSQL at an address, or what a function returns."""
    return opened_in_thread(_open_ledger, settings.ledger, settings.run)


def _open_ledger(name: str, run: str) -> Ledger:
    if is_function(name):
        return cast(Ledger, find_function("ledger", name)(run))
    source = name.removeprefix(_FILE) if name.startswith(_FILE) else read_variable("ledger", name)
    return open_ledger(source, run=run)
