"""An event loop in a thread, and the threads that wait for coroutines in it.

Made of asyncio's own parts. The blocking portal of anyio does the same, but it cancels a coroutine
again at each of its awaits, also while it cleans up; and it takes twice as long per call.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import wait as wait_for
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from portone_async.errors import ClientClosedError, WrongLoopError

from ._caller import Caller

__all__ = ("LoopThread", "User")

T = TypeVar("T")


class User(Protocol):
    """An object whose connections are open in a loop."""

    async def close(self) -> None:
        """Close them, in the loop."""

    def abandon(self) -> None:
        """Leave them to the parent, in a forked child."""


class LoopThread:
    """An event loop that runs in a daemon thread until :meth:`stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: set[_Work[Any]] = set()
        self._is_stopped = False
        self.users: set[User] = set()
        """What is open in it. In a forked child the frames of the thread, which never end, keep these
        from being collected: their finalizers would reach into the selector of the parent."""
        self.is_exiting = False
        """Whether the interpreter is: then Python 3.12 refuses to start the thread in which asyncio
        waits for those of its executor, which have ended before."""
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=self._serve, args=(started,), name="portone_async.blocking", daemon=True
        )
        self._thread.start()
        self._loop, self._stop = started.result()

    def _serve(self, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        try:
            with asyncio.Runner() as runner:
                stop = asyncio.Event()
                started.set_result((runner.get_loop(), stop))
                runner.run(stop.wait())
        except BaseException as error:
            # Of the start: no file is left for the loop, for example.
            if not started.done():
                started.set_exception(error)
            elif not (self.is_exiting and isinstance(error, RuntimeError)):
                raise
        finally:
            with self._lock:
                self._is_stopped = True
            for work in [*self._works]:
                work.abandon()

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is that of the loop."""
        return threading.current_thread() is self._thread

    def run(self, coroutine: Coroutine[Any, Any, T], caller: Caller | None = None) -> T:
        """Run a coroutine in the loop, in the context of the calling thread, and wait for it.

        What interrupts the wait, as a ``KeyboardInterrupt`` does, cancels the coroutine.

        Args:
            coroutine: The coroutine.
            caller: Runs what the coroutine requests in the calling thread meanwhile.

        Raises:
            ClientClosedError: The loop was stopped.
            WrongLoopError: The calling thread is that of the loop, which would wait for itself.
        """
        work = _Work(coroutine, self._works.discard)
        try:
            self._submit(work)
            task = work.ended.result() if caller is None else caller.serve(work.ended)
        except BaseException:
            self._cancel(work)
            raise
        if task is None or task.cancelled():
            raise _ended()
        error = task.exception()
        if error is None:
            return task.result()
        try:
            raise error
        finally:
            del error, task, work  # They hold the error, whose traceback has this frame.

    def start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine in the loop without waiting for it. Safe in a finalizer, in any thread."""
        try:
            # Without the lock, which this thread may hold.
            self._loop.call_soon_threadsafe(_Work(coroutine, self._works.discard).start)
        except RuntimeError:  # The loop is closed.
            coroutine.close()

    def stop(self, *, timeout: float | None) -> None:
        """End the loop, cancel what is in it, and wait for it, unless this is its own thread."""
        with self._lock:
            if not self._is_stopped:
                self._is_stopped = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self.join(timeout)

    def join(self, timeout: float | None) -> None:
        """Wait for the end of the loop, unless this is its own thread."""
        if not self.is_here:
            self._thread.join(timeout)

    def _submit(self, work: _Work[Any]) -> None:
        if self.is_here:
            raise WrongLoopError(
                "a blocking client was called in its own event loop, by an observer for example, "
                "and would wait for itself"
            )
        with self._lock:
            if self._is_stopped:
                raise _ended()
            self._works.add(work)
            self._loop.call_soon_threadsafe(work.start)

    def _cancel(self, work: _Work[Any]) -> None:
        """Cancel a coroutine and wait for its end."""
        with self._lock:
            if self.is_here or self._is_stopped:
                # Never begun, or ended by the loop's thread.
                work.abandon()
            else:
                self._loop.call_soon_threadsafe(work.cancel)
        wait_for([work.ended])


class _Work(Generic[T]):
    """A coroutine that a thread waits for. Its methods run in the loop."""

    def __init__(
        self, coroutine: Coroutine[Any, Any, T], forget: Callable[[_Work[Any]], None]
    ) -> None:
        self._coroutine = coroutine
        self._forget = forget
        self._task: asyncio.Task[T] | None = None
        self.ended: Future[asyncio.Task[T] | None] = Future()
        """The task once it is done; ``None`` if it was never begun, or never ended."""

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # Retrieved here: the thread may not wait any more.
        self._forget(self)
        self._end(task)

    def cancel(self) -> None:
        if self._task is None:
            self.abandon()
        else:
            self._task.cancel()

    def abandon(self) -> None:
        """End the wait for a coroutine that does not run."""
        if self._task is None:
            self._coroutine.close()
        self._end(None)

    def _end(self, task: asyncio.Task[T] | None) -> None:
        with suppress(InvalidStateError):  # It was ended by the other thread.
            self.ended.set_result(task)


def _ended() -> ClientClosedError:
    return ClientClosedError("this client was closed, or its event loop has ended")
