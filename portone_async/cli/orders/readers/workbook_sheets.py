"""Choose the sheet of a workbook that has the orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from gettext import gettext as _
from itertools import dropwhile, islice
from typing import TypeAlias

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from portone_async._worded import Worded
from portone_async.cli.orders.cells.cell import quote, quote_list
from portone_async.cli.orders.columns import Columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.exported_findings import refuse_findings_sheet

from .header import MAX_ROWS, has_header, is_blank

__all__ = ("Row", "choose_sheet", "numbered_rows")

Row: TypeAlias = tuple[int, Sequence[object]]
"""The number of a row, as Excel displays it, and its cells."""

_MAX_LISTED = 10


def choose_sheet(
    workbook: CalamineWorkbook, wanted: str | None, columns: Columns
) -> tuple[CalamineSheet, str]:
    """Choose the wanted sheet, or else the only visible one with a header of orders.

    Args:
        workbook: The workbook.
        wanted: The name of a sheet, or its number from 1, counting hidden ones.
        columns: The names to look for in a header.

    Returns:
        The sheet, and a note on which of several was chosen; empty if there is only one.

    Raises:
        OrdersError: There is no such sheet, or several have orders.
    """
    if wanted is not None:
        return workbook.get_sheet_by_name(_resolve_name(workbook, wanted)), ""
    chosen = _find_orders(workbook, columns)
    others = [name for name in workbook.sheet_names if name != chosen.name]
    if not others:
        return chosen, ""
    text = _("the sheet {name} is read, not {others}")
    return chosen, text.format(name=quote(chosen.name), others=quote_list(others, _MAX_LISTED))


def numbered_rows(sheet: CalamineSheet) -> Iterator[Row]:
    """Return the rows of a sheet, blank ones too."""
    # Before 0.9 calamine crashes when it iterates over an empty sheet.
    return enumerate(sheet.iter_rows() if sheet.height else (), 1)


def _resolve_name(workbook: CalamineWorkbook, wanted: str) -> str:
    names = workbook.sheet_names
    if wanted in names:
        return wanted
    if wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(names):
        return names[int(wanted) - 1]
    known = quote_list(names, _MAX_LISTED)
    raise OrdersError(
        Worded("has no sheet {wanted}, only {known}", wanted=quote(wanted), known=known)
    )


def _find_orders(workbook: CalamineWorkbook, columns: Columns) -> CalamineSheet:
    with_header: CalamineSheet | None = None
    with_rows: CalamineSheet | None = None
    for name in _visible_sheets(workbook):
        sheet = workbook.get_sheet_by_name(name)
        rows = dropwhile(is_blank, (cells for _, cells in numbered_rows(sheet)))
        top = list(islice(rows, MAX_ROWS))
        refuse_findings_sheet(top[0] if top else ())
        if not has_header(top, columns):
            with_rows = with_rows or (sheet if sheet.height else None)
        elif with_header is None:
            with_header = sheet
        else:
            raise OrdersError(
                Worded(
                    "has orders in several sheets, {one} and {other}: choose one with --sheet, and "
                    "read them one at a time",
                    one=quote(with_header.name),
                    other=quote(name),
                )
            )
    # Without any header, the reader reports the columns of the first sheet with rows.
    if chosen := with_header or with_rows:
        return chosen
    raise OrdersError(Worded("has no visible sheet with rows (--sheet reads a hidden one)"))


def _visible_sheets(workbook: CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
