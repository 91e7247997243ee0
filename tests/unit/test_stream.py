"""Test ``Stream``: bounded concurrency, order of results, and cleanup."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import InvalidRequestError
from portone_async.resources._stream import Stream, batched
from tests.support.virtual_time import run, virtual_time


class Work:
    """Double a number after some seconds, and count the running jobs."""

    def __init__(self, seconds: Callable[[int], float] = lambda _: 1.0) -> None:
        self._seconds = seconds
        self.running = 0
        self.peak = 0
        self.started = 0

    async def __call__(self, number: int) -> tuple[int]:
        self.started += 1
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await asyncio.sleep(self._seconds(number))
            if number < 0:
                raise ValueError(number)
            return (2 * number,)
        finally:
            self.running -= 1


async def source(count: int, seconds: float = 0.0) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(seconds)
        yield number


async def read(stream: Stream[int]) -> list[int]:
    async with stream:
        return [result async for result in stream]


def only_this_task() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("is_ordered", [True, False])
@pytest.mark.parametrize("is_async", [True, False])
@given(count=st.integers(0, 30), in_flight=st.integers(1, 9), rng=st.randoms(use_true_random=False))
@virtual_time
async def test_every_job_yields_its_result_within_the_bound(
    is_ordered: bool, is_async: bool, count: int, in_flight: int, rng: random.Random
) -> None:
    work = Work(lambda _: rng.random())
    jobs = source(count, rng.choice([0.0, 0.1])) if is_async else range(count)
    async with Stream(jobs, work, in_flight=in_flight, is_ordered=is_ordered) as stream:
        results = [result async for result in stream]
    expected = [2 * number for number in range(count)]
    assert (results if is_ordered else sorted(results)) == expected
    assert work.peak <= in_flight
    assert only_this_task()


@virtual_time
async def test_results_arrive_in_completion_order_unless_ordered() -> None:
    for is_ordered, first in ((True, 0), (False, 4)):
        work = Work(lambda number: 10.0 - number)
        async with Stream(range(3), work, in_flight=3, is_ordered=is_ordered) as stream:
            assert await anext(stream) == first


@virtual_time
async def test_slow_source_does_not_delay_results() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with Stream(source(2, 100.0), Work(), in_flight=5, is_ordered=False) as stream:
        assert await anext(stream) == 0
        assert loop.time() - started == pytest.approx(101, abs=0.1)


@virtual_time
async def test_source_is_read_only_as_results_are_requested() -> None:
    work, taken = Work(), 0

    def jobs() -> Iterator[int]:
        nonlocal taken
        for number in range(10**9):
            taken += 1
            yield number

    stream = Stream(jobs(), work, in_flight=8, is_ordered=True)
    async with stream:
        assert work.started == 0
        for _ in range(100):
            await anext(stream)
        assert taken <= 100 + 8


@pytest.mark.parametrize("is_ordered", [True, False])
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("after", [0, 1, 5])
@virtual_time
async def test_early_exit_cancels_all_work(is_ordered: bool, is_async: bool, after: int) -> None:
    is_closed = False

    async def jobs() -> AsyncIterator[int]:
        nonlocal is_closed
        try:
            async for number in source(10**6, 0.1):
                yield number
        finally:
            is_closed = True

    work = Work(lambda number: 1.0 + number % 3)
    items = jobs() if is_async else range(10**6)
    async with Stream(items, work, in_flight=4, is_ordered=is_ordered) as stream:
        for _ in range(after):
            await anext(stream)
    assert only_this_task()
    assert work.running == 0
    assert is_closed or not is_async or after == 0


@virtual_time
async def test_cancelled_or_failing_consumer_cancels_all_work() -> None:
    work = Work(lambda _: 100.0)

    async def consume() -> None:
        await read(Stream(range(50), work, in_flight=7, is_ordered=False))

    task = asyncio.create_task(consume())
    await asyncio.sleep(1)
    assert work.running == 7
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert work.running == 0

    async def fail() -> None:
        async with Stream(range(50), Work(), in_flight=7, is_ordered=True) as stream:
            await anext(stream)
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        await fail()
    assert only_this_task()


@pytest.mark.parametrize("is_ordered", [True, False])
@virtual_time
async def test_error_in_a_job_propagates_and_cancels_the_rest(is_ordered: bool) -> None:
    work = Work()
    with pytest.raises(ValueError, match="-1"):
        await read(Stream([1, 2, -1, 3, 4], work, in_flight=2, is_ordered=is_ordered))
    assert work.running == 0
    assert only_this_task()


@pytest.mark.parametrize("is_ordered", [True, False])
@pytest.mark.parametrize("is_async", [True, False])
@virtual_time
async def test_error_in_the_source_propagates(is_async: bool, is_ordered: bool) -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise KeyError("source")

    def broken_sync() -> Iterator[int]:
        yield 1
        raise KeyError("source")

    jobs = broken() if is_async else broken_sync()
    with pytest.raises(KeyError, match="source"):
        await read(Stream(jobs, Work(), in_flight=2, is_ordered=is_ordered))
    assert only_this_task()


@pytest.mark.parametrize("is_ordered", [True, False])
@virtual_time
async def test_failed_source_is_not_read_again(is_ordered: bool) -> None:
    class Broken:
        reads = 0

        def __aiter__(self) -> Broken:
            return self

        async def __anext__(self) -> int:
            self.reads += 1
            if self.reads == 1:
                return 1
            raise KeyError("source")

    source = Broken()
    with pytest.raises(KeyError, match="source"):
        await read(Stream(source, Work(), in_flight=9, is_ordered=is_ordered))
    assert source.reads == 2


@pytest.mark.parametrize("is_ordered", [True, False])
def test_unread_errors_are_not_logged(is_ordered: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="-1"):
            await read(Stream([-1, -1, -1], Work(), in_flight=3, is_ordered=is_ordered))

    run(main())
    gc.collect()
    assert not caplog.records


def test_exit_while_the_source_is_pending_logs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with Stream(source(2, 100.0), Work(), in_flight=3, is_ordered=False) as stream:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(stream)

    run(main())
    gc.collect()
    assert not caplog.records


@virtual_time
async def test_source_is_closed_although_leaving_is_cancelled() -> None:
    events: list[str] = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(10)
            events.append("closed")

    async def leave() -> None:
        async with Stream(source(), Work(), in_flight=3, is_ordered=True) as stream:
            await anext(stream)

    leaving = asyncio.create_task(leave())
    await asyncio.sleep(5)  # The result takes 1 second, and the end of the source 10.
    leaving.cancel()
    await asyncio.wait({leaving})

    assert leaving.cancelled()
    assert events == ["closed"]
    assert only_this_task()


@virtual_time
async def test_stream_is_usable_only_inside_its_block() -> None:
    stream = Stream(range(3), Work(), in_flight=2, is_ordered=True)
    with pytest.raises(InvalidRequestError, match="async with"):
        await anext(stream)
    async with stream:
        await anext(stream)
    with pytest.raises(InvalidRequestError, match="async with"):
        await anext(stream)


@given(st.lists(st.integers(1, 150), max_size=60), st.integers(1, 10), st.integers(50, 120))
@virtual_time
async def test_batches_keep_order_and_both_bounds(
    weights: list[int], count: int, most: int
) -> None:
    batches = [batch async for batch in batched(weights, int, count=count, total=most)]
    assert [weight for batch in batches for weight in batch] == weights
    assert all(0 < len(batch) <= count for batch in batches)
    # An item above the total is a batch by itself.
    assert all(sum(batch) <= most for batch in batches if len(batch) > 1)
    for batch, following in pairwise(batches):
        # No batch has room for the next item.
        assert len(batch) == count or sum(batch) + following[0] > most


@pytest.mark.parametrize("ticks", range(6))
async def test_job_that_arrives_during_exit_is_not_started(ticks: int) -> None:
    resume = asyncio.Event()
    started: list[int] = []

    async def source() -> AsyncIterator[int]:
        yield 1
        await resume.wait()
        yield 2

    async def work(job: int) -> list[int]:
        started.append(job)
        await asyncio.sleep(0)
        return [job]

    async with Stream(source(), work, in_flight=2, is_ordered=False) as stream:
        assert await anext(stream) == 1
        resume.set()
        for _ in range(ticks):
            await asyncio.sleep(0)
        started_before_exit = started.copy()
    await asyncio.sleep(0)
    assert started == started_before_exit
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("is_ordered", [True, False])
@virtual_time
async def test_ready_results_are_taken_without_a_wait(is_ordered: bool) -> None:
    async with Stream(range(5), Work(float), in_flight=5, is_ordered=is_ordered) as stream:
        assert stream.take_ready() == []
        assert await anext(stream) == 0
        await asyncio.sleep(2.5)
        assert stream.take_ready() == [2, 4]
        assert stream.take_ready() == []
        assert [result async for result in stream] == [6, 8]


@pytest.mark.parametrize("is_ordered", [True, False])
@virtual_time
async def test_error_stays_behind_the_ready_results(is_ordered: bool) -> None:
    work = Work(lambda number: 3.0 if number < 0 else float(number))
    async with Stream([1, 2, -1, 4], work, in_flight=4, is_ordered=is_ordered) as stream:
        assert await anext(stream) == 2
        await asyncio.sleep(5)
        assert stream.take_ready() == [4]
        assert stream.take_ready() == []
        with pytest.raises(ValueError, match="-1"):
            await anext(stream)
