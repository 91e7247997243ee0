"""An order number is parsed exactly, or rejected."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders.cells.cell import BadCellError
from portone_async.cli.orders.cells.merchant_uid import is_placeholder, parse_merchant_uid


@pytest.mark.parametrize(
    ("cell", "merchant_uid"),
    [
        ("0001", "0001"),
        (" A 1 ", " A 1 "),
        ("주문-1", "주문-1"),
        ("1E5", "1E5"),
        ("'0001", "'0001"),
        ('="0001"', "0001"),
        ('="a ""b"" c"', 'a "b" c'),
        (1, "1"),
        (10**30, "1" + "0" * 30),
        (Decimal(12345), "12345"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_order_number_is_returned_unchanged(cell: object, merchant_uid: str) -> None:
    assert parse_merchant_uid(cell) == merchant_uid


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "merchant_uid is empty"),
        (None, "merchant_uid is empty"),
        (" \u3000", "merchant_uid is empty"),
        ('=""', "merchant_uid is empty"),
        (".", "merchant_uid must not be '.': '.'"),
        ("..", "merchant_uid must not be '..': '..'"),
        ("00\t01", r"merchant_uid must not contain control characters: '00\t01'"),
        ("a\ud800", r"merchant_uid is not valid Unicode: 'a\ud800'"),
        (True, "merchant_uid is of type bool, not text or a whole number: 'True'"),
        (b"A-1", "merchant_uid is of type bytes, not text or a whole number: \"b'A-1'\""),
    ],
)
def test_invalid_order_number_is_rejected_with_the_reason(cell: object, reason: str) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_merchant_uid(cell)

    assert str(caught.value) == reason


@given(
    st.from_regex(r"[0-9A-Za-z가-힣_-]+", fullmatch=True).filter(
        lambda cell: not is_placeholder(cell)
    )
)
def test_number_of_letters_and_digits_is_returned_unchanged(cell: str) -> None:
    # Neither "+" nor "." nor "," is in it.
    assert parse_merchant_uid(cell) == cell
