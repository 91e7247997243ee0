"""The sheet with the orders is chosen."""

from __future__ import annotations

import pytest

from portone_async.cli.orders import read_orders
from tests.support.order_files import notes, order, order_numbers_of, source_error
from tests.support.workbooks import Cell, write_xlsx

HEADER = ["주문번호", "결제금액"]
ORDERS: list[list[Cell]] = [[*HEADER], ["A-1", 1000], ["A-2", "2,000"]]


def test_only_sheet_with_orders_is_read_and_the_others_noted() -> None:
    sheets: dict[str, list[list[Cell]]] = {
        "안내": [["읽어 주세요"]],
        "주문": ORDERS,
        "빈": [],
        "숨김": ORDERS,
    }
    items = list(read_orders(write_xlsx("orders.xlsx", sheets, hidden=["숨김"])))

    assert order_numbers_of(items) == ["A-1", "A-2"]
    assert notes(items) == ["the sheet '주문' is read, not '안내', '빈', '숨김'"]


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [("11월", "A-11"), ("2", "A-12"), ("12", "A-12"), ("1", "A-1"), ("4", "A-4")],
)
def test_sheet_option_is_a_name_or_else_a_number(sheet: str, expected: str) -> None:
    sheets: dict[str, list[list[Cell]]] = {
        name: [[*HEADER], [number, 1000]]
        for name, number in {"11월": "A-11", "12": "A-12", "1": "A-1", "숨김": "A-4"}.items()
    }
    path = write_xlsx("orders.xlsx", sheets, hidden=["숨김"])

    assert list(read_orders(path, sheet=sheet)) == [order(expected)]


def test_two_sheets_with_orders_are_an_error() -> None:
    path = write_xlsx("orders.xlsx", {"11월": ORDERS, "12월": ORDERS})

    assert source_error(path).startswith(
        "orders.xlsx: has orders in several sheets, '11월' and '12월'"
    )


def test_sheet_with_ambiguous_columns_counts_as_having_orders() -> None:
    path = write_xlsx("orders.xlsx", {"a": [[*HEADER, "총금액"], ["A-1", 1, 2]], "b": ORDERS})

    assert "has orders in several sheets, 'a' and 'b'" in source_error(path)


@pytest.mark.parametrize("sheet", ["없음", "0", "3", "-1", "²"])
def test_unknown_sheet_is_an_error_that_lists_the_sheets(sheet: str) -> None:
    path = write_xlsx("orders.xlsx", {"11월": ORDERS, "12월": ORDERS})

    assert (
        source_error(path, sheet=sheet)
        == f"orders.xlsx: has no sheet '{sheet}', only '11월', '12월'"
    )


def test_workbook_without_orders_is_an_error() -> None:
    assert "no row below its header" in source_error(write_xlsx("a.xlsx", {"주문": [HEADER]}))
    assert "has no visible sheet with rows" in source_error(write_xlsx("a.xlsx", {"주문": []}))
    assert "columns found: '안내'" in source_error(write_xlsx("a.xlsx", {"주문": [["안내"]]}))
    assert "a sheet is for workbooks" in source_error("orders.csv", sheet="1")
