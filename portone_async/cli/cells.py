"""The width of texts in terminal cells, of which a Korean letter takes two.

:mod:`rich` has the same, but the help and errors of usage do not load it.
"""

from __future__ import annotations

from unicodedata import east_asian_width

__all__ = ("cells", "wrap")


def cells(text: str) -> int:
    """Return the width of a text."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def wrap(text: str, width: int) -> list[str]:
    """Divide a text into lines; a word that is wider than a line has one of its own."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cells(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
