"""Write a small order file and read it back; sample files as shops export them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from portone_async.cli.orders import Item, Note, OrdersError, read_orders
from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.cells.merchant_uid import is_placeholder
from portone_async.cli.orders.cells.rounded import is_rounded
from portone_async.cli.orders.cells.total_labels import is_total_row
from portone_async.reconcile import Order

__all__ = (
    "ORDER_FILES",
    "is_read_unchanged",
    "notes",
    "order",
    "order_numbers_of",
    "read",
    "read_error",
    "rounded_reason",
    "source_error",
    "write_parquet",
    "write_sqlite",
)

ORDER_FILES = Path(__file__).parents[1] / "order_files"


def read(content: str | bytes, name: str = "orders.csv", **options: object) -> list[Item]:
    """Write a file in the current folder, and read all its orders."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_orders(name, **options))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (passed on)


def read_error(content: str | bytes, name: str = "orders.csv", **options: object) -> str:
    """Write a file that cannot be read; return the message of the error."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return source_error(name, **options)


def source_error(source: str | Path, **options: object) -> str:
    """Read a source that cannot be read; return the message of the error."""
    with pytest.raises(OrdersError) as caught:
        list(read_orders(str(source), **options))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (passed on)
    return str(caught.value)


def order(merchant_uid: str, amount: int | str = 1000) -> Order:
    """Return a paid order in KRW."""
    return Order(merchant_uid, Decimal(amount))


def order_numbers_of(items: list[Item]) -> list[str]:
    """Return the order numbers of the orders among the items."""
    return [item.merchant_uid for item in items if isinstance(item, Order)]


def notes(items: list[Item]) -> list[str]:
    """Return the texts of the notes among the items."""
    return [item.text for item in items if isinstance(item, Note)]


def rounded_reason(cell: object) -> str:
    """Return why a rounded order number is a bad row."""
    return (
        f"merchant_uid has been rounded by a spreadsheet or another tool: '{cell}'; "
        "export order numbers as text"
    )


def is_read_unchanged(merchant_uid: str) -> bool:
    """Return whether this text is read as an order number, and unchanged."""
    return (
        strip_blanks(merchant_uid) == merchant_uid != ""
        and merchant_uid not in {".", ".."}
        and not merchant_uid.startswith('="')
        and not is_placeholder(merchant_uid)
        and not is_rounded(merchant_uid)
        and not is_total_row([merchant_uid, "합계"], 0)
    )


def write_parquet(query: str, name: str = "orders.parquet") -> None:
    """Write the rows of a query of DuckDB."""
    with closing(duckdb.connect()) as connection:
        connection.execute(f"COPY ({query}) TO '{name}' (FORMAT parquet)")


def write_sqlite(*statements: str) -> None:
    """Execute statements in ``orders.db``."""
    with closing(sqlite3.connect("orders.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
