"""The sheets of findings: those of each verdict, in the order of the money at stake."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace
from rich.cells import cell_len

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.clock import zone_name
from portone_async.cli.report.export.options import ExportOptions
from portone_async.cli.report.messages import messages
from portone_async.cli.report.money import in_question
from portone_async.cli.report.statement import sort_currencies
from portone_async.reconcile.finding import Verdict

from .book import Book, Worksheet
from .cells import Cells, Formats, Value
from .rows import Column, columns

__all__ = ("MAX_ROWS", "FindingSheets", "sort_verdicts")

MAX_ROWS = 1_048_576
"""Rows of a sheet, with its header:
https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3"""
_A4 = 9
_FILTER_BUTTON = 4
"""The width of the button in a header, in letters."""


class FindingSheets:
    """The sheets of all verdicts that occur.

    Args:
        book: The workbook.
        formats: Its formats.
        options: Its options.
    """

    def __init__(self, book: Book, formats: Formats, options: ExportOptions) -> None:
        self._book = book
        self._formats = formats
        self._options = options
        self._texts = messages(options.language)
        self._sheets: dict[Verdict, list[_Sheet]] = {}

    def add(self, verdict: Verdict, rows: Iterable[list[Value]]) -> None:
        """Write rows below those of their verdict; in another sheet, if the last one is full."""
        sheets = self._sheets.setdefault(verdict, [])
        for row in rows:
            if not sheets or sheets[-1].is_full:
                sheets.append(self._begin(verdict, len(sheets) + 1))
            sheets[-1].add(row)

    def finish(self, totals: Bucket) -> None:
        """Add the filters, and sort the sheets by the money at stake, matched ones last."""
        sheets = [
            sheet for verdict in sort_verdicts(totals) for sheet in self._sheets.get(verdict, ())
        ]
        for sheet in sheets:
            sheet.finish()
        self._book.sort_sheets([sheet.sheet for sheet in sheets])

    def _begin(self, verdict: Verdict, number: int) -> _Sheet:
        name = self._texts[f"verdict.{verdict}"]
        sheet = self._book.add_sheet(name if number == 1 else f"{name} ({number})")
        zone = zone_name(self._options.timezone)
        header = [
            replace(column, title=self._texts[column.title].format(zone=zone))
            for column in columns(has_tiers=self._options.has_tiers)
        ]
        cells = Cells(sheet, self._formats, self._options.timezone)
        return _Sheet(sheet, cells, self._formats, header)


class _Sheet:
    """A sheet of findings with its header."""

    def __init__(
        self, sheet: Worksheet, cells: Cells, formats: Formats, header: list[Column]
    ) -> None:
        self.sheet = sheet
        self._cells = cells
        self._columns = len(header)
        self._next_row = 1
        for number, column in enumerate(header):
            width = max(column.width, cell_len(column.title) + _FILTER_BUTTON)
            sheet.set_column(number, number, width, formats.text if column.is_text else None)
            cells.write_text(0, number, column.title, formats.header)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    @property
    def is_full(self) -> bool:
        """Whether it has no room for another row."""
        return self._next_row == MAX_ROWS

    def add(self, row: list[Value]) -> None:
        """Write the next row."""
        self._cells.write_row(self._next_row, row)
        self._next_row += 1

    def finish(self) -> None:
        """Add the filter, and mark order numbers as texts on purpose."""
        self.sheet.autofilter(0, 0, self._next_row - 1, self._columns - 1)
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{self._next_row}"})


def sort_verdicts(totals: Bucket) -> list[Verdict]:
    """Sort all verdicts by their money in question in the won, then in the other currencies.

    Matched findings come last.
    """
    currencies = sort_currencies(totals.bridges())

    def rank(verdict: Verdict) -> tuple[bool, list[Decimal]]:
        bridges = totals.bridges_of(verdict)
        stakes = [
            in_question(bridges[currency]) if currency in bridges else Decimal(0)
            for currency in currencies
        ]
        return verdict is not Verdict.MATCHED, stakes

    return sorted(Verdict, key=rank, reverse=True)
