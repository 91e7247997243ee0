"""Rounded order numbers are bad rows in every kind of source."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, read_orders
from portone_async.cli.orders.cells.cell import BadCellError
from portone_async.cli.orders.cells.merchant_uid import parse_merchant_uid
from portone_async.cli.orders.cells.rounded import is_rounded
from portone_async.reconcile import Order
from tests.support.order_files import order, read, rounded_reason, write_parquet, write_sqlite


@pytest.mark.parametrize(
    "cell",
    [
        *("2.02311E+11", "1E+15", "2E+16", "202.6E+14"),  # Excel, wide and narrow
        *("1,23E+15", "2,02611E+10"),  # Excel where the comma is the decimal sign
        *("2.02e+16", "1e+16", "1.0e+15"),  # Python, SQLite, JavaScript
        *("2.0261101001E10", "1.0E15", "2.02e16"),  # Java, MySQL
        *("2.02E-05", "-2.02E+16"),
        *("20261101001.0", "20261101001.00", "20261101001,0", "12.0", "-12.0"),
        *("20,261,101,001", "20,261,101,001.00"),
        *("########", "#N/A", "#VALUE!"),
        *(" 2.02E+16 ", "20261101001.0\u00a0", '="2.02E+16"'),
    ],
)
def test_rounded_order_number_is_rejected(cell: str) -> None:
    with pytest.raises(BadCellError, match="rounded by a spreadsheet"):
        parse_merchant_uid(cell)


@pytest.mark.parametrize(
    "cell", [1.0, 20261101001.0, 2.02e16, 1.5, Decimal("1.0"), Decimal("1E+3")]
)
def test_floating_point_order_number_is_rejected(cell: object) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_merchant_uid(cell)

    assert str(caught.value) == rounded_reason(str(cell))


@pytest.mark.parametrize(
    "cell",
    [
        *("1E5", "12E3", "1e15", "E+15", "A1E+15", "1E+", "1E+A"),
        *("20261101.001", "1.5", "2026.11.01", "1.0.0", "v1.0", "20261101-1.0", "1.0-A"),
        *("1,2", "12,34,567", "A,000", "1234,567", "#1", "#", "A##"),
        *("20261101001", "000", "10000000000000000000"),
    ],
)
def test_order_number_that_only_looks_rounded_is_accepted(cell: str) -> None:
    assert parse_merchant_uid(cell) == cell


@given(st.integers(10**15, 10**22), st.integers(0, 8))
def test_every_rounding_of_a_long_number_is_detected(number: int, digits: int) -> None:
    excel = f"{number:.{digits}E}"

    assert is_rounded(excel)
    assert is_rounded(excel.replace(".", ","))
    assert is_rounded(excel.lower())
    assert is_rounded(repr(float(number)))
    assert is_rounded(f"{number}.0")
    assert is_rounded(f"{number:,}")


def test_rounded_number_in_csv_is_a_bad_row() -> None:
    assert read("주문번호,금액\n20261101001.0,1000\nA-2,1000\n") == [
        BadRow("orders.csv:2", rounded_reason("20261101001.0")),
        order("A-2"),
    ]


def test_float_in_json_lines_is_a_bad_row() -> None:
    lines = [
        '{"merchant_uid": 20261101001.0, "amount": 1}',
        '{"merchant_uid": 2.02e+16, "amount": 1}',
        '{"merchant_uid": "2.02e+16", "amount": 1}',
        '{"merchant_uid": 20261101001, "amount": 1}',
    ]

    assert read("\n".join(lines), "orders.jsonl") == [
        BadRow("orders.jsonl:1", rounded_reason("20261101001.0")),
        BadRow("orders.jsonl:2", rounded_reason("2.02E+16")),
        BadRow("orders.jsonl:3", rounded_reason("2.02e+16")),
        Order("20261101001", Decimal(1)),
    ]


def test_float_column_in_parquet_is_bad_rows() -> None:
    write_parquet("SELECT 20261101001::DOUBLE AS order_no, 1 AS total")

    assert list(read_orders("orders.parquet")) == [
        BadRow("orders.parquet row 1", rounded_reason("20261101001.0"))
    ]


def test_float_in_sqlite_is_a_bad_row() -> None:
    write_sqlite("CREATE TABLE o (order_no REAL, total)", "INSERT INTO o VALUES (20261101001, 1)")

    assert list(read_orders("orders.db", query="SELECT * FROM o")) == [
        BadRow("orders.db row 1", rounded_reason("20261101001.0"))
    ]
