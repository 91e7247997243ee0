"""Choose the sheet of a workbook that has the orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from gettext import gettext as _
from itertools import dropwhile, islice
from typing import TypeAlias

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from .cells import shown
from .columns import Columns
from .errors import OrdersError
from .header import MOST_ROWS, has_header, is_blank

__all__ = ("Row", "choose_sheet", "numbered_rows")

Row: TypeAlias = tuple[int, Sequence[object]]
"""Its number, as Excel shows it, and its cells."""

_MOST_LISTED = 10


def choose_sheet(
    workbook: CalamineWorkbook, wanted: str | None, columns: Columns
) -> tuple[CalamineSheet, str]:
    """Choose the sheet that is named, or else the only visible one with a header of orders.

    Args:
        workbook: The workbook.
        wanted: A sheet's name, or its number from 1; hidden ones count.
        columns: Which names to look for in a header.

    Returns:
        The sheet, and a note on which of several it is; empty if there is only one.

    Raises:
        OrdersError: There is no such sheet, or several have orders.
    """
    if wanted is not None:
        return workbook.get_sheet_by_name(_named(workbook, wanted)), ""
    chosen = _with_orders(workbook, columns)
    others = [shown(name) for name in workbook.sheet_names if name != chosen.name]
    if not others:
        return chosen, ""
    text = _("the sheet {name} is read, and not {others}")
    return chosen, text.format(name=shown(chosen.name), others=_listed(others))


def numbered_rows(sheet: CalamineSheet) -> Iterator[Row]:
    """The rows of a sheet, blank ones too."""
    # Before 0.9 the engine does not survive to be asked for the rows of an empty sheet.
    return enumerate(sheet.iter_rows() if sheet.height else (), 1)


def _named(workbook: CalamineWorkbook, wanted: str) -> str:
    names = workbook.sheet_names
    if wanted in names:
        return wanted
    if wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise OrdersError(f"has no sheet {shown(wanted)}, only {_listed(list(map(shown, names)))}")


def _with_orders(workbook: CalamineWorkbook, columns: Columns) -> CalamineSheet:
    chosen: CalamineSheet | None = None
    first: CalamineSheet | None = None
    for name in _visible(workbook):
        sheet = workbook.get_sheet_by_name(name)
        rows = dropwhile(is_blank, (cells for _, cells in numbered_rows(sheet)))
        if not has_header(list(islice(rows, MOST_ROWS)), columns):
            first = first or (sheet if sheet.height else None)
        elif chosen is None:
            chosen = sheet
        else:
            raise OrdersError(
                f"has orders in several sheets, {shown(chosen.name)} and {shown(name)}: say "
                "which with --sheet, and read them one at a time"
            )
    # Of one without such a header the reader says what it has.
    if found := chosen or first:
        return found
    raise OrdersError("has no visible sheet with rows (--sheet reads a hidden one)")


def _visible(workbook: CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
