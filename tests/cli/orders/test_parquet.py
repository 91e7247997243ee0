"""Parquet is read exactly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from portone_async.cli.orders import BadRow, Columns, read_orders
from portone_async.reconcile import Order
from tests.support.order_files import order, source_error, write_parquet


def test_every_kind_of_row_is_read_exactly() -> None:
    write_parquet(
        """SELECT 7 AS "memo ""x"" y", * FROM (VALUES
            ('0001', 12345678901234.56::DECIMAL(18, 2), 'usd', '결제완료'),
            (NULL, 1, 'KRW', 'paid'),
            ('A-3', NULL, NULL, 'paid'),
            ('A-4', -1, NULL, 'paid'),
            ('A-5', 1000, NULL, '환불')
        ) AS t("주문""번호", amount, "통화", status)"""
    )

    assert list(read_orders("orders.parquet", columns=Columns(merchant_uid='주문"번호'))) == [
        Order("0001", Decimal("12345678901234.56"), "USD", "paid"),
        BadRow("orders.parquet row 2", "merchant_uid is empty"),
        BadRow("orders.parquet row 3", "amount is empty"),
        BadRow(
            "orders.parquet row 4",
            "amount of order 'A-4' is negative: '-1.00', but status is not a refund",
            "A-4",
        ),
        Order("A-5", Decimal("1000.00"), "KRW", "cancelled"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "amount"),
    [
        ("INTEGER", "1000", "1000"),
        ("HUGEINT", "1000", "1000"),
        ("UBIGINT", "999999999999999", "999999999999999"),
        ("DECIMAL(38, 10)", "1000.1", "1000.1000000000"),
        ("DOUBLE", "1000.1", "1000.1"),
        ("VARCHAR", "'₩1,000'", "1000"),
    ],
)
def test_amount_of_any_exact_type_is_read(kind: str, value: str, amount: str) -> None:
    write_parquet(f"SELECT 1::BIGINT AS order_no, {value}::{kind} AS total")

    (item,) = read_orders("orders.parquet")

    assert isinstance(item, Order)
    assert (item.merchant_uid, str(item.amount)) == ("1", amount)


def test_32_bit_float_amount_is_an_error() -> None:
    write_parquet("SELECT 'A-1' AS order_no, 16777217::FLOAT AS total")

    assert source_error("orders.parquet") == (
        "orders.parquet: amount is a 32-bit float, which has only 7 exact digits"
    )


def test_calculated_float_is_a_bad_row() -> None:
    write_parquet("SELECT 'A-1' AS order_no, 0.1::DOUBLE + 0.2::DOUBLE AS total")

    assert list(read_orders("orders.parquet")) == [
        BadRow("orders.parquet row 1", "amount is a float that is not exact: '0.30000000000000004'")
    ]


def test_path_is_not_a_glob_pattern() -> None:
    name = "o[1]*?.parquet"
    write_parquet("SELECT 'wanted' AS order_no, 1 AS total", name)
    write_parquet("SELECT 'other' AS order_no, 1 AS total", "o1-x.parquet")
    write_parquet("SELECT 'other' AS order_no, 1 AS total", "o[1]--.parquet")

    assert list(read_orders(name)) == [order("wanted", 1)]


def test_rows_keep_their_order_and_number_over_batches() -> None:
    write_parquet(
        "SELECT i::VARCHAR AS order_no, IF(i = 4999, NULL, i) AS total FROM range(5001) t(i)"
    )

    items = list(read_orders("orders.parquet"))

    assert items[4999] == BadRow("orders.parquet row 5000", "amount is empty")
    del items[4999]
    assert items == [order(str(i), i) for i in range(5001) if i != 4999]


def test_invalid_parquet_is_an_error_of_one_line() -> None:
    Path("orders.parquet").write_bytes(b"PAR1" + b"\n" * 40)

    message = source_error("orders.parquet")

    assert message.startswith("orders.parquet: ")
    assert "\\n" not in message
    assert message.isprintable()


def test_missing_column_error_lists_the_columns() -> None:
    write_parquet("SELECT 1 AS id, 2 AS total")

    assert source_error("orders.parquet") == (
        "orders.parquet: no column looks like merchant_uid: name it with --columns merchant_uid=COLUMN; "
        "columns found: 'id', 'total'"
    )
