"""The decimals of the amounts of a currency."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portone_async.resources._minor_units import fits, minor_units


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("KRW", 0), ("JPY", 0), ("USD", 2), ("eur", 2), ("KWD", 3), ("CLF", 4), ("XYZ", None)],
)
def test_currency_has_the_decimals_of_iso_4217(currency: str, digits: int | None) -> None:
    assert minor_units(currency) == digits


def test_unknown_currency_allows_any_decimals() -> None:
    assert fits(Decimal("0.00001"), None)
    assert fits(Decimal("0.00001"), "XYZ")


@pytest.mark.parametrize(
    ("amount", "currency", "is_expected"),
    [
        ("1000", "KRW", True),
        ("1000.00", "KRW", True),
        ("1E+3", "KRW", True),
        ("1000.5", "KRW", False),
        ("0.10", "USD", True),
        ("0.001", "USD", False),
        ("123456789012345678901234.5", "KRW", False),
    ],
)
def test_zeros_at_the_end_are_no_decimals(amount: str, currency: str, is_expected: bool) -> None:
    assert fits(Decimal(amount), currency) is is_expected
