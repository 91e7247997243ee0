"""A sheet with a cell far out cannot crash the process."""

from __future__ import annotations

import zipfile

from portone_async.cli.orders import read_orders
from tests.support.order_files import order_numbers_of, source_error
from tests.support.workbooks import Cell, write_xlsx

ORDERS: list[list[Cell]] = [["주문번호", "결제금액"], ["A-1", 1000], ["A-2", "2,000"]]


def write_far(replacements: dict[str, str]) -> None:
    """Write ``far.xlsx``: the orders, with replacements in its XML."""
    write_xlsx("orders.xlsx", {"주문": ORDERS})
    with zipfile.ZipFile("orders.xlsx") as source, zipfile.ZipFile("far.xlsx", "w") as target:
        for part in source.namelist():
            text = source.read(part).decode()
            for old, new in replacements.items():
                text = text.replace(old, new)
            target.writestr(part, text)


def test_cell_far_out_is_an_error() -> None:
    row = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row>'
    write_far({"</sheetData>": f"{row}</sheetData>"})

    assert "has a sheet of 17,179,869,184 cells, most of them empty" in source_error("far.xlsx")


def test_formats_far_out_are_ignored() -> None:
    row = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    dimension = '<dimension ref="A1:XFD1048576"/>'
    write_far({"<sheetData>": f"{dimension}<sheetData>", "</sheetData>": f"{row}</sheetData>"})

    assert order_numbers_of(list(read_orders("far.xlsx"))) == ["A-1", "A-2"]
