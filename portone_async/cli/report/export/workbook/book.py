"""A workbook of XlsxWriter in its mode of constant memory, and what depends on its internals."""

# XlsxWriter is annotated in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

__all__ = ("Book", "Format", "Worksheet", "open_book")


class Book:
    """A workbook. The rows of each of its sheets must be written from the first to the last."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook: Any = workbook

    def add_format(self, **properties: str | float) -> Format:
        """Return a new format of cells: https://xlsxwriter.readthedocs.io/format.html."""
        added: Format = self._workbook.add_format(properties)
        return added

    def add_sheet(self, name: str) -> Worksheet:
        """Return a new sheet, the last one."""
        added: Worksheet = self._workbook.add_worksheet(name)
        return added

    def sort_sheets(self, sheets: Sequence[Worksheet]) -> None:
        """Put all sheets but the first into a sequence, before the workbook is complete."""
        self._workbook.worksheets_objs[1:] = sheets
        # The names of filtered ranges refer to their sheets by index.
        for index, sheet in enumerate(self._workbook.worksheets_objs):
            sheet.index = index


@contextmanager
def open_book(path: Path) -> Generator[Book]:
    """Yield a workbook that is complete at the end of the block.

    Its sheets are in temporary files beside it until then.
    """
    with TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:
        workbook = Workbook(str(path), {"constant_memory": True, "tmpdir": folder})
        try:
            yield Book(workbook)
            workbook.close()
        except FileCreateError as error:
            # It wraps the error of the system.
            raise error.args[0] from None
        finally:
            # After an error the temporary files are open still.
            for sheet in workbook.worksheets():
                sheet._opt_close()  # noqa: SLF001 (only a complete workbook closes them)
