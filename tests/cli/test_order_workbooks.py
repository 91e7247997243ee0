"""Orders in workbooks: .xlsx, .xls and .ods."""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Format, Item, Note, OrdersError, read_orders
from portone_async.reconcile.finding import Order
from tests.support.workbooks import Cell, Error, Number, write_ods, write_xlsx

FILES = Path(__file__).parents[1] / "order_files"
HEADER = ["주문번호", "결제금액"]
ORDERS: list[list[Cell]] = [[*HEADER], ["A-1", 1000], ["A-2", "2,000"]]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*rows: list[Cell]) -> list[Item]:
    """Read a workbook with these rows below a header."""
    return list(read_orders(write_xlsx("orders.xlsx", {"주문": [HEADER, *rows]})))


def refusal(path: str | Path, **options: object) -> str:
    with pytest.raises(OrdersError) as caught:
        list(read_orders(str(path), **options))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (handed on)
    return str(caught.value)


def order(number: str, amount: int | str = 1000) -> Order:
    return Order(number, Decimal(amount))


def orders(items: list[Item]) -> list[str]:
    return [each.merchant_uid for each in items if isinstance(each, Order)]


def notes(items: list[Item]) -> list[str]:
    return [each.text for each in items if isinstance(each, Note)]


def test_xlsx_is_read_with_texts_and_numbers() -> None:
    found = read(["00012", 1000], [20261101001, Number("10.50")], ["가-1", "1,000원"], [7, 0])

    assert found == [
        order("00012"),
        order("20261101001", "10.5"),
        order("가-1"),
        order("7", 0),
    ]


def test_xls_is_read() -> None:
    found = list(read_orders(str(FILES / "orders.xls")))

    assert found[1:] == [order("A-1"), order("20261101001", "12000.5"), order("00012", 3)]


def test_ods_is_read() -> None:
    found = read_orders(write_ods("orders.ods", [HEADER, ["A-1", 1000], [20261101001, 5]]))

    assert list(found) == [order("A-1"), order("20261101001", 5)]


@pytest.mark.parametrize("name", ["orders.xls", "orders.ods", "orders.xlsm"])
def test_kind_of_a_workbook_is_recognised_by_its_content(name: str) -> None:
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    shutil.move("orders.xlsx", name)

    assert orders(list(read_orders(name))) == ["A-1", "A-2"]


def test_format_option_decides_for_a_name_without_an_ending() -> None:
    write_xlsx("orders", {"주문": ORDERS})

    assert orders(list(read_orders("orders", source_format=Format.XLSX))) == ["A-1", "A-2"]


# Numbers.


