"""Blanks at the ends of an order number are printed as escapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.escape import escape_order_number, unescape_json


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
    assert escape_order_number(number) == text


@given(st.text())
def test_visible_text_is_printable_without_outer_blanks(number: str) -> None:
    text = escape_order_number(number)

    assert text.isprintable()
    assert text == text.strip()


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        (r'"\ud55c\uae00 \ud83d\ude00"', '"한글 😀"'),
        (r'"\\ud55c \u0041 \u0022 \n\u001b\u202e"', r'"\\ud55c \u0041 \u0022 \n\u001b\u202e"'),
        (r'{"a": 1.10, "b": 1e400}', r'{"a": 1.10, "b": 1e400}'),
    ],
)
def test_json_is_unescaped_where_it_is_printable(escaped: str, plain: str) -> None:
    assert unescape_json(escaped) == plain


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_unescaped_json_means_the_same(text: str) -> None:
    assert json.loads(unescape_json(json.dumps(text))) == text
