"""Read lines of stdin in a thread, so that look-ups go on meanwhile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread

from portone_async._worded import Worded
from portone_async.cli.system_error import system_reason
from portone_async.errors import InvalidRequestError

__all__ = ("stdin_lines",)

# Characters. Longer than any order number; a binary file may have no line ends at all.
_MAX_LINE = 10_000


async def stdin_lines() -> AsyncGenerator[str, None]:
    """Yield the lines of stdin as they arrive, without line ends; skip blank lines.

    A line is read only when the caller requests it, so memory stays bounded. A stdin that stays
    open, a terminal or a pipe, blocks nothing else.

    Raises:
        InvalidRequestError: stdin is closed, cannot be read, or is not text.
    """
    requests: SimpleQueue[Future[str | None]] = SimpleQueue()
    # A daemon thread: the process can exit while it waits for a line.
    Thread(target=_serve, args=(_lines(), requests), daemon=True).start()
    try:
        while (line := await _next(requests)) is not None:
            if line.strip():
                yield line.rstrip("\r\n")
    finally:
        cancelled: Future[str | None] = Future()
        cancelled.cancel()  # A cancelled request ends the thread.
        requests.put(cancelled)


async def _next(requests: SimpleQueue[Future[str | None]]) -> str | None:
    request: Future[str | None] = Future()
    requests.put(request)
    try:
        return await asyncio.wrap_future(request)
    except OSError as error:
        raise InvalidRequestError(
            Worded("stdin cannot be read: {reason}", reason=system_reason(error))
        ) from None


def _lines() -> Iterator[str]:
    if sys.stdin is None:
        raise InvalidRequestError(Worded("stdin is closed: there are no order numbers to read"))
    # Not sys.stdin: Python aborts if it exits while a thread reads from that object.
    # A line that is not UTF-8 is yielded with surrogates, and fails as a single order.
    descriptor = sys.stdin.fileno()
    with open(descriptor, encoding="utf-8-sig", errors="surrogateescape", closefd=False) as lines:
        while line := lines.readline(_MAX_LINE):
            if len(line) == _MAX_LINE:
                raise InvalidRequestError(
                    Worded(
                        "a line of stdin has {n} characters or more: it is not an order number",
                        n=f"{_MAX_LINE:,}",
                    )
                )
            yield line


def _serve(lines: Iterator[str], requests: SimpleQueue[Future[str | None]]) -> None:
    while True:
        request = requests.get()
        if not request.set_running_or_notify_cancel():
            return
        try:
            text = next(lines, None)
        except Exception as error:  # noqa: BLE001 (raised again in the event loop)
            request.set_exception(error)
            return
        request.set_result(text)
        if text is None:
            return
