"""The throttle, in virtual time."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import RateLimit, Throttle, TokenBucket, WrongLoopError
from portone_async.throttle import Unthrottled
from portone_async.throttle._semaphore import FairSemaphore
from tests.support.virtual_time import VirtualLoop, run, virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def stall(seconds: float) -> None:
    """Advance the clock while the loop runs nothing."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stall(seconds)


def most_in_a_window(times: list[float], seconds: float) -> int:
    return max(sum(start <= t < start + seconds for t in times) for start in times)


def acquire_at_once(throttle: TokenBucket | Unthrottled) -> bool:
    """Acquire a permit if there is capacity; fail if that waits all the same."""
    if not throttle.has_capacity():
        return False
    with pytest.raises(StopIteration):
        throttle.acquire_available().send(None)
    return True


async def grants(throttle: Throttle, count: int) -> list[tuple[int, float]]:
    """Acquire ``count`` permits at once; return the number of each and the time it was granted."""
    served: list[tuple[int, float]] = []

    async def ask(number: int) -> None:
        await throttle.acquire()
        served.append((number, now()))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(ask(number))
    return served


@given(st.floats(0.5, 2000), st.integers(1, 50), st.floats(0.1, 5))
def test_no_window_exceeds_rate_times_length_plus_burst(
    rate: float, burst: int, seconds: float
) -> None:
    served = run(grants(TokenBucket(RateLimit(rate, burst)), 120))
    times = [time for _, time in served]

    assert most_in_a_window(times, seconds) <= rate * seconds + burst + 1e-6
    assert [number for number, _ in served] == list(range(120))


def test_rate_is_reached() -> None:
    times = [time for _, time in run(grants(TokenBucket(RateLimit(50, 5)), 505))]

    assert times[-1] - times[0] == pytest.approx(10, rel=0.01)


def test_ten_thousand_waiters_are_served_in_order() -> None:
    served = run(grants(TokenBucket(RateLimit(10_000, 10)), 10_000))

    assert [number for number, _ in served] == list(range(10_000))


@given(st.randoms(use_true_random=False))
@virtual_time
async def test_cancelled_waiters_use_up_no_permit(rng: random.Random) -> None:
    bucket = TokenBucket(RateLimit(10, 1))
    served: list[tuple[int, float]] = []

    async def ask(number: int) -> None:
        await bucket.acquire()
        served.append((number, now()))

    started = now()
    tasks = [asyncio.create_task(ask(number)) for number in range(30)]
    doomed = set(rng.sample(range(30), 20))
    for number in rng.sample(sorted(doomed), 20):
        await asyncio.sleep(rng.choice([0, 0, 0.01]))
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    numbers = [number for number, _ in served]
    assert numbers == sorted(numbers)
    assert set(range(30)) - doomed <= set(numbers)
    # As fast as if only the served ones had waited.
    assert served[-1][1] - started <= (len(served) - 1) / 10 + 0.3


@virtual_time
async def test_pause_stops_all_permits_and_then_the_rate_continues() -> None:
    bucket = TokenBucket(RateLimit(100, 5))
    served = asyncio.create_task(grants(bucket, 30))
    await asyncio.sleep(0.1)
    paused_at = now()
    await bucket.pause(7)
    await bucket.pause(2)  # A shorter one takes nothing away.
    times = [time for _, time in await served]

    assert not [time for time in times if paused_at < time < paused_at + 7]
    assert [time for time in times if time >= paused_at + 7]
    assert most_in_a_window(times, 1) <= 105


@virtual_time
async def test_pause_before_the_first_permit_is_respected() -> None:
    bucket = TokenBucket(RateLimit())
    await bucket.pause(3)
    started = now()
    await bucket.acquire()
    assert now() - started >= 3


@virtual_time
async def test_unthrottled_waits_only_for_pauses() -> None:
    throttle = Unthrottled()
    times = [time for _, time in await grants(throttle, 1000)]
    assert times[-1] - times[0] < 0.1
    await throttle.pause(5)
    started = now()
    await throttle.acquire()
    assert now() - started >= 5


def test_bucket_in_a_second_loop_has_no_second_burst() -> None:
    bucket = TokenBucket(RateLimit(1, 10))
    first = [time for _, time in run(grants(bucket, 10))]
    second = [time for _, time in run(grants(bucket, 2))]

    assert first[-1] - first[0] < 0.1
    assert second[1] - second[0] == pytest.approx(1, abs=0.01)


def test_bucket_in_two_loops_at_once_raises_wrong_loop_error() -> None:
    bucket = TokenBucket(RateLimit())
    other = VirtualLoop()
    try:
        other.run_until_complete(bucket.acquire())
        with pytest.raises(WrongLoopError, match="another event loop"):
            run(bucket.acquire())
    finally:
        other.close()


def test_both_throttles_fulfil_the_protocol() -> None:
    assert isinstance(TokenBucket(RateLimit()), Throttle)
    assert isinstance(Unthrottled(), Throttle)
    assert "rate=7" in repr(TokenBucket(RateLimit(7)))


