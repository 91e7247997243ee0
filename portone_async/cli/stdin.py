"""Lines of stdin, read while look-ups go on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Future
from gettext import gettext as _
from queue import SimpleQueue
from threading import Thread

from portone_async.errors import InvalidRequestError

__all__ = ("stdin_lines",)

# No order number has so many characters. A binary file may have no end of a line at all.
_LONGEST = 10_000


async def stdin_lines() -> AsyncGenerator[str, None]:
    """Yield each line as it comes, without its end; blank ones are left out.

    A line is read when it is asked for, so that memory stays bounded and an open stdin, a
    terminal or a pipe, holds up nothing else.

    Raises:
        InvalidRequestError: stdin is closed, cannot be read, or holds no lines of text.
    """
    wanted: SimpleQueue[Future[str | None]] = SimpleQueue()
    # A daemon: a process can end while it waits for a line that never comes.
    Thread(target=_serve, args=(_lines(), wanted), daemon=True).start()
    try:
        while (line := await _next(wanted)) is not None:
            if line.strip():
                yield line.rstrip("\r\n")
    finally:
        unwanted: Future[str | None] = Future()
        unwanted.cancel()
        wanted.put(unwanted)


async def _next(wanted: SimpleQueue[Future[str | None]]) -> str | None:
    line: Future[str | None] = Future()
    wanted.put(line)
    try:
        return await asyncio.wrap_future(line)
    except OSError as error:
        said = _("stdin cannot be read: {reason}")
        raise InvalidRequestError(said.format(reason=error.strerror or error)) from None


def _lines() -> Iterator[str]:
    if sys.stdin is None:
        raise InvalidRequestError(_("stdin is closed: there are no order numbers to read"))
    # Not sys.stdin: an interpreter that ends while a thread is inside of that one is aborted.
    # A line that is not UTF-8 fails as one order; the others are still looked up.
    number = sys.stdin.fileno()
    with open(number, encoding="utf-8-sig", errors="surrogateescape", closefd=False) as lines:
        while line := lines.readline(_LONGEST):
            if len(line) == _LONGEST:
                said = _("a line of stdin has {n} characters or more, and is no order number")
                raise InvalidRequestError(said.format(n=f"{_LONGEST:,}"))
            yield line


def _serve(lines: Iterator[str], wanted: SimpleQueue[Future[str | None]]) -> None:
    while True:
        line = wanted.get()
        if not line.set_running_or_notify_cancel():
            return
        try:
            read = next(lines, None)
        except Exception as error:  # noqa: BLE001 (raised again where the line is read)
            line.set_exception(error)
            return
        line.set_result(read)
        if read is None:
            return
