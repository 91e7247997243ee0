"""A shared throttle in virtual time, on a model of its store."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import InvalidRequestError, RateLimit, Throttle, ThrottleError, WrongLoopError
from portone_async.throttle.valkey import SharedTokenBucket
from tests.support.gcra import Gcra, ModelStore
from tests.support.idle import turns
from tests.support.virtual_time import VirtualLoop, run, virtual_time

DOWN = ConnectionError("Error 111 connecting to 10.0.0.1:6379 with password planted-secret")


def now() -> float:
    return asyncio.get_running_loop().time()


def stall(seconds: float) -> None:
    """Advance the clock while the loop runs nothing."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stall(seconds)


def bucket(
    store: ModelStore, rate: float = 50, burst: int = 5, **options: Any
) -> SharedTokenBucket:
    options = {"name": "shop", "processes": 4, **options}
    return SharedTokenBucket(store, RateLimit(rate, burst), **options)


async def grants(throttle: Throttle, count: int, tasks: int = 4) -> list[float]:
    """Acquire ``count`` permits with some tasks; return when each was granted."""
    times: list[float] = []

    async def work() -> None:
        while len(times) < count:
            await throttle.acquire()
            times.append(now())

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(work())
    return times


def most_in_a_window(times: list[float], seconds: float) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)


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


# Without the store


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


# Arguments, loops and the end


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "상점"}, "name"),
        ({"processes": 0}, "processes"),
        ({"processes": True}, "processes"),
        ({"processes": 1.5}, "processes"),
        ({"on_failure": "ignore"}, "on_failure"),
        ({"rate": 0.001}, "rate must be at least"),
    ],
)
def test_invalid_argument_is_rejected(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        bucket(ModelStore(), **changes)


@pytest.mark.parametrize("store", ["planted-secret", "http://:planted-secret@h", 5, object()])
def test_invalid_store_is_rejected_without_its_text(store: Any) -> None:
    with pytest.raises(InvalidRequestError, match="store must be a URL") as caught:
        SharedTokenBucket(store, RateLimit(), name="shop", processes=1)
    assert caught.value.__context__ is None
    assert "planted" not in str(caught.value)


def test_rate_limit_must_be_one() -> None:
    with pytest.raises(InvalidRequestError, match="RateLimit"):
        SharedTokenBucket(ModelStore(), 50, name="shop", processes=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point


def test_it_fulfils_the_protocol() -> None:
    throttle = bucket(ModelStore())
    assert isinstance(throttle, Throttle)
    assert repr(throttle) == ("SharedTokenBucket('shop', RateLimit(rate=50, burst=5), processes=4)")
    assert throttle.rate_limit == RateLimit(50, 5)


USES: list[Callable[[SharedTokenBucket], Any]] = [
    lambda throttle: throttle.acquire(),
    lambda throttle: throttle.pause(1),
    lambda throttle: throttle.usage(),
]


@pytest.mark.parametrize("use", USES, ids=["acquire", "pause", "usage"])
def test_second_loop_raises_wrong_loop_error(use: Callable[[SharedTokenBucket], Any]) -> None:
    throttle = bucket(ModelStore())
    first = VirtualLoop()
    try:
        first.run_until_complete(throttle.acquire())
        with pytest.raises(WrongLoopError, match="this SharedTokenBucket belongs to another"):
            run(use(throttle))
        with pytest.raises(WrongLoopError):
            run(throttle.close())
    finally:
        first.close()
    with pytest.raises(WrongLoopError, match="closed"):
        run(use(throttle))
    run(throttle.close())  # There is nothing left to close.


@pytest.mark.parametrize("use", USES, ids=["acquire", "pause", "usage"])
@virtual_time
async def test_closed_throttle_raises_throttle_error(
    use: Callable[[SharedTokenBucket], Any],
) -> None:
    store = ModelStore()
    async with bucket(store) as throttle:
        await throttle.acquire()
    await throttle.close()
    with pytest.raises(ThrottleError, match="'shop' is closed"):
        await use(throttle)
    assert not store.is_closed  # Its owner closes it.


@pytest.mark.parametrize("down", [False, True])
@virtual_time
async def test_close_ends_all_tasks_and_waiters(down: bool) -> None:
    store = ModelStore(0.05)
    throttle = bucket(store, 10, 1)
    await throttle.acquire()
    store.error = DOWN if down else None
    waiting = [asyncio.create_task(throttle.acquire()) for _ in range(3)]
    await asyncio.sleep(0.2 if down else 0.06)
    await throttle.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    # A slot or a share that is slept for may be granted first.
    assert isinstance(results[-1], ThrottleError)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_usage_adds_two_hours() -> None:
    store = ModelStore()
    throttle = bucket(store, worker="web-1")
    await grants(throttle, 3, tasks=1)
    assert await throttle.usage() == {"web-1": 6}  # The model returns the same for both hours.
    await throttle.close()