class Model:
    """The model of a semaphore: the tasks inside, and those that wait, in order."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.inside: list[int] = []
        self.priority: list[int] = []
        self.waiting: list[int] = []

    def settle(self) -> None:
        while (lane := self.priority or self.waiting) and len(self.inside) < self.places:
            self.inside.append(lane.pop(0))

    def all_waiting(self) -> list[int]:
        return self.priority + self.waiting

    def forget(self, number: int) -> None:
        (self.priority if number in self.priority else self.waiting).remove(number)


@given(
    st.integers(1, 4),
    st.lists(st.sampled_from(["enter", "first", "leave", "cancel", "both"])),
    st.randoms(use_true_random=False),
)
@virtual_time
async def test_semaphore_agrees_with_its_model(
    places: int, steps: list[str], rng: random.Random
) -> None:
    semaphore, model = FairSemaphore(places), Model(places)
    tasks: dict[int, asyncio.Task[None]] = {}
    entered: list[int] = []

    async def enter(number: int, first: bool) -> None:
        await semaphore.acquire(priority=first)
        entered.append(number)

    def leave() -> None:
        number = model.inside.pop(rng.randrange(len(model.inside)))
        entered.remove(number)
        semaphore.release()

    def cancel() -> None:
        number = rng.choice(model.all_waiting())
        model.forget(number)
        tasks.pop(number).cancel()

    for number, step in enumerate(steps):
        if step in ("enter", "first"):
            tasks[number] = asyncio.create_task(enter(number, step == "first"))
            (model.priority if step == "first" else model.waiting).append(number)
        elif step == "leave" and model.inside:
            leave()
        elif step == "cancel" and model.all_waiting():
            cancel()
        elif step == "both" and model.inside and model.all_waiting():
            # A place is handed over and its new owner cancelled in one tick.
            chosen = model.all_waiting()[0]
            leave()
            model.forget(chosen)
            tasks.pop(chosen).cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        model.settle()
        assert sorted(entered) == sorted(model.inside)
    for task in tasks.values():
        task.cancel()


@pytest.mark.slow
@pytest.mark.parametrize("order", ["first in first", "last in first", "random"])
@virtual_time
async def test_fifty_thousand_waiters_are_cancelled_in_any_order(order: str) -> None:
    semaphore = FairSemaphore(1)
    await semaphore.acquire()
    tasks = [asyncio.create_task(semaphore.acquire()) for _ in range(50_000)]
    await asyncio.sleep(0)
    doomed = tasks.copy()
    if order == "random":
        random.Random(1).shuffle(doomed)
    elif order == "last in first":
        doomed.reverse()
    for task in doomed:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    semaphore.release()
    await semaphore.acquire()


@virtual_time
async def test_disabled_semaphore_admits_all_waiters_and_newcomers() -> None:
    semaphore = FairSemaphore(1)
    await semaphore.acquire()
    waiting = [
        asyncio.create_task(semaphore.acquire(priority=number % 2 == 0)) for number in range(6)
    ]
    await asyncio.sleep(0)
    for task in waiting[:2]:
        task.cancel()
    semaphore.disable()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert [task.cancelled() for task in waiting] == [True] * 2 + [False] * 4
    for _ in range(100):
        assert not semaphore.locked()
        await semaphore.acquire()


@pytest.mark.parametrize("throttle", [TokenBucket(RateLimit(1, 2)), Unthrottled()])
@virtual_time
async def test_has_capacity_is_false_during_a_pause(throttle: TokenBucket | Unthrottled) -> None:
    await throttle.acquire()
    await throttle.pause(5)
    assert not acquire_at_once(throttle)
    await asyncio.sleep(4.9)
    assert not acquire_at_once(throttle)
    await asyncio.sleep(0.2)
    assert acquire_at_once(throttle)


@virtual_time
async def test_permits_without_a_wait_count_against_the_bucket() -> None:
    bucket = TokenBucket(RateLimit(1, 3))
    assert not acquire_at_once(bucket)  # It is bound to no loop yet.
    await bucket.acquire()
    assert [acquire_at_once(bucket) for _ in range(4)] == [True, True, False, False]
    await asyncio.sleep(1)
    assert acquire_at_once(bucket)
    started = now()
    await bucket.acquire()
    assert now() - started == pytest.approx(1, abs=0.01)


@virtual_time
async def test_permits_are_fifo_except_for_token_fetches() -> None:
    bucket = TokenBucket(RateLimit(1, 1))
    await bucket.acquire()
    order: list[str] = []

    async def acquire(name: str, **options: bool) -> None:
        await bucket.acquire(**options)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(acquire("first"))
        await asyncio.sleep(0.1)
        group.create_task(acquire("explicit", priority=False))
        group.create_task(acquire("plain"))
        group.create_task(acquire("token", priority=True))
    assert order == ["first", "token", "explicit", "plain"]


@virtual_time
async def test_has_capacity_is_false_while_another_task_waits() -> None:
    bucket = TokenBucket(RateLimit(1, 1))
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire())
    await asyncio.sleep(0)
    stall(5)
    assert not acquire_at_once(bucket)
    await waiting
