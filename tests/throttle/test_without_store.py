"""A shared throttle that cannot reach its store, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import logging
from itertools import chain
from typing import Any

import pytest

from portone_async import ThrottleError
from portone_async.throttle.valkey import SharedTokenBucket
from tests.support.gcra import Gcra, ModelStore
from tests.support.idle import turns
from tests.support.shared_bucket import DOWN, bucket, grants, most_in_a_window, now
from tests.support.virtual_time import virtual_time


@virtual_time
async def test_process_without_the_store_sends_at_its_share(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "portone_async")
    store = ModelStore()
    throttle = bucket(store, 40, 8)
    await throttle.acquire()
    store.error = DOWN
    started = now()
    times = await grants(throttle, 100)

    assert times[0] - started >= 1 / 10  # No credit at first.
    assert 100 / (times[-1] - started) == pytest.approx(10, rel=0.1)
    assert most_in_a_window(times, 1) <= 10 + 2
    # One try every five seconds, beside the calls.
    assert store.trips <= 2 + (now() - started) / 5 + 1
    store.error = None
    await asyncio.sleep(6)
    times = await grants(throttle, 100)
    assert 100 / (times[-1] - times[0]) == pytest.approx(40, rel=0.1)
    await throttle.close()

    levels = [(record.levelname, record.name) for record in caplog.records]
    assert levels == [("WARNING", "portone_async"), ("INFO", "portone_async")]
    assert "'shop' cannot reach its store (ConnectionError)" in caplog.text
    assert "10 requests per second" in caplog.text


@virtual_time
async def test_process_that_was_alone_reports_it_once() -> None:
    store = ModelStore()
    throttle = bucket(store)
    await throttle.acquire()
    store.error = DOWN
    await throttle.acquire()
    store.error = None
    await asyncio.sleep(6)
    await grants(throttle, 5)
    assert [request.alone for request in store.requests][:3] == [False, True, False]
    await throttle.close()


@virtual_time
async def test_no_more_than_the_limit_is_sent_when_the_store_comes_back() -> None:
    stores = [ModelStore() for _ in range(4)]
    for store in stores:
        store.model = stores[0].model
    buckets = [bucket(store) for store in stores]
    tasks = [asyncio.create_task(grants(each, 600)) for each in buckets]
    for _ in range(3):
        await asyncio.sleep(3)
        for store in stores:
            store.error, store.model = DOWN, Gcra()
        await asyncio.sleep(8)
        for store in stores:  # It has lost its state.
            store.error, store.model = None, stores[0].model
    times = sorted(chain(*await asyncio.gather(*tasks)))

    # Each process may have one permit of its own while the others have the credit of the store.
    assert most_in_a_window(times, 1) <= 50 + 5 + 4
    for each in buckets:
        await each.close()


async def in_ten_seconds(buckets: list[SharedTokenBucket]) -> int:
    """Count the permits of throttles that wait all the time, after a second to begin with."""
    tasks: list[asyncio.Task[Any]] = []
    tasks += [asyncio.create_task(grants(each, 10_000)) for each in buckets]
    await asyncio.sleep(1)
    granted = 0

    async def count(throttle: SharedTokenBucket) -> None:
        nonlocal granted
        while True:
            await throttle.acquire()
            granted += 1

    for task in tasks:
        task.cancel()
    tasks += [asyncio.create_task(count(each)) for each in buckets]
    await asyncio.sleep(10)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for each in buckets:
        await each.close()
    return granted


@pytest.mark.parametrize("cut_off", [0, 1, 2, 4])
@virtual_time
async def test_processes_that_are_cut_off_add_their_shares(cut_off: int) -> None:
    stores = [ModelStore() for _ in range(4)]
    for store in stores:
        store.model = stores[0].model
    for store in stores[:cut_off]:
        store.error = DOWN
    granted = await in_ten_seconds([bucket(store, 40, 4) for store in stores])

    expected = 40 * cut_off / 4 + (40 if cut_off < 4 else 0)  # As the docstring says: up to twice.
    assert granted == pytest.approx(10 * expected, rel=0.05)


@virtual_time
async def test_different_rates_of_a_rolling_deployment_lie_between_them() -> None:
    old, new = ModelStore(), ModelStore()
    new.model = old.model
    granted = await in_ten_seconds([bucket(old, 20), bucket(new, 40)])

    assert 200 < granted < 400


@virtual_time
async def test_pause_is_kept_without_the_store() -> None:
    store = ModelStore()
    throttle = bucket(store)
    store.error = DOWN
    await throttle.pause(0.5)
    waiting = asyncio.create_task(throttle.acquire())
    await asyncio.sleep(0.45)
    trips = store.trips
    await throttle.pause(3)
    assert store.trips == trips  # The store is tried again beside the calls only.
    paused_at = now()
    await waiting
    assert now() >= paused_at + 3
    await throttle.close()


@virtual_time
async def test_store_that_fails_raises_throttle_error_if_chosen() -> None:
    store = ModelStore()
    throttle = bucket(store, on_failure="raise")
    await throttle.acquire()
    store.error = DOWN
    with pytest.raises(ThrottleError, match=r"'shop' cannot reach its store \(ConnectionError\)"):
        await throttle.acquire()
    with pytest.raises(ThrottleError) as caught:
        await throttle.pause(2)
    with pytest.raises(ThrottleError):
        await throttle.usage()
    assert not caught.value.is_transient
    assert "store" in caught.value.advice
    store.error = None
    paused_at = now()
    await throttle.acquire()
    assert now() >= paused_at + 1.9
    await throttle.close()


@virtual_time
async def test_failed_trip_of_a_cancelled_waiter_is_not_reported_as_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = ModelStore(0.01)
    throttle = bucket(store, on_failure="raise")
    store.error = DOWN
    task = asyncio.create_task(throttle.acquire())
    await turns(3)
    task.cancel()
    await asyncio.sleep(1)
    gc.collect()
    assert not caplog.records
    await throttle.close()
