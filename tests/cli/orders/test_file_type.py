"""A file whose content does not fit its name is rejected, with advice."""

from __future__ import annotations

import pytest

from portone_async.cli.orders import Format, read_orders
from tests.support.order_files import ORDER_FILES, order, read_error, source_error
from tests.support.workbooks import write_xlsx


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", "is a workbook (.xlsx or .ods) or another archive: rename it to "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook (.xls, or .xlsx with a password)"),
        (b"%PDF-1.7", "is a PDF: open it in Excel"),
        (
            (ORDER_FILES / "table_in_html.xls").read_bytes(),
            "is HTML, a page for a browser: open it in ",
        ),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "is XML of Excel 2003",
        ),
        ("order_id,total\nA-1,1000\n".encode("utf-16-le"), "is not text: it is full of NUL bytes"),
    ],
)
def test_binary_file_named_csv_is_an_error_with_advice(content: bytes, message: str) -> None:
    assert read_error(content).startswith(f"orders.csv: {message}")


def test_text_that_begins_with_a_bracket_is_text() -> None:
    assert read_error("<주문>,금액\n").startswith("orders.csv: no column looks like merchant_uid")


def test_web_page_named_xls_is_an_error_with_advice() -> None:
    message = source_error(ORDER_FILES / "table_in_html.xls")

    assert "is HTML, a page for a browser, not a workbook, despite its name: open it" in message
    assert "save it as .xlsx or 'CSV UTF-8'" in message


@pytest.mark.parametrize(
    ("content", "message"),
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
def test_other_file_named_xls_is_an_error_with_its_type(content: bytes, message: str) -> None:
    assert read_error(content, "orders.xls").startswith(f"orders.xls: {message}")


def test_workbook_named_csv_is_an_error_with_the_option() -> None:
    write_xlsx("orders.csv", {"주문": [["주문번호", "결제금액"], ["A-1", 1000]]})

    assert "rename it to .xlsx, or use --format xlsx" in source_error("orders.csv")
    assert list(read_orders("orders.csv", source_format=Format.XLSX)) == [order("A-1")]
