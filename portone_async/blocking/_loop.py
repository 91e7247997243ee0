"""An event loop in a thread, and the threads that wait for coroutines in it.

Made of asyncio's own parts. The blocking portal of anyio does the same, but it cancels a coroutine
again at each of its awaits, also while it cleans up; and it takes twice as long per call.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import wait as wait_for
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from portone_async.errors import (
    ClientClosedError,
    OutcomeUnknownError,
    PortOneError,
    WrongLoopError,
)

from ._caller import Caller

__all__ = ("LoopThread", "User")

T = TypeVar("T")


def _has_gevent() -> bool:
    """Return whether gevent has replaced the threads of Python."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


# Whether the queues and locks that this package has imported are gevent's.
_HAD_GEVENT = _has_gevent()

# Seconds that calls have to end by themselves once their client is closed. A refund whose answer
# was lost is looked up every 15 seconds at most; the next look-up fails, so that its error says
# that the outcome is unknown.
_ENDING = 20.0


class User(Protocol):
    """An object whose connections are open in a loop."""

    async def close(self) -> None:
        """Close them, in the loop."""

    def abandon(self) -> None:
        """Leave them to the parent, in a forked child."""


class LoopThread:
    """An event loop that runs in a daemon thread until :meth:`end`.

    It has no lock, which a handler of a signal that calls a client could wait for forever: its thread
    may hold it. Instead a thread adds its work before it looks whether the loop ends, and the loop
    is marked as ending before it looks which works there are.
    """

    def __init__(self) -> None:
        if _has_gevent() and not _HAD_GEVENT:
            raise _patched_late()
        self._works: set[_Work[Any]] = set()
        self._process = os.getpid()
        self._is_ending = False
        self._has_ended = False
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
        try:
            self._loop, self._stop = started.result()
        except BaseException:  # Of the start, or an interruption of this thread.
            started.add_done_callback(_end_at_once)
            raise

    def _serve(self, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        try:
            with asyncio.Runner() as runner:
                stop = asyncio.Event()
                loop = runner.get_loop()
                ending = loop.create_task(stop.wait())
                started.set_result((loop, stop))
                while not ending.done():
                    # What a task raised is its result as well. It must not end the calls of others.
                    with suppress(KeyboardInterrupt, SystemExit):
                        loop.run_until_complete(ending)
        except BaseException as error:
            # Of the start: no file is left for the loop, for example.
            if not started.done():
                started.set_exception(error)
            elif not (self.is_exiting and isinstance(error, RuntimeError)):
                raise
        finally:
            self._is_ending = self._has_ended = True
            for work in [*self._works]:
                work.abandon()

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is that of the loop."""
        return threading.current_thread() is self._thread

    def runs(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether this is its event loop."""
        return loop is self._loop

    def run(
        self,
        coroutine: Coroutine[Any, Any, T],
        caller: Caller | None = None,
        *,
        only_reads: bool = False,
    ) -> T:
        """Run a coroutine in the loop, in the context of the calling thread, and wait for it.

        What interrupts the wait, as a ``KeyboardInterrupt`` does, cancels the coroutine.

        Args:
            coroutine: The coroutine.
            caller: Runs what the coroutine requests in the calling thread meanwhile.
            only_reads: Whether it changes nothing at PortOne.

        Raises:
            ClientClosedError: The loop was stopped before, or while the coroutine only read.
            OutcomeUnknownError: The loop was stopped meanwhile, or the coroutine cancelled itself.
            WrongLoopError: The calling thread is that of the loop, which would wait for itself.
        """
        work = _Work(coroutine, self._forget)
        try:
            self._submit(work)
            task = work.ended.result() if caller is None else caller.serve(work.ended)
        except BaseException:
            self._cancel(work)
            raise
        if task is None or task.cancelled():
            raise _cut(only_reads=only_reads) if work.has_begun else _ended()
        error = task.exception()
        if error is None:
            return task.result()
        try:
            raise error
        finally:
            del error, task, work  # They hold the error, whose traceback has this frame.

    @contextmanager
    def hold(self, manager: AbstractAsyncContextManager[object]) -> Generator[None]:
        """Hold an asynchronous context manager during the block, in one task of the loop.

        The end of the block, and an interruption at any time, cancels the task, which leaves it.

        Raises:
            ClientClosedError: The loop was stopped.
            WrongLoopError: The calling thread is that of the loop, which would wait for itself.
        """
        entered: Future[Any] = Future()
        work = _Work(_held(manager, entered), self._forget)
        # Whichever is first: it was entered, or it cannot be.
        work.ended.add_done_callback(partial(_pass_on, entered))
        try:
            self._submit(work)
            entered.result()
            yield
        finally:
            self._cancel(work)

    def start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine in the loop without waiting for it. Safe in a finalizer, in any thread."""
        try:
            self._loop.call_soon_threadsafe(_Work(coroutine, self._forget).start)
        except RuntimeError:  # The loop is closed.
            coroutine.close()

    def end(self) -> None:
        """End the loop as soon as no thread waits for a coroutine in it. Returns before, then."""
        self._is_ending = True
        with suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(self._end_when_idle)
        if not self._works:
            self.join(None)

    def _end_when_idle(self) -> None:
        if self._works:
            self._loop.call_later(_ENDING, self._stop.set)
        else:
            self._stop.set()

    def _forget(self, work: _Work[Any]) -> None:
        self._works.discard(work)
        if self._is_ending and not self._works:
            self._stop.set()

    def stop(self) -> None:
        """End the loop as :meth:`end` does. Call it in the loop."""
        self._is_ending = True
        self._end_when_idle()

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
        self._works.add(work)
        if self._is_ending:
            raise _ended()
        self._loop.call_soon_threadsafe(work.start)

    def _cancel(self, work: _Work[Any]) -> None:
        """Cancel a coroutine and wait for its end."""
        if self._process != os.getpid():
            return  # Forked while it waited: nothing would ever end the wait here.
        self._works.add(work)
        if self.is_here or self._has_ended:
            # Never begun, or ended by the loop's thread.
            work.abandon()
        else:
            with suppress(RuntimeError):  # The loop is closed, and its thread abandons it.
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

    @property
    def has_begun(self) -> bool:
        """Whether the coroutine may have sent anything."""
        return self._task is not None

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
        elif self._task.done():
            self._forget(self)
        else:
            self._task.cancel()

    def abandon(self) -> None:
        """End the wait for a coroutine that does not run."""
        if self._task is None:
            self._coroutine.close()
        self._forget(self)
        self._end(None)

    def _end(self, task: asyncio.Task[T] | None) -> None:
        with suppress(InvalidStateError):  # It was ended by the other thread.
            self.ended.set_result(task)


def _end_at_once(started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    if started.exception() is None:
        loop, stop = started.result()
        loop.call_soon_threadsafe(stop.set)


async def _held(manager: AbstractAsyncContextManager[object], entered: Future[None]) -> None:
    async with manager:
        entered.set_result(None)
        await asyncio.Event().wait()


def _pass_on(entered: Future[Any], ended: Future[asyncio.Task[Any] | None]) -> None:
    """End the wait for a context manager whose task has ended."""
    if not entered.done():
        task = ended.result()
        failure = None if task is None or task.cancelled() else task.exception()
        entered.set_exception(failure or _ended())


def _patched_late() -> WrongLoopError:
    error = WrongLoopError(
        "gevent replaced the threads of Python after portone_async was imported, so calls would hang"
    )
    error.advice = (
        "Call gevent.monkey.patch_all() before portone_async is imported (gunicorn: without "
        "--preload), or use workers with threads or processes."
    )
    return error


def _cut(*, only_reads: bool) -> PortOneError:
    if only_reads:
        return ClientClosedError(
            "this client was closed while it read results: nothing was changed, and they can be "
            "read again"
        )
    # Never ClientClosedError, which a refund raises if it was not sent.
    return OutcomeUnknownError("the call was cut off: what it had sent may have been carried out")


def _ended() -> ClientClosedError:
    return ClientClosedError("this client was closed, or its event loop has ended")
