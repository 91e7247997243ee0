"""Read one sheet of a workbook of Excel or LibreOffice with python-calamine: .xlsx, .xls, .ods.

Import this module only when it is needed: python-calamine belongs to the extra ``cli``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from gettext import gettext as _
from itertools import chain, dropwhile, islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from portone_async._worded import Worded
from portone_async.cli.escape import escape
from portone_async.cli.orders.columns import Columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import BadRow, Item, Note
from portone_async.cli.orders.row import parse_row
from portone_async.cli.orders.where import row_of

from .apostrophes import remove_apostrophes
from .file_type import SNIFF_BYTES, check_is_workbook
from .header import MAX_ROWS, Header, find_header, is_blank
from .workbook_sheets import Row, choose_sheet, numbered_rows
from .workbook_size import check_size

__all__ = ("read_workbook",)

_LOCKED = Worded(
    "is protected by a password: open it in Excel, save it without one or as 'CSV UTF-8', and "
    "use that file"
)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# From this number on a float cannot represent every whole number.
_FIRST_INEXACT = 2**53


def read_workbook(
    path: Path, name: str, columns: Columns, sheet: str | None, header_row: int | None
) -> Generator[Item, None, None]:
    """Read one sheet, in about 100 MB of memory for 100,000 rows of ten columns."""
    with _open(path) as workbook:
        chosen, note = choose_sheet(workbook, sheet, columns)
        if note:
            yield Note(name, note)
        rows = numbered_rows(chosen)
        top, header = _read_header(rows, columns, header_row)
        if header.start and header_row is None:
            yield Note(row_of(name, top[header.start][0]), _("the header is here, not at the top"))
        for number, cells in chain(top[header.end :], rows):
            exact = remove_apostrophes([_to_exact(cell) for cell in cells], header.layout)
            item = parse_row(exact, header.layout, partial(row_of, name, number))
            if not isinstance(item, BadRow) or not is_blank(cells):
                yield item


@contextmanager
def _open(path: Path) -> Generator[CalamineWorkbook, None, None]:
    _check(path)
    try:
        with _load(path) as workbook:
            yield workbook
    except PasswordError:
        problem = _LOCKED
    except CalamineError as error:
        problem = Worded("cannot be read as a workbook: {problem}", problem=escape(str(error)))
    except BaseException as error:
        # The class of a panic in Rust cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        problem = Worded("cannot be read as a workbook: it is damaged")
    else:
        return
    raise OrdersError(problem)


def _check(path: Path) -> None:
    """Reject files on which calamine crashes or raises an unclear error."""
    with path.open("rb") as file:
        start = file.read(SNIFF_BYTES)
        check_is_workbook(start)
        if start.startswith(b"PK"):
            check_size(path)
        elif _ENCRYPTED in start + file.read():
            raise OrdersError(_LOCKED)


def _load(path: Path) -> CalamineWorkbook:
    try:
        # calamine distinguishes a password from damage only if it opens the file by its name.
        return CalamineWorkbook.from_path(path)  # pyright: ignore[reportUnknownMemberType] (a bare PathLike)
    except PasswordError:
        raise
    except CalamineError:
        # Open it by its content instead: some shop systems export .xlsx files with the suffix .xls.
        with path.open("rb") as file:
            return CalamineWorkbook.from_filelike(file)


def _read_header(
    rows: Iterator[Row], columns: Columns, header_row: int | None
) -> tuple[list[Row], Header]:
    """Read the first rows, and find the header in them."""
    if header_row is None:
        rows, max_rows = dropwhile(lambda row: is_blank(row[1]), rows), MAX_ROWS
    else:
        rows, max_rows = islice(rows, header_row - 1, None), 1
    top = list(islice(rows, max_rows + 2))
    if not top:
        raise OrdersError(
            Worded("has no rows in this sheet")
            if header_row is None
            else Worded("has no row {row} in this sheet", row=header_row)
        )
    return top, find_header([cells for _, cells in top], columns, max_rows)


def _to_exact(cell: object) -> object:
    """Convert a float to an int where that is exact: all numbers in a sheet are floats."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _FIRST_INEXACT:
        return int(cell)
    return cell
