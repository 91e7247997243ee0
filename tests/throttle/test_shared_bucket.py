"""A shared throttle in virtual time: its rate, its pauses, and cancelled waiters."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gcra import ModelStore
from tests.support.idle import turns
from tests.support.shared_bucket import DOWN, bucket, grants, most_in_a_window, now, stall
from tests.support.virtual_time import run, virtual_time


@given(
    st.floats(1, 2000),
    st.integers(1, 50),
    st.integers(1, 5),
    st.floats(0, 0.05),
    st.sampled_from([0.1, 1.0, 3.0]),
)
def test_no_window_of_all_processes_exceeds_the_limit(
    rate: float, burst: int, processes: int, distance: float, seconds: float
) -> None:
    async def main() -> list[float]:
        stores = [ModelStore(distance) for _ in range(processes)]
        for store in stores:
            store.model = stores[0].model
        buckets = [bucket(store, rate, burst, processes=processes) for store in stores]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(grants(each, 40)) for each in buckets]
        for each in buckets:
            await each.close()
        return sorted(time for task in tasks for time in task.result())

    # The burst of 1 is treated as one of 2; a turn of the loop takes virtual microseconds.
    bound = rate * (seconds + 0.002) + max(burst, 2)
    assert most_in_a_window(run(main()), seconds) <= bound + 1e-6


@pytest.mark.parametrize(("distance", "rate"), [(0.0, 50), (0.01, 50), (0.01, 1000), (0.015, 50)])
@virtual_time
async def test_one_process_reaches_the_rate_however_far_the_store_is(
    distance: float, rate: float
) -> None:
    store = ModelStore(distance)
    throttle = bucket(store, rate, burst=max(5, int(rate / 10)))
    times = await grants(throttle, int(rate * 10))

    assert len(times) / (times[-1] - times[0]) == pytest.approx(rate, rel=0.05)
    if distance == 0:
        assert store.trips <= len(times) + 5
    await throttle.close()


@virtual_time
async def test_waiting_processes_get_equal_shares() -> None:
    stores = [ModelStore(distance) for distance in (0, 0.001, 0.002, 0.005)]
    for store in stores:
        store.model = stores[0].model
    tasks = [asyncio.create_task(grants(bucket(store), 10_000)) for store in stores]
    await asyncio.sleep(20)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    counts = [sum(store.usage.values()) for store in stores]

    assert sum(counts) >= 900
    assert min(counts) >= 0.8 * sum(counts) / 4
    assert max(counts) <= 1.2 * sum(counts) / 4


@virtual_time
async def test_permits_are_fifo_except_for_token_fetches() -> None:
    throttle = bucket(ModelStore(), 1, 1)
    order: list[str] = []

    async def acquire(name: str, **options: bool) -> None:
        await throttle.acquire(**options)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(acquire("first"))
        await turns(5)
        group.create_task(acquire("second"))
        await turns(5)
        group.create_task(acquire("third"))
        await turns(5)
        group.create_task(acquire("token", priority=True))
    assert order == ["first", "second", "token", "third"]
    await throttle.close()


# Pauses


@virtual_time
async def test_pause_of_one_process_stops_all_others() -> None:
    one, other = ModelStore(), ModelStore()
    other.model = one.model
    pausing, sending = bucket(one), bucket(other)
    work = asyncio.create_task(grants(sending, 100))
    await asyncio.sleep(0.5)
    paused_at = now()
    await pausing.pause(2)
    times = await work

    # One permit had been reserved before.
    assert sum(paused_at < time < paused_at + 2 for time in times) <= 1
    assert most_in_a_window([time for time in times if time >= paused_at + 2], 0.02) <= 2


@virtual_time
async def test_pause_voids_reserved_slots_of_its_own_process() -> None:
    store = ModelStore(0.05)
    throttle = bucket(store, 100, 10)
    await grants(throttle, 30)  # It reserves eleven at once now.
    await throttle.pause(3)
    paused_at = now()
    (time,) = await grants(throttle, 1, tasks=1)
    assert time >= paused_at + 2.8  # The round trip of the pause itself is a part of it.


@virtual_time
async def test_slots_reserved_before_a_pause_are_void_after_it() -> None:
    store = ModelStore(0.1)
    throttle = bucket(store, 10, 20)
    for _ in range(20):
        await throttle.acquire()  # It reserves three at once now, each void after a second.
    while len(throttle._lease._slots) < 2:
        await throttle.acquire()
    paused_at = now()
    await throttle.pause(0.4)
    await throttle.acquire()
    # Until the pause ends at the store, and one more round trip.
    assert now() >= paused_at + 0.6 + 0.2


@virtual_time
async def test_pause_without_the_store_is_sent_once_it_is_back() -> None:
    store = ModelStore()
    throttle = bucket(store)
    store.error = DOWN
    await throttle.pause(60)
    assert not store.requests
    store.error = None
    await asyncio.sleep(6)
    assert store.model.paused_until == pytest.approx((now() + 54) * 1e6, abs=1e4)
    await throttle.close()


@virtual_time
async def test_long_pause_is_shared_for_ten_minutes_and_kept_here() -> None:
    store, other = ModelStore(), ModelStore()
    other.model = store.model
    started = now()
    await bucket(store).pause(1000)
    await bucket(other).acquire()
    assert now() - started == pytest.approx(600, abs=1)


# Cancellation


@given(st.randoms(use_true_random=False), st.sampled_from([0.0, 0.003, 0.02]))
@virtual_time
async def test_cancelled_waiters_lose_no_permit(rng: random.Random, distance: float) -> None:
    store = ModelStore(distance)
    throttle = bucket(store, 10, 4, processes=1)
    served: list[float] = []

    async def ask() -> None:
        await throttle.acquire()
        served.append(now())

    started = now()
    tasks = [asyncio.create_task(ask()) for _ in range(30)]
    for number in rng.sample(range(30), 20):
        await asyncio.sleep(rng.choice([0, 0, 0.01, distance / 2]))
        await turns(rng.randrange(4))
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    # As fast as if only the served ones had waited.
    assert served[-1] - started <= (len(served) - 1) / 10 + 0.4 + 4 * distance
    assert sum(store.usage.values()) <= len(served) + 1
    await throttle.close()


@pytest.mark.parametrize("distance", [0.0, 0.01])
@pytest.mark.parametrize("down", [False, True])
def test_acquire_can_be_cancelled_at_every_await(down: bool, distance: float) -> None:
    async def main(at: int) -> bool:
        """Cancel at one suspension; return whether the acquisition had ended before."""
        store = ModelStore(distance)
        throttle = bucket(store, 20, 1, processes=1)
        await throttle.acquire()
        store.error = DOWN if down else None
        task = asyncio.create_task(throttle.acquire())
        for _ in range(at):
            await asyncio.sleep(0.002)
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        has_ended = result is None
        assert has_ended or isinstance(result, asyncio.CancelledError)
        started = now()
        await throttle.acquire()  # The next one works at once, and its permit is not lost.
        assert now() - started <= 0.2
        await throttle.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return has_ended

    ends = [run(main(at)) for at in range(80)]
    assert not ends[0]
    assert ends[-1]


@virtual_time
async def test_slot_of_a_stalled_loop_is_void() -> None:
    store = ModelStore(0.01)
    throttle = bucket(store, 100, 10)
    await grants(throttle, 20)
    reserved = sum(store.usage.values())
    stall(10)  # Its slots are ten seconds old.
    await throttle.acquire()
    assert sum(store.usage.values()) > reserved


@virtual_time
async def test_answer_that_waited_for_a_busy_loop_is_void() -> None:
    store = ModelStore()
    throttle = bucket(store, 100, 10)
    await grants(throttle, 20)
    await asyncio.sleep(1)
    trips = store.trips
    task = asyncio.create_task(throttle.acquire())
    store.distance = 1e-9
    while store.trips == trips:
        await asyncio.sleep(0)
    stall(1)
    await task
    assert store.trips > trips + 1
