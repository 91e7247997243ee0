"""``read_orders`` as a whole: arguments, laziness, errors, empty sources."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Format, Note, OrdersError, read_orders
from portone_async.cli.orders.readers import encoding
from tests.support.order_files import (
    ORDER_FILES,
    order,
    read,
    read_error,
    source_error,
    write_parquet,
    write_sqlite,
)


def _write(content: str) -> Path:
    path = Path("orders.csv")
    path.write_text(content, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("comma_at_row_end.csv", 10),
        ("excel_drops_trailing.csv", 40),
        ("notice_above_header.csv", 5),
        ("sep_line.csv", 2),
        ("cut_syllable_cp949.csv", 40),
        ("cut_character.jsonl", 10),
    ],
)
def test_sample_file_is_read_to_its_last_order(name: str, count: int) -> None:
    items = [item for item in read_orders(str(ORDER_FILES / name)) if not isinstance(item, Note)]

    assert items == [order(f"A-{number}") for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("orders.hwp", {}, "orders.hwp: the name does not tell the format"),
        ("orders", {}, "orders: the name does not tell the format"),
        ("mysql://u:secret@h/d", {}, "only postgresql:// addresses are supported"),
        ("orders.db", {}, "a database needs a query"),
        ("postgresql://h/d", {}, "a database needs a query"),
        ("orders.csv", {"query": "SELECT 1"}, "a query is for databases, not for csv"),
        ("orders.csv", {"delimiter": "::"}, "a delimiter is one character"),
        ("orders.csv", {"delimiter": '"'}, "a delimiter is one character"),
        ("orders.jsonl", {"delimiter": ","}, "a delimiter is one character, and only for CSV"),
    ],
)
def test_invalid_arguments_are_rejected_at_once(
    source: str, options: dict[str, str], problem: str
) -> None:
    with pytest.raises(OrdersError) as caught:
        read_orders(source, **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (texts)

    assert str(caught.value).startswith(problem)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty: it has no header"),
        (b"\n,,\n", "is empty: it has no header"),
        (b'"order_id,total\n', "the header cannot be read: a quote is not closed, or not doubled"),
        (
            b"id,total\n",
            "no column looks like merchant_uid: name it with --columns merchant_uid=COLUMN; columns found: 'id', ",
        ),
        (b"order_id,total\rA,1\r", "the header cannot be read: a line break (CR, which old Macs "),
    ],
)
def test_unreadable_file_is_an_error_with_the_reason(content: bytes, problem: str) -> None:
    assert read_error(content).startswith(f"orders.csv: {problem}")


def test_file_with_only_a_header_is_an_error() -> None:
    with pytest.raises(OrdersError, match="has no orders: no row below its header"):
        list(read_orders(str(ORDER_FILES / "header_only.csv")))


def test_file_with_only_bad_rows_is_not_empty() -> None:
    assert read("order_id,total\nA-1,x\n") == [
        BadRow("orders.csv:2", "amount is not a plain number: 'x'")
    ]


def test_query_without_rows_is_a_note() -> None:
    write_sqlite("CREATE TABLE orders (order_no, total)")

    items = read_orders("orders.db", query="SELECT * FROM orders")

    assert list(items) == [Note("orders.db", "the query returns no rows")]


@given(st.text(st.sampled_from("A1,.\"\n\r\t '{}[]:=\\-₩원\x1b\u202e")), st.sampled_from(Format))
def test_any_text_file_ends_in_items_or_an_orders_error(text: str, source_format: Format) -> None:
    if source_format in {Format.SQLITE, Format.POSTGRESQL, Format.PARQUET}:
        source_format = Format.CSV
    head = "order_id,total\n" if source_format is Format.CSV else ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "o")
        path.write_text(head + text, encoding="utf-8", newline="")
        try:
            items = list(read_orders(str(path), source_format=source_format))
        except OrdersError as error:
            assert str(error).isprintable()
            return

    assert all(item.reason.isprintable() for item in items if isinstance(item, BadRow))


def test_bad_row_quotes_only_the_bad_cell() -> None:
    content = f"order_id,total,buyer\nA-1,{'x' * 500},홍길동\n홍길동\n"

    message = repr(read(content))

    assert "홍길동" not in message
    assert "A-1" not in message
    assert message.count("x") == 59


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    path = _write("order_id,total,memo\n" + f"A-1,1000,{'m' * 500}\n" * 5_000)
    with patch.object(encoding, "_CHUNK", 10_000):
        tracemalloc.start()
        try:
            rows = read_orders(str(path))
            count = sum(1 for _ in rows)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert count == 5_000
    assert peak < 500_000


def test_full_disk_is_an_error_about_the_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def connect_to_a_full_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 8")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_to_a_full_disk)
    content = "order_id,total\n" + "".join(f"A-{number} ,1000\n" for number in range(500))

    assert read_error(content) == ("orders.csv: a temporary file failed: database or disk is full")


def test_closing_the_generator_closes_the_file() -> None:
    path = _write("order_id,total\nA-1,1000\nA-2,1000\n")
    opened = path.open("rb")
    with patch.object(Path, "open", return_value=opened):
        rows = read_orders(str(path))
        assert next(rows) == order("A-1")
        assert not opened.closed
        rows.close()

    assert opened.closed


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "db"])
def test_missing_file_is_an_error_and_is_not_created(suffix: str) -> None:
    source = f"no\x1b.{suffix}"
    rows = read_orders(source, query="SELECT 1" if suffix == "db" else None)

    with pytest.raises(OrdersError) as caught:
        next(rows)

    assert str(caught.value) == f"no\\x1b.{suffix}: No such file or directory"
    assert not Path(source).exists()


def _write_parquet() -> str:
    write_parquet("SELECT i AS order_no, 1 AS total FROM range(5000) t(i)")
    return "orders.parquet"


def _write_sqlite() -> str:
    write_sqlite(
        "CREATE TABLE orders AS WITH RECURSIVE n(i) AS "
        "(SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i AS order_no, 1 AS total FROM n"
    )
    return "orders.db"


@pytest.mark.parametrize("make", [_write_parquet, _write_sqlite])
def test_threads_may_take_turns(make: Callable[[], str]) -> None:
    source = make()
    rows = read_orders(source, query="SELECT * FROM orders" if source.endswith("db") else None)
    with ThreadPoolExecutor(1) as thread, ThreadPoolExecutor(1) as other_thread:
        first = thread.submit(next, rows).result()
        rest = other_thread.submit(list, rows).result()

    assert [first, *rest] == [order(str(i), 1) for i in range(5000)]


@pytest.mark.parametrize(
    ("source", "package"), [("orders.parquet", "duckdb"), ("postgresql://h/d", "psycopg")]
)
def test_missing_library_is_an_error_with_the_command(
    source: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    message = source_error(source, query=None if source.endswith("parquet") else "SELECT 1")

    assert message.endswith(f" needs {package}: pip install 'portone-async[cli]'")


def test_libraries_are_imported_only_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    write_sqlite("CREATE TABLE t (x)")

    assert read("order_no,total\nA-1,1\n") == [order("A-1", 1)]
    assert list(read_orders("orders.db", query="SELECT 1 AS order_no, 1 AS total"))
