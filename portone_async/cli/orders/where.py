"""The position of a row in its source, as messages name it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from portone_async._worded import Worded

__all__ = ("Where", "line_of", "row_of")

Where: TypeAlias = Callable[[], str]
"""Returns the position of a row. A function, since most rows are orders, which need none."""


def line_of(name: str, number: int) -> str:
    """Return the position in a source with lines: the same in all languages."""
    return f"{name}:{number}"


def row_of(name: str, number: int) -> Worded:
    """Return the position in a source without lines."""
    return Worded("{file} row {n}", file=name, n=number)
