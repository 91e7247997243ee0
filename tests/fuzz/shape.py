"""Check that text for people is printable and on one line."""

from __future__ import annotations

import pickle
from typing import TypeVar

__all__ = ("assert_fit_to_be_shown", "copied")

T = TypeVar("T")


def assert_fit_to_be_shown(text: str, longest: int) -> None:
    """One line, nothing that a terminal or a log obeys, valid Unicode, and not much of it."""
    assert text, "it says nothing"
    assert text.isprintable(), ascii(text[:500])
    assert len(text) <= longest, len(text)
    text.encode()


def copied(value: T) -> T:
    """Return the value as another process receives it."""
    sent: T = pickle.loads(pickle.dumps(value))
    return sent
