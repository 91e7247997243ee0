"""Ask a yes-or-no question on the terminal."""

from __future__ import annotations

import sys

from .escape import escape

__all__ = ("can_confirm", "confirm")

_YES = ("y", "yes", "예", "네")


def can_confirm() -> bool:
    """Return whether a person can answer: stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirm(question: str) -> bool:
    """Ask on stderr, so that stdout stays clean, and return whether the answer on stdin is yes.

    Do not call it in an event loop: while asyncio runs, the first Ctrl-C does not end a read.
    """
    sys.stderr.write(f"{escape(question)} [y/N] ")
    sys.stderr.flush()
    answer = ""
    try:
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            sys.stderr.write("\n")  # Ctrl-C and Ctrl-D leave the cursor behind the question.
    return answer.strip().casefold() in _YES
