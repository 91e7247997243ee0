"""SQLite is read exactly, lazily and read-only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async.cli.orders import BadRow, Columns, read_orders
from portone_async.reconcile import Order
from tests.support.order_files import order, rounded_reason, source_error, write_sqlite


def test_every_kind_of_row_is_read_exactly() -> None:
    write_sqlite(
        "CREATE TABLE orders (no TEXT, total, state TEXT)",
        "INSERT INTO orders VALUES ('0001', '1,000', 'paid'), (2, 1000.5, '취소')",
        "INSERT INTO orders VALUES (CAST(x'B0A1' AS TEXT), 1, 'paid'), ('A-4', x'01', 'paid')",
        "INSERT INTO orders VALUES ('A-5', 9007199254740993, 'paid'), (1.5, 1, 'paid')",
    )

    items = list(
        read_orders(
            "orders.db",
            query="SELECT no AS order_no, total, state FROM orders ORDER BY rowid",
            columns=Columns(status="state"),
        )
    )

    assert items == [
        Order("0001", Decimal(1000)),
        Order("2", Decimal("1000.5"), "KRW", "cancelled"),
        BadRow("orders.db row 3", r"merchant_uid is not valid Unicode: '\udcb0\udca1'"),
        BadRow("orders.db row 4", "amount is of type bytes: \"b'\\\\x01'\""),
        BadRow("orders.db row 5", "amount has more digits than any amount: '9007199254740993'"),
        Order("1.5", Decimal(1)),
    ]


def test_integer_is_an_order_number_and_float_is_not() -> None:
    write_sqlite("CREATE TABLE t (x)")

    assert list(
        read_orders(
            "orders.db",
            query="SELECT 12 AS order_no, 1 AS total UNION ALL SELECT 12.0, 1",
        )
    ) == [
        order("12", 1),
        BadRow("orders.db row 2", rounded_reason("12.0")),
    ]


def test_query_is_lazy() -> None:
    write_sqlite("CREATE TABLE t (x)")
    rows = read_orders(
        "orders.db",
        query="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS order_no, 1000 AS total FROM n",
    )

    assert [next(rows), next(rows)] == [order("1"), order("2")]
    rows.close()


def test_query_cannot_change_the_file() -> None:
    write_sqlite("CREATE TABLE orders (order_no, total)", "INSERT INTO orders VALUES ('A-1', 1)")
    before = Path("orders.db").read_bytes()

    message = source_error("orders.db", query="DELETE FROM orders RETURNING order_no, total")

    assert message == "orders.db: attempt to write a readonly database"
    assert Path("orders.db").read_bytes() == before


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT 1; SELECT 2", "You can only execute one statement at a time."),
        ("-- nothing", "the query returns no rows: it must be a SELECT"),
        ("SELECT 1 AS id", "no column looks like merchant_uid"),
        ("SELECT '\x1b' FROM \x1b", 'unrecognized token: "\\x1b"'),
    ],
)
def test_invalid_query_is_an_error_with_the_reason(query: str, problem: str) -> None:
    write_sqlite("CREATE TABLE orders (order_no, total)")

    assert source_error("orders.db", query=query).startswith(f"orders.db: {problem}")


def test_other_file_is_an_error() -> None:
    Path("orders.db").write_text("order_no,total\n" * 100)

    assert source_error("orders.db", query="SELECT * FROM t") == "orders.db: file is not a database"


def test_file_name_is_not_parsed_as_a_uri() -> None:
    name = "a b?mode=rwc#%41.db"
    with closing(sqlite3.connect(name)) as connection:
        connection.execute("CREATE TABLE t (x)")

    rows = read_orders(name, query="SELECT 'A-1' AS order_no, count(*) AS total FROM t")

    assert list(rows) == [order("A-1", 0)]