@given(st.integers(1, 2**60) | st.integers(2**53 - 5, 2**53 + 5))
def test_order_number_stored_as_a_number_is_taken_only_below_2_to_the_53(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_xlsx(f"{folder}/orders.xlsx", {"주문": [HEADER, [number, 1000]]})
        first, *_ = read_orders(path)

    if number < 2**53:
        assert first == order(str(number))
    else:
        assert isinstance(first, BadRow)
        assert "rounded by a spreadsheet" in first.reason


@pytest.mark.parametrize("digits", ["1.5", "0.1", "2.0261101001000001E+16", "1E+300"])
def test_order_number_that_is_no_whole_number_has_been_rounded(digits: str) -> None:
    (row,) = read([Number(digits), 1000])

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
def test_cell_of_another_kind_makes_its_row_unreadable(row: list[Cell], reason: str) -> None:
    found = read(["A-0", 1], row)

    assert found[0] == order("A-0", 1)
    assert isinstance(found[1], BadRow)
    assert found[1].where == "orders.xlsx row 3"
    assert found[1].reason.startswith(reason)


# Rows and sheets.


def test_header_is_found_and_rows_have_the_numbers_that_excel_shows() -> None:
    rows: list[list[Cell]] = [[], [], ["정산 내역"], [], [None, *HEADER], [], [None, "A-1", "x"]]
    found = list(read_orders(write_xlsx("orders.xlsx", {"주문": rows})))

    assert found == [
        Note("orders.xlsx row 5", "the header is here, not at the top"),
        BadRow("orders.xlsx row 7", "amount is not a plain number: 'x'"),
    ]


def test_header_row_decides() -> None:
    path = write_xlsx("orders.xlsx", {"주문": [HEADER, ["X", 1], HEADER, ["A-1", 1000]]})

    assert list(read_orders(path, header_row=3)) == [order("A-1")]
    assert refusal(path, header_row=2).startswith("orders.xlsx: no column looks like merchant_uid")
    assert refusal(path, header_row=9) == "orders.xlsx: has no row 9 in this sheet"


def test_only_sheet_with_orders_is_read_and_the_others_are_noted() -> None:
    sheets: dict[str, list[list[Cell]]] = {
        "안내": [["읽어 주세요"]],
        "주문": ORDERS,
        "빈": [],
        "숨김": ORDERS,
    }
    found = list(read_orders(write_xlsx("orders.xlsx", sheets, hidden=["숨김"])))

    assert orders(found) == ["A-1", "A-2"]
    assert notes(found) == ["the sheet '주문' is read, not '안내', '빈', '숨김'"]


@pytest.mark.parametrize(
    ("sheet", "found"),
    [("11월", "A-11"), ("2", "A-12"), ("12", "A-12"), ("1", "A-1"), ("4", "A-4")],
)
def test_sheet_is_named_by_its_name_or_else_its_number(sheet: str, found: str) -> None:
    sheets: dict[str, list[list[Cell]]] = {
        name: [[*HEADER], [number, 1000]]
        for name, number in {"11월": "A-11", "12": "A-12", "1": "A-1", "숨김": "A-4"}.items()
    }
    path = write_xlsx("orders.xlsx", sheets, hidden=["숨김"])

    assert list(read_orders(path, sheet=sheet)) == [order(found)]


def test_two_sheets_with_orders_are_an_error() -> None:
    path = write_xlsx("orders.xlsx", {"11월": ORDERS, "12월": ORDERS})

    assert refusal(path).startswith("orders.xlsx: has orders in several sheets, '11월' and '12월'")


def test_sheet_whose_columns_leave_a_choice_counts_as_one_with_orders() -> None:
    path = write_xlsx("orders.xlsx", {"a": [[*HEADER, "총금액"], ["A-1", 1, 2]], "b": ORDERS})

    assert "has orders in several sheets, 'a' and 'b'" in refusal(path)


@pytest.mark.parametrize("sheet", ["없음", "0", "3", "-1", "²"])
def test_unknown_sheet_is_an_error_that_lists_the_sheets(sheet: str) -> None:
    path = write_xlsx("orders.xlsx", {"11월": ORDERS, "12월": ORDERS})

    assert refusal(path, sheet=sheet) == f"orders.xlsx: has no sheet '{sheet}', only '11월', '12월'"


def test_workbook_without_orders_is_an_error() -> None:
    assert "no row below its header" in refusal(write_xlsx("a.xlsx", {"주문": [HEADER]}))
    assert "has no visible sheet with rows" in refusal(write_xlsx("a.xlsx", {"주문": []}))
    assert "columns found: '안내'" in refusal(write_xlsx("a.xlsx", {"주문": [["안내"]]}))
    assert "a sheet is for workbooks" in refusal("orders.csv", sheet="1")


# What is no workbook.


@pytest.mark.parametrize(
    ("name", "copy"),
    [("locked.xlsx", "a.xlsx"), ("locked.xlsx", "a.xls"), ("locked.xls", "a.xls")],
)
def test_password_is_named_with_the_way_on(name: str, copy: str) -> None:
    shutil.copy(FILES / name, copy)
    told = refusal(copy)

    assert "is protected by a password: open it in Excel, save it without one or as" in told


def test_password_of_libreoffice_is_named() -> None:
    assert "by a password" in refusal(write_ods("orders.ods", [HEADER], is_locked=True))


def test_page_named_xls_is_called_html_with_the_way_on() -> None:
    told = refusal(FILES / "table_in_html.xls")

    assert "is HTML, a page for a browser, not a workbook, despite its name: open it" in told
    assert "save it as .xlsx or 'CSV UTF-8'" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "주문번호\t결제금액\n".encode("cp949"),
            "is text, not a workbook, despite its name: ",
        ),
        (b"\xff\xfe" + "주문번호\t결제금액\n".encode("utf-16-le"), "is text, not a workbook"),
        (b"order_id,total\nA-1,1000\n", "is text, not a workbook"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><table>", "is HTML, a page for a browser, not a workbook"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "is HTML"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "is XML",
        ),
        (b"%PDF-1.7", "is a PDF, not a workbook"),
        (b"", "is empty"),
        (b"PK\x03\x04rest", "cannot be read as a workbook: "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "cannot be read as a workbook: "),
    ],
)
def test_file_that_is_not_a_workbook_is_named(content: bytes, told: str) -> None:
    Path("orders.xls").write_bytes(content)

    assert refusal("orders.xls").startswith(f"orders.xls: {told}")


def test_error_of_a_workbook_named_csv_names_the_format_option() -> None:
    write_xlsx("orders.csv", {"주문": ORDERS})

    assert "rename it to .xlsx, or use --format xlsx" in refusal("orders.csv")
    assert orders(list(read_orders("orders.csv", source_format=Format.XLSX))) == ["A-1", "A-2"]


@pytest.mark.parametrize("name", ["orders.xls", "orders.xlsx"])
def test_workbook_that_was_cut_is_an_error_wherever_it_was_cut(name: str) -> None:
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    whole = (FILES / "orders.xls" if name == "orders.xls" else Path(name)).read_bytes()
    for length in range(8, len(whole) - 200, 97):
        Path(name).write_bytes(whole[:length])

        assert f"{name}: " in refusal(name)


def test_cell_far_out_is_an_error_and_does_not_end_the_process() -> None:
    sheet = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row>'
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    with zipfile.ZipFile("orders.xlsx") as source, zipfile.ZipFile("far.xlsx", "w") as target:
        for part in source.namelist():
            text = source.read(part).decode().replace("</sheetData>", f"{sheet}</sheetData>")
            target.writestr(part, text)

    assert "has a sheet of 17,179,869,184 cells, most of them empty" in refusal("far.xlsx")


def test_formats_that_reach_far_out_are_no_cells() -> None:
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    with zipfile.ZipFile("orders.xlsx") as source, zipfile.ZipFile("far.xlsx", "w") as target:
        for part in source.namelist():
            text = source.read(part).decode()
            text = text.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
            text = text.replace(
                "</sheetData>", '<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
            )
            target.writestr(part, text)

    assert orders(list(read_orders("far.xlsx"))) == ["A-1", "A-2"]


def test_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx("orders.xlsx", {"주문": ORDERS})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    for module in ("workbook", "workbook_sheets"):
        monkeypatch.delitem(
            sys.modules, f"portone_async.cli.orders.readers.{module}", raising=False
        )

    assert refusal(path) == (
        "orders.xlsx: workbooks need python-calamine: pip install 'portone-async[cli]'"
    )
