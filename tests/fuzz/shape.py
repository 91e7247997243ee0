"""Helpers of the fuzz targets: assert that text is printable, and copy a value by pickle."""

from __future__ import annotations

import pickle
from typing import TypeVar

__all__ = ("assert_printable", "copied")

T = TypeVar("T")


def assert_printable(text: str, longest: int) -> None:
    """Assert that a text is one printable line of valid Unicode, with ``longest`` characters at most."""
    assert text, "empty"
    assert text.isprintable(), ascii(text[:500])
    assert len(text) <= longest, len(text)
    text.encode()


def copied(value: T) -> T:
    """Return the value as another process receives it."""
    sent: T = pickle.loads(pickle.dumps(value))
    return sent
