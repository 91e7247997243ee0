"""Blanks at the ends of an order number are printed as escapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.escape import visible


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("A 1", "A 1"),
        ("A-1 ", r"A-1\x20"),
        ("  A-1", r"\x20\x20A-1"),
        (" A A ", r"\x20A A\x20"),
        (" ", r"\x20"),
        ("\tA-1", r"\tA-1"),
        ("A-1\xa0", r"A-1\xa0"),
        ("A-1\u3000", r"A-1\u3000"),
        ("\u200bA-1\ufeff", r"\u200bA-1\ufeff"),
        ("", ""),
    ],
)
def test_blank_at_an_end_is_escaped(number: str, text: str) -> None:
    assert visible(number) == text


@given(st.text())
def test_visible_text_is_printable_without_outer_blanks(number: str) -> None:
    text = visible(number)

    assert text.isprintable()
    assert text == text.strip()
