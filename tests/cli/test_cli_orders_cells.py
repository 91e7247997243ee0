"""What an order number, an amount, a currency and a status may look like, and what not."""

from __future__ import annotations

import math
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders.cells.cell import BadCellError, printable
from portone_async.cli.orders.cells.merchant_uid import parse_merchant_uid
from portone_async.cli.orders.cells.money import parse_amount, parse_currency
from portone_async.cli.orders.cells.status import parse_status
from tests.support.strategies import order_numbers


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
def test_an_order_number_is_taken_as_it_is(cell: object, merchant_uid: str) -> None:
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
def test_what_cannot_be_looked_up_is_no_order_number(cell: object, reason: str) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_merchant_uid(cell)

    assert str(caught.value) == reason


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
        ("9007199254740993", None),
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
def test_an_amount_is_exact(cell: object, amount: str | None) -> None:
    if amount is None:
        with pytest.raises(BadCellError, match="more digits than any amount"):
            parse_amount(cell)
    else:
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
        (1e16, "amount has more digits than any amount: '1e+16'"),
        (Decimal("1e999999"), "amount has more digits than any amount: '1E+999999'"),
        (Decimal("1e-999999"), "amount has more digits than any amount: '1E-999999'"),
        ("0." + "0" * 29, "amount has more digits than any amount: '0." + "0" * 29 + "'"),
    ],
)
def test_what_is_no_exact_amount_is_none(cell: object, reason: str) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_amount(cell)

    assert str(caught.value) == reason


@given(st.decimals(0, 10**13, places=2))
def test_a_float_gives_back_the_amount_that_was_put_into_it(amount: Decimal) -> None:
    assert parse_amount(float(amount)) == amount


@given(st.floats(allow_nan=True) | st.decimals() | st.integers() | st.text())
def test_amount_is_exact_or_refused_for_any_cell(cell: object) -> None:
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
def test_a_currency_is_three_letters_and_krw_where_there_is_none(
    cell: object, currency: str
) -> None:
    assert parse_currency(cell) == currency


@pytest.mark.parametrize("cell", ["달러", "US", "KRWX", "$", "1", 410, "\uff2bRW"])
def test_what_is_no_currency_is_none(cell: object) -> None:
    with pytest.raises(BadCellError, match="currency is"):
        parse_currency(cell)


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("paid", "paid"),
        (" Paid ", "paid"),
        ("결제완료", "paid"),
        ("결제 완료", "paid"),
        ("취소", "cancelled"),
        ("환불", "cancelled"),
        ("canceled", "cancelled"),
        ("미결제", "ready"),
        ("입금대기", "ready"),
        ("실패", "failed"),
        ("pending", "pending"),
    ],
)
def test_a_status_is_said_in_the_words_of_portone(cell: str, status: str) -> None:
    assert parse_status(cell) == status


@pytest.mark.parametrize("cell", ["완료", "complete", "환불요청", "취소접수", "1", 1])
def test_a_status_that_may_mean_two_things_is_none(cell: object) -> None:
    with pytest.raises(BadCellError, match=r"status is .* --columns status=COLUMN"):
        parse_status(cell)


@pytest.mark.parametrize("cell", ["", "  ", None])
def test_an_empty_status_is_not_paid(cell: object) -> None:
    with pytest.raises(BadCellError, match="status is empty"):
        parse_status(cell)


@given(st.text(st.characters()) | order_numbers)
def test_what_is_shown_of_a_cell_is_short_and_obeyed_by_no_terminal(cell: str) -> None:
    text = printable(cell)

    assert text.isprintable()
    assert len(text) <= 63
    if len(repr(cell)) <= 62:
        assert text == repr(cell)
    else:
        assert text.endswith(("…'", '…"'))
