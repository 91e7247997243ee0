"""The exit codes of all commands; ``--help`` of each command explains those that it uses."""

from __future__ import annotations

from enum import IntEnum

__all__ = ("ExitCode",)


class ExitCode(IntEnum):
    """The exit code of a command. The code of several results is the highest of their codes."""

    OK = 0
    NO_MATCH = 1
    """An order was not found, or differs from its payments; PortOne refused a call."""
    COULD_NOT_RUN = 2
    """Wrong usage, refused keys, a file that cannot be read. argparse exits with 2, too. Nothing
    was changed."""
    NOT_CHECKED = 3
    """An order could not be checked: nothing is known about it. Or a change may have been made."""
    PENDING = 4
    """PortOne accepted a cancellation, but has not made it yet."""
    INTERRUPTED = 130
    """As a shell reports a program that SIGINT ended."""
    BROKEN_PIPE = 141
    """The reader of stdout closed the pipe: as a shell reports a program that SIGPIPE ended."""
