"""The standard streams of the process: closed ones, full ones, and readers that go away."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from gettext import gettext as _
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from portone_async.errors import InvalidRequestError

from .escape import escaped

__all__ = ("complain", "is_reader_gone", "prepare", "silence_stdout", "written")

_IS_WINDOWS = os.name == "nt"


def prepare() -> None:
    """Make the streams fit for a command: none is missing, and reading and writing wait.

    Raises:
        InvalidRequestError: stdout is closed.
    """
    # An interpreter whose descriptor is closed has no stream at all.
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for the rest of the process)
    if sys.stdout is None:
        raise InvalidRequestError(_("stdout is closed: there is nowhere to write to"))
    for stream in filter(None, (sys.stdin, sys.stdout, sys.stderr)):
        _make_blocking(stream)
    stdout: TextIO = sys.stdout
    if isinstance(stdout, TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")


def _make_blocking(stream: TextIO) -> None:
    # Node.js and others hand on pipes that do not wait. Python takes one that is empty for the
    # end of stdin, and drops what does not fit into a full one.
    with suppress(OSError, ValueError, AttributeError):
        os.set_blocking(stream.fileno(), True)


def written(command: Callable[[], int]) -> int:
    """Run a command, and return once all of its output has left the process."""
    try:
        return command()
    finally:
        # A full disk or a closed pipe may show only here. `--help` comes by as SystemExit.
        sys.stdout.flush()


def is_reader_gone(error: OSError) -> bool:
    """Whether the reader of a pipe went away, which Windows reports as an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    return _IS_WINDOWS and error.errno == errno.EINVAL and error.filename is None


def silence_stdout() -> None:
    """Drop what is left in stdout: the interpreter flushes once more at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(*lines: str) -> None:
    """Write lines to stderr, escaped; a stderr that takes none is no reason to fail."""
    with suppress(OSError, ValueError):
        for line in lines:
            sys.stderr.write(f"{escaped(line)}\n")
        sys.stderr.flush()
