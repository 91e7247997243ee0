"""Deadlines that share one timer end their blocks as ``asyncio.timeout_at`` does."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async._http.deadlines import Deadlines
from tests.support.virtual_time import run, virtual_time


def moments(part: float) -> st.SearchStrategy[float]:
    """Whole seconds and a fraction, so that two kinds of events never coincide."""
    return st.integers(0, 40).map(lambda second: second + part)


TASK = st.tuples(
    moments(0.0),  # when it begins
    st.none() | moments(0.25),  # its bound
    moments(0.5),  # how long it takes
    st.none() | moments(0.75),  # when it is cancelled from outside
)


async def ends(tasks: list[Any], *, is_shared: bool) -> list[tuple[str, float]]:
    """Return how each task ended, and when."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)

    async def bounded(until: float | None, takes: float) -> None:
        if not is_shared:
            async with asyncio.timeout_at(until):
                await asyncio.sleep(takes)
            return
        with deadlines.at(until):
            await asyncio.sleep(takes)

    async def end(begins: float, bound: float | None, takes: float) -> tuple[str, float]:
        how = "done"
        try:
            await asyncio.sleep(begins)
            await bounded(None if bound is None else loop.time() + bound, takes)
        except TimeoutError:
            how = "timed out"
        except asyncio.CancelledError:
            how = "cancelled"
        return how, round(loop.time(), 3)

    running = [asyncio.create_task(end(*task[:3])) for task in tasks]
    for task, (*_, cancelled_at) in zip(running, tasks, strict=True):
        if cancelled_at is not None:
            loop.call_later(cancelled_at, task.cancel)
    await asyncio.sleep(0)
    return list(await asyncio.gather(*running))


@given(st.lists(TASK, max_size=20))
def test_deadlines_end_tasks_as_asyncio_timeout_would(tasks: list[Any]) -> None:
    assert run(ends(tasks, is_shared=True)) == run(ends(tasks, is_shared=False))


@virtual_time
async def test_ten_thousand_unreached_deadlines_set_one_timer() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    with patch.object(loop, "call_at", wraps=loop.call_at) as call_at:
        for _ in range(10_000):
            with deadlines.at(loop.time() + 30):
                pass
    assert call_at.call_count == 1


async def test_cancellation_at_the_deadline_is_not_swallowed() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    task = asyncio.current_task()
    assert task is not None

    loop.call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError), deadlines.at(loop.time()):
        await asyncio.Event().wait()

    assert task.cancelling() == 1
    task.uncancel()


async def test_task_continues_uncancelled_after_its_deadline() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    task = asyncio.current_task()
    assert task is not None

    for _ in range(3):
        with pytest.raises(TimeoutError), deadlines.at(loop.time()):
            await asyncio.Event().wait()
        assert task.cancelling() == 0
        await asyncio.sleep(0)


async def test_error_of_the_block_is_not_replaced() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("its own") from None

    with pytest.raises(ValueError, match="its own"), deadlines.at(loop.time()):
        await fail_when_cancelled()


async def test_close_cancels_the_timer_unless_a_deadline_is_pending() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    loop.call_soon(deadlines.close)
    with pytest.raises(TimeoutError), deadlines.at(loop.time() + 0.01):
        await asyncio.Event().wait()
    with deadlines.at(loop.time() + 3600):
        pass
    timer = deadlines._timer
    assert timer is not None
    deadlines.close()
    assert timer.cancelled()


@virtual_time
async def test_deadline_after_close_still_ends_its_task() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    with deadlines.at(loop.time() + 1):
        pass
    deadlines.close()
    with pytest.raises(TimeoutError), deadlines.at(loop.time() + 3600):
        await asyncio.Event().wait()


@virtual_time
async def test_task_that_ends_late_is_cancelled_once() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)

    async def end_late(until: float) -> None:
        with deadlines.at(until):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(5)

    tasks = [asyncio.create_task(end_late(loop.time() + seconds)) for seconds in (1, 2)]
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [TimeoutError, TimeoutError]


@virtual_time
async def test_last_timer_sets_no_other() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    with patch.object(loop, "call_at", wraps=loop.call_at) as call_at:
        with deadlines.at(None), pytest.raises(TimeoutError), deadlines.at(loop.time() + 30):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
    assert call_at.call_count == 1


@virtual_time
async def test_expire_ends_the_open_contexts_and_no_later_one() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    began_at = loop.time()

    async def wait(until: float | None) -> None:
        with deadlines.at(until):
            await asyncio.sleep(5.0)

    tasks = [asyncio.create_task(wait(until)) for until in (None, loop.time() + 60.0)]
    await asyncio.sleep(0)
    deadlines.expire()
    deadlines.expire()  # Cancels no task twice.
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(end) for end in ends] == [TimeoutError, TimeoutError]
    assert loop.time() < began_at + 1.0
    await wait(None)
    assert loop.time() >= began_at + 5.0
