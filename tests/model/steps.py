"""The cancellation of a task at a chosen await."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from .plan import Cancel

__all__ = ("cancelled_at",)

T = TypeVar("T")


async def cancelled_at(work: Coroutine[Any, Any, T], cancel: Cancel | None) -> T:
    """Await ``work``; cancel the task at one of the awaits in which it suspends."""
    return await work if cancel is None else await _Steps(work, cancel)


class _Steps:
    """Awaits a coroutine, and counts its suspensions."""

    def __init__(self, work: Coroutine[Any, Any, T], cancel: Cancel) -> None:
        self._work = work
        self._cancel = cancel

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        number = 0
        error: BaseException | None = None
        while True:
            try:
                awaited = next(steps) if error is None else steps.throw(error)
            except StopIteration as stop:
                return stop.value
            number += 1
            if number == self._cancel.await_number:
                self._cancel_at(awaited)
            try:
                yield awaited
                error = None
            except BaseException as thrown:  # noqa: BLE001 (it goes on to the coroutine)
                error = thrown

    def _cancel_at(self, awaited: asyncio.Future[Any] | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        match self._cancel.when:
            case "with the result" if awaited is not None:
                # This callback runs before the one that wakes the task up.
                awaited.add_done_callback(lambda _: task.cancel())
            case "later":
                asyncio.get_running_loop().call_later(self._cancel.seconds, task.cancel)
            case _:
                task.cancel()
