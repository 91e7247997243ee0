"""Amounts are parsed exactly, currencies as ISO 4217 codes."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders.cells.cell import BadCellError
from portone_async.cli.orders.cells.money import parse_amount, parse_currency


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1000", "1000"),
        ("0", "0"),
        ("1000.50", "1000.50"),
        ("1,000", "1000"),
        ("12,345,678.90", "12345678.90"),
        ("₩1,000", "1000"),
        ("￦ 1,000", "1000"),
        ("\\1,000", "1000"),
        ("1,000원", "1000"),
        (" 1,000 원\u00a0", "1000"),
        ('="1000"', "1000"),
        ("900719925474099", "900719925474099"),
        (1000, "1000"),
        (Decimal("0.10"), "0.10"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (1000.0, "1000"),
        (123456789012345.0, "123456789012345"),
        ("-1,000", "-1000"),
        ("\N{MINUS SIGN} 1,000.50", "-1000.50"),
        ("-₩1,000", "-1000"),
        ("₩-1,000원", "-1000"),
        ("(1,000)", "-1000"),
        ("△1,000", "-1000"),
        ('="-1000"', "-1000"),
        (-1, "-1"),
        (-1.5, "-1.5"),
        ("-0", "0"),
        (-0.0, "0"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("-1E+3"), "-1000"),
    ],
)
def test_amount_is_parsed_exactly(cell: object, amount: str) -> None:
    assert str(parse_amount(cell)) == amount


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "amount is empty"),
        (" ", "amount is empty"),
        (None, "amount is empty"),
        ("1,000-", "amount is not a plain number: '1,000-'"),
        ("(1,000", "amount is not a plain number: '(1,000'"),
        ("-(1,000)", "amount is not a plain number: '-(1,000)'"),
        ("--1,000", "amount is not a plain number: '--1,000'"),
        ("1,00", "amount is not a plain number: '1,00'"),
        ("1,0000", "amount is not a plain number: '1,0000'"),
        ("1.000,50", "amount is not a plain number: '1.000,50'"),
        ("1 000", "amount is not a plain number: '1 000'"),
        ("1e3", "amount is not a plain number: '1e3'"),
        ("1.", "amount is not a plain number: '1.'"),
        ("\uff11\uff10", "amount is not a plain number: '\uff11\uff10'"),
        ("천원", "amount is not a plain number: '천원'"),
        ("NaN", "amount is not a plain number: 'NaN'"),
        ("$10", "amount is not a plain number: '$10'"),
        (True, "amount is of type bool: 'True'"),
        ([1], "amount is of type list: '[1]'"),
        (math.nan, "amount is not a number: 'nan'"),
        (math.inf, "amount is not a number: 'inf'"),
        (Decimal("sNaN"), "amount is not a number: 'sNaN'"),
        (0.1 + 0.2, "amount is a float that is not exact: '0.30000000000000004'"),
        ("9007199254740993", "amount has more digits than any amount: '9007199254740993'"),
        (1e16, "amount has more digits than any amount: '1e+16'"),
        (Decimal("1e999999"), "amount has more digits than any amount: '1E+999999'"),
        (Decimal("1e-999999"), "amount has more digits than any amount: '1E-999999'"),
        ("0." + "0" * 29, "amount has more digits than any amount: '0." + "0" * 29 + "'"),
    ],
)
def test_invalid_amount_is_rejected_with_the_reason(cell: object, reason: str) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_amount(cell)

    assert str(caught.value) == reason


@given(st.decimals(0, 10**13, places=2))
def test_float_is_parsed_as_the_decimal_it_was_made_from(amount: Decimal) -> None:
    assert parse_amount(float(amount)) == amount


@given(st.floats(allow_nan=True) | st.decimals() | st.integers() | st.text())
def test_any_cell_is_an_exact_amount_or_rejected(cell: object) -> None:
    try:
        amount = parse_amount(cell)
    except BadCellError:
        return
    assert -(10**15) < amount < 10**15
    if not isinstance(cell, str):
        assert amount == (Decimal(repr(cell)) if isinstance(cell, float) else cell)


@pytest.mark.parametrize(
    ("cell", "currency"),
    [("KRW", "KRW"), (" usd ", "USD"), ("", "KRW"), (None, "KRW"), ("원", "KRW"), ("₩", "KRW")],
)
def test_currency_is_three_letters_and_krw_by_default(cell: object, currency: str) -> None:
    assert parse_currency(cell) == currency


@pytest.mark.parametrize("cell", ["달러", "US", "KRWX", "$", "1", 410, "\uff2bRW"])
def test_invalid_currency_is_rejected(cell: object) -> None:
    with pytest.raises(BadCellError, match="currency is"):
        parse_currency(cell)
