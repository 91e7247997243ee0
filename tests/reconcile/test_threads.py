"""Blocking functions in threads, and what a cancellation leaves of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from portone_async import PortOneClient, PortOneError, RateLimit
from portone_async.reconcile import SQLiteLedger, Store, reconcile, reconcile_partition
from portone_async.reconcile._threads import in_thread
from portone_async.reconcile.dask._open import ledger_of
from portone_async.reconcile.dask._settings import Settings
from tests.support.partition_orders import plan_of


class Blocked:
    """A function that waits in its thread until it is released."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._loop = asyncio.get_running_loop()
        self._entered = asyncio.Event()
        self._released = threading.Event()
        self.returned: list[Any] = []

    def __call__(self, *args: Any, **options: Any) -> Any:
        self._loop.call_soon_threadsafe(self._entered.set)
        self._released.wait()
        self.returned.append(self._function(*args, **options))
        return self.returned[-1]

    async def cancel(self, call: Coroutine[Any, Any, Any], *, times: int = 1) -> None:
        """Cancel a call while it waits for this function, then release the function."""
        task = asyncio.create_task(call)
        await self._entered.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
        self._released.set()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_cancelled_step_ends_before_its_caller(times: int) -> None:
    blocked = Blocked(lambda: "written")

    await blocked.cancel(in_thread(blocked), times=times)

    assert blocked.returned == ["written"]


async def test_error_of_a_cancelled_step_is_not_logged_as_lost() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    blocked = Blocked(fail)

    await blocked.cancel(in_thread(blocked))  # The fixture of all tests reads asyncio's log.


async def _reconcile(client: PortOneClient, folder: Path) -> None:
    await reconcile(client, [])


async def _reconcile_partition(client: PortOneClient, folder: Path) -> None:
    with SQLiteLedger.open(folder / "ledger.db", run="november") as ledger:
        ledger.claim(plan := plan_of(1))
        await reconcile_partition(client, next(iter(plan)), lambda _: [], ledger)


async def _reconcile_with_dask(client: PortOneClient, folder: Path) -> None:
    settings = Settings(
        run="november",
        client=None,
        orders="module:orders",
        ledger=f"file:{folder / 'ledger.db'}",
        confirm="single",
        rate_limit=RateLimit(),
        shared_rate=None,
        workers=1,
        at_once=1,
        owns_process=False,
    )
    async with ledger_of(settings):
        pytest.fail("it was cancelled before")


@pytest.mark.parametrize(
    ("run", "opener"),
    [(_reconcile, Store), (_reconcile_partition, Store), (_reconcile_with_dask, SQLiteLedger)],
)
async def test_file_that_opens_during_a_cancellation_is_closed(
    client: PortOneClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[[PortOneClient, Path], Coroutine[Any, Any, None]],
    opener: Any,
) -> None:
    blocked = Blocked(opener.open)
    monkeypatch.setattr(opener, "open", blocked)

    await blocked.cancel(run(client, tmp_path))

    (opened,) = blocked.returned
    with pytest.raises(PortOneError, match="closed database"):
        opened.summary()
