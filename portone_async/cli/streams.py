"""The standard streams of the process: closed, full or non-blocking ones, and broken pipes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from gettext import gettext as _
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from .escape import escape

__all__ = ("flush_stdout", "is_broken_pipe", "prepare_streams", "print_error", "silence_stdout")

_IS_WINDOWS = os.name == "nt"


def prepare_streams() -> None:
    """Replace a closed stderr, and make reads and writes of all streams block.

    Raises:
        OSError: stdout is closed.
    """
    # Python sets the stream of a closed descriptor to None.
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)
    if sys.stdout is None:
        raise OSError(_("stdout is closed: there is nowhere to write to"))
    for stream in filter(None, (sys.stdin, sys.stdout, sys.stderr)):
        _make_blocking(stream)
    stdout: TextIO = sys.stdout
    if isinstance(stdout, TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")


def _make_blocking(stream: TextIO) -> None:
    # Node.js and others pass non-blocking pipes. Python mistakes an empty one for the end of stdin,
    # and drops what does not fit into a full one.
    with suppress(OSError, ValueError, AttributeError):
        os.set_blocking(stream.fileno(), True)


@contextmanager
def flush_stdout() -> Generator[None]:
    """Flush stdout at the end, also after ``SystemExit``: only then may a full disk be noticed."""
    try:
        yield
    finally:
        sys.stdout.flush()


def is_broken_pipe(error: OSError) -> bool:
    """Return whether the reader closed the pipe, which Windows reports as an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    return _IS_WINDOWS and error.errno == errno.EINVAL and error.filename is None


def silence_stdout() -> None:
    """Discard the rest of stdout: the interpreter flushes once more at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(*lines: str) -> None:
    """Write lines to stderr, escaped; ignore a stderr that cannot be written."""
    with suppress(OSError, ValueError):
        for line in lines:
            sys.stderr.write(f"{escape(line)}\n")
        sys.stderr.flush()
