"""A process with its client, and its end at any line of the package."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextvars import ContextVar
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import portone_async
from portone_async import PortOneClient

__all__ = ("PROCESS", "Killed", "Killer", "Process")

PROCESS: ContextVar[Process] = ContextVar("process")
"""The process that the running task belongs to."""

_PACKAGE = str(Path(portone_async.__file__).parent) + "/"
_FAKE = _PACKAGE + "testing/"


class Killed(BaseException):
    """The process has ended at this line. What still catches it has no effect any more."""


class Process:
    """One process of a shop. Once it is dead, none of its tasks sends or reports anything."""

    def __init__(self, make_client: Callable[[Process], PortOneClient]) -> None:
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lines_left: int | None = None
        """How many lines of the package it may still execute; ``None`` for any number."""
        self.had_no_token_at = 0.0
        """When the fetch of a token failed last: each call that waits for it fails then."""
        self.is_closed = False
        """Whether its client was closed, or is being closed."""
        self.client = make_client(self)

    @property
    def is_dead(self) -> bool:
        return self.died.done()


class Killer:
    """Counts the lines of the package that processes execute, and ends the process when due.

    Lines of modules and class bodies do not count: they run once in an interpreter, so an episode
    would differ when it is repeated.
    """

    def __init__(self) -> None:
        self._armed: set[Process] = set()
        self._is_counted: dict[CodeType, bool] = {}
        self._tracer = sys.gettrace()
        self.kills = 0

    def arm(self, process: Process, lines: int) -> None:
        """End the process after so many lines, or earlier if that is due."""
        process.lines_left = min(lines, process.lines_left or lines)
        self._armed.add(process)
        sys.settrace(self._trace_call)

    def disarm(self, process: Process) -> None:
        """Let the process live."""
        process.lines_left = None
        self._armed.discard(process)
        self._renew()

    def _renew(self) -> None:
        sys.settrace(self._trace_call if self._armed else self._tracer)

    def _trace_call(self, frame: FrameType, _: str, __: Any) -> Any:
        code = frame.f_code
        is_counted = self._is_counted.get(code)
        if is_counted is None:
            name = code.co_filename
            is_counted = self._is_counted[code] = bool(
                code.co_flags & CO_OPTIMIZED
                and name.startswith(_PACKAGE)
                and not name.startswith(_FAKE)
            )
        return self._trace_line if is_counted else None

    def _trace_line(self, _: FrameType, event: str, __: Any) -> Any:
        if event == "line":
            process = PROCESS.get(None)
            if process is not None and process.lines_left is not None:
                process.lines_left -= 1
                if process.lines_left <= 0:
                    self._kill(process)
                    raise Killed
        return self._trace_line

    def _kill(self, process: Process) -> None:
        self.kills += 1
        process.lines_left = None
        self._armed.discard(process)
        if not process.died.done():
            process.died.set_result(None)
        # An exception in a tracer removes it: set it again for the other processes.
        asyncio.get_running_loop().call_soon(self._renew)
