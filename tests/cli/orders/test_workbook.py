"""Workbooks (.xlsx, .xls, .ods) are read exactly."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Format, Item, Note, read_orders
from tests.support.order_files import ORDER_FILES, order, order_numbers_of, source_error
from tests.support.workbooks import Cell, Error, Number, write_ods, write_xlsx

HEADER = ["주문번호", "결제금액"]
ORDERS: list[list[Cell]] = [[*HEADER], ["A-1", 1000], ["A-2", "2,000"]]


def read_table(*rows: list[Cell]) -> list[Item]:
    """Read a workbook with these rows below a header."""
    return list(read_orders(write_xlsx("orders.xlsx", {"주문": [HEADER, *rows]})))


def test_xlsx_with_texts_and_numbers_is_read() -> None:
    items = read_table(["00012", 1000], [20261101001, Number("10.50")], ["가-1", "1,000원"], [7, 0])

    assert items == [
        order("00012"),
        order("20261101001", "10.5"),
        order("가-1"),
        order("7", 0),
    ]


def test_xls_is_read() -> None:
    items = list(read_orders(str(ORDER_FILES / "orders.xls")))

    assert items[1:] == [order("A-1"), order("20261101001", "12000.5"), order("00012", 3)]


def test_ods_is_read() -> None:
    items = read_orders(write_ods("orders.ods", [HEADER, ["A-1", 1000], [20261101001, 5]]))

    assert list(items) == [order("A-1"), order("20261101001", 5)]


@pytest.mark.parametrize("name", ["orders.xls", "orders.ods", "orders.xlsm"])
def test_kind_of_a_workbook_is_detected_by_its_content(name: str) -> None:
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    shutil.move("orders.xlsx", name)

    assert order_numbers_of(list(read_orders(name))) == ["A-1", "A-2"]


def test_format_option_reads_a_name_without_a_suffix() -> None:
    write_xlsx("orders", {"주문": ORDERS})

    assert order_numbers_of(list(read_orders("orders", source_format=Format.XLSX))) == [
        "A-1",
        "A-2",
    ]


@given(st.integers(1, 2**60) | st.integers(2**53 - 5, 2**53 + 5))
def test_number_as_an_order_number_is_accepted_below_2_to_the_53(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_xlsx(f"{folder}/orders.xlsx", {"주문": [HEADER, [number, 1000]]})
        first, *_ = read_orders(path)

    if number < 2**53:
        assert first == order(str(number))
    else:
        assert isinstance(first, BadRow)
        assert "rounded by a spreadsheet" in first.reason


@pytest.mark.parametrize("digits", ["1.5", "0.1", "2.0261101001000001E+16", "1E+300"])
def test_fraction_as_an_order_number_is_rejected_as_rounded(digits: str) -> None:
    (row,) = read_table([Number(digits), 1000])

    assert isinstance(row, BadRow)
    assert "rounded by a spreadsheet" in row.reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([date(2026, 11, 1), 1000], "merchant_uid is of type date"),
        (["A-1", date(2026, 11, 1)], "amount is of type date"),
        (["A-1", Error("#N/A")], "amount is empty"),
        ([Error("#REF!"), 1000], "merchant_uid is empty"),
        (["A-1", Number("0.30000000000000004")], "amount is a float that is not exact"),
        (["A-1", None], "amount is empty"),
    ],
)
def test_cell_of_another_type_makes_a_bad_row(row: list[Cell], reason: str) -> None:
    items = read_table(["A-0", 1], row)

    assert items[0] == order("A-0", 1)
    assert isinstance(items[1], BadRow)
    assert items[1].where == "orders.xlsx row 3"
    assert items[1].reason.startswith(reason)


def test_header_is_found_and_rows_have_the_numbers_of_excel() -> None:
    rows: list[list[Cell]] = [[], [], ["정산 내역"], [], [None, *HEADER], [], [None, "A-1", "x"]]
    items = list(read_orders(write_xlsx("orders.xlsx", {"주문": rows})))

    assert items == [
        Note("orders.xlsx row 5", "the header is here, not at the top"),
        BadRow("orders.xlsx row 7", "amount is not a plain number: 'x'"),
    ]


def test_header_row_option_chooses_the_header() -> None:
    path = write_xlsx("orders.xlsx", {"주문": [HEADER, ["X", 1], HEADER, ["A-1", 1000]]})

    assert list(read_orders(path, header_row=3)) == [order("A-1")]
    assert source_error(path, header_row=2).startswith(
        "orders.xlsx: no column looks like merchant_uid"
    )
    assert source_error(path, header_row=9) == "orders.xlsx: has no row 9 in this sheet"


@pytest.mark.parametrize(
    ("name", "copy"),
    [("locked.xlsx", "a.xlsx"), ("locked.xlsx", "a.xls"), ("locked.xls", "a.xls")],
)
def test_password_is_an_error_with_advice(name: str, copy: str) -> None:
    shutil.copy(ORDER_FILES / name, copy)
    message = source_error(copy)

    assert "is protected by a password: open it in Excel, save it without one or as" in message


def test_password_of_libreoffice_is_an_error() -> None:
    assert "by a password" in source_error(write_ods("orders.ods", [HEADER], is_locked=True))


@pytest.mark.parametrize("name", ["orders.xls", "orders.xlsx"])
def test_truncated_workbook_is_an_error(name: str) -> None:
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    whole = (ORDER_FILES / "orders.xls" if name == "orders.xls" else Path(name)).read_bytes()
    for length in range(8, len(whole) - 200, 97):
        Path(name).write_bytes(whole[:length])

        assert f"{name}: " in source_error(name)


def test_missing_library_is_an_error_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx("orders.xlsx", {"주문": ORDERS})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    for module in ("workbook", "workbook_sheets"):
        monkeypatch.delitem(
            sys.modules, f"portone_async.cli.orders.readers.{module}", raising=False
        )

    assert source_error(path) == (
        "orders.xlsx: workbooks need python-calamine: pip install 'portone-async[cli]'"
    )
