"""Steps and tasks that end before their caller does."""

from __future__ import annotations

import asyncio

import pytest

from portone_async._tasks import cancel, finish
from tests.support.idle import turns


class Cleanup:
    """A coroutine that takes some turns of the loop to end when it is cancelled."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.is_over = False

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await turns(20)
            self.is_over = True
            if self._error is not None:
                raise self._error


async def test_step_that_is_cancelled_itself_cancels_its_caller() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await finish(cancelled())


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_cancelled_tasks_end_before_a_caller_that_is_cancelled(times: int) -> None:
    cleanups = [Cleanup(), Cleanup(ZeroDivisionError())]
    tasks = [asyncio.create_task(cleanup.run()) for cleanup in cleanups]
    await turns(1)
    caller = asyncio.create_task(cancel(tasks))
    for _ in range(times):
        await turns(3)
        caller.cancel()

    await asyncio.wait({caller})

    assert [cleanup.is_over for cleanup in cleanups] == [True, True]
    assert caller.cancelled() == bool(times)
