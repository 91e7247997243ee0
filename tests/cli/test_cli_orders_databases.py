"""Orders in Parquet and SQLite: exact, lazily, and one bad row after the other."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from portone_async.cli.orders import BadRow, Columns, OrdersError, read_orders
from portone_async.reconcile.finding import Order

ROUNDED = (
    "merchant_uid has been rounded by a spreadsheet or another tool: '{}'; "
    "export order numbers as text"
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_parquet(query: str, name: str = "orders.parquet") -> None:
    with closing(duckdb.connect()) as connection:
        connection.execute(f"COPY ({query}) TO '{name}' (FORMAT parquet)")


def write_sqlite(*statements: str) -> None:
    with closing(sqlite3.connect("orders.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def refusal(source: str, *, query: str | None = None, columns: Columns | None = None) -> str:
    with pytest.raises(OrdersError) as caught:
        list(read_orders(source, query=query, columns=columns or Columns()))
    return str(caught.value)


def test_parquet_is_read_exactly_whatever_its_types() -> None:
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
def test_an_amount_of_any_exact_type_is_read(kind: str, value: str, amount: str) -> None:
    write_parquet(f"SELECT 1::BIGINT AS order_no, {value}::{kind} AS total")

    (order,) = read_orders("orders.parquet")

    assert isinstance(order, Order)
    assert (order.merchant_uid, str(order.amount)) == ("1", amount)


def test_an_amount_that_was_a_float_of_32_bits_is_not_trusted() -> None:
    write_parquet("SELECT 'A-1' AS order_no, 16777217::FLOAT AS total")

    assert refusal("orders.parquet") == (
        "orders.parquet: amount is a 32-bit float, which has only 7 exact digits"
    )


def test_a_calculated_float_is_a_bad_row() -> None:
    write_parquet("SELECT 'A-1' AS order_no, 0.1::DOUBLE + 0.2::DOUBLE AS total")

    assert list(read_orders("orders.parquet")) == [
        BadRow("orders.parquet row 1", "amount is a float that is not exact: '0.30000000000000004'")
    ]


def test_a_path_is_no_pattern() -> None:
    name = "o[1]*?.parquet"
    write_parquet("SELECT 'wanted' AS order_no, 1 AS total", name)
    write_parquet("SELECT 'other' AS order_no, 1 AS total", "o1-x.parquet")
    write_parquet("SELECT 'other' AS order_no, 1 AS total", "o[1]--.parquet")

    assert list(read_orders(name)) == [Order("wanted", Decimal(1))]


def test_rows_of_parquet_keep_their_order_and_number_beyond_one_batch() -> None:
    write_parquet(
        "SELECT i::VARCHAR AS order_no, IF(i = 4999, NULL, i) AS total FROM range(5001) t(i)"
    )

    found = list(read_orders("orders.parquet"))

    assert found[4999] == BadRow("orders.parquet row 5000", "amount is empty")
    del found[4999]
    assert found == [Order(str(i), Decimal(i)) for i in range(5001) if i != 4999]


def test_what_is_no_parquet_is_told_in_a_line() -> None:
    Path("orders.parquet").write_bytes(b"PAR1" + b"\n" * 40)

    told = refusal("orders.parquet")

    assert told.startswith("orders.parquet: ")
    assert "\\n" not in told
    assert told.isprintable()


def test_parquet_without_the_columns_says_which_there_are() -> None:
    write_parquet("SELECT 1 AS id, 2 AS total")

    assert refusal("orders.parquet") == (
        "orders.parquet: no column looks like merchant_uid: name it with --columns merchant_uid=COLUMN; "
        "columns found: 'id', 'total'"
    )


def test_sqlite_is_read_row_by_row() -> None:
    write_sqlite(
        "CREATE TABLE orders (no TEXT, total, state TEXT)",
        "INSERT INTO orders VALUES ('0001', '1,000', 'paid'), (2, 1000.5, '취소')",
        "INSERT INTO orders VALUES (CAST(x'B0A1' AS TEXT), 1, 'paid'), ('A-4', x'01', 'paid')",
        "INSERT INTO orders VALUES ('A-5', 9007199254740993, 'paid'), (1.5, 1, 'paid')",
    )

    found = list(
        read_orders(
            "orders.db",
            query="SELECT no AS order_no, total, state FROM orders ORDER BY rowid",
            columns=Columns(status="state"),
        )
    )

    assert found == [
        Order("0001", Decimal(1000)),
        Order("2", Decimal("1000.5"), "KRW", "cancelled"),
        BadRow("orders.db row 3", r"merchant_uid is not valid Unicode: '\udcb0\udca1'"),
        BadRow("orders.db row 4", "amount is of type bytes: \"b'\\\\x01'\""),
        BadRow("orders.db row 5", "amount has more digits than any amount: '9007199254740993'"),
        Order("1.5", Decimal(1)),
    ]


def test_an_integer_and_a_float_of_sqlite_are_not_the_same_order_number() -> None:
    write_sqlite("CREATE TABLE t (x)")

    assert list(
        read_orders(
            "orders.db",
            query="SELECT 12 AS order_no, 1 AS total UNION ALL SELECT 12.0, 1",
        )
    ) == [
        Order("12", Decimal(1)),
        BadRow("orders.db row 2", ROUNDED.format("12.0")),
    ]


def test_a_query_on_sqlite_is_lazy() -> None:
    write_sqlite("CREATE TABLE t (x)")
    rows = read_orders(
        "orders.db",
        query="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS order_no, 1000 AS total FROM n",
    )

    assert [next(rows), next(rows)] == [Order("1", Decimal(1000)), Order("2", Decimal(1000))]
    rows.close()


def test_a_query_cannot_change_the_file() -> None:
    write_sqlite("CREATE TABLE orders (order_no, total)", "INSERT INTO orders VALUES ('A-1', 1)")
    before = Path("orders.db").read_bytes()

    told = refusal("orders.db", query="DELETE FROM orders RETURNING order_no, total")

    assert told == "orders.db: attempt to write a readonly database"
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
def test_a_query_that_cannot_run_says_why(query: str, problem: str) -> None:
    write_sqlite("CREATE TABLE orders (order_no, total)")

    assert refusal("orders.db", query=query).startswith(f"orders.db: {problem}")


def test_what_is_no_sqlite_is_said_so() -> None:
    Path("orders.db").write_text("order_no,total\n" * 100)

    assert refusal("orders.db", query="SELECT * FROM t") == "orders.db: file is not a database"


def test_a_strange_name_of_a_file_is_no_option_of_sqlite() -> None:
    name = "a b?mode=rwc#%41.db"
    with closing(sqlite3.connect(name)) as connection:
        connection.execute("CREATE TABLE t (x)")

    rows = read_orders(name, query="SELECT 'A-1' AS order_no, count(*) AS total FROM t")

    assert list(rows) == [Order("A-1", Decimal(0))]


def _parquet() -> str:
    write_parquet("SELECT i AS order_no, 1 AS total FROM range(5000) t(i)")
    return "orders.parquet"


def _sqlite() -> str:
    write_sqlite(
        "CREATE TABLE orders AS WITH RECURSIVE n(i) AS "
        "(SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i AS order_no, 1 AS total FROM n"
    )
    return "orders.db"


@pytest.mark.parametrize("make", [_parquet, _sqlite])
def test_threads_may_take_turns(make: Callable[[], str]) -> None:
    source = make()
    rows = read_orders(source, query="SELECT * FROM orders" if source.endswith("db") else None)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        first = one.submit(next, rows).result()
        rest = other.submit(list, rows).result()

    assert [first, *rest] == [Order(str(i), Decimal(1)) for i in range(5000)]


@pytest.mark.parametrize(
    ("source", "package"), [("orders.parquet", "duckdb"), ("postgresql://h/d", "psycopg")]
)
def test_a_missing_engine_is_named_with_the_way_to_get_it(
    source: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    told = refusal(source, query=None if source.endswith("parquet") else "SELECT 1")

    assert told.endswith(f" needs {package}: pip install 'portone-async[cli]'")


def test_nothing_is_imported_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    write_sqlite("CREATE TABLE t (x)")
    Path("orders.csv").write_text("order_no,total\nA-1,1\n")

    assert list(read_orders("orders.csv")) == [Order("A-1", Decimal(1))]
    assert list(read_orders("orders.db", query="SELECT 1 AS order_no, 1 AS total"))
