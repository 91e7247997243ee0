"""Orders in a workbook of Excel or LibreOffice, by python-calamine: .xlsx, .xls, .ods.

Import this only where it is needed: python-calamine belongs to the extra ``cli``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from gettext import gettext as _
from itertools import chain, dropwhile, islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from portone_async.cli.escape import escaped

from .apostrophes import without_apostrophes
from .columns import Columns
from .disguise import START, refuse_as_workbook
from .errors import OrdersError
from .far_cells import refuse_far_cells
from .header import MOST_ROWS, Header, find_header, is_blank
from .rows import BadRow, Item, Note, read_row
from .sheets import Row, choose_sheet, numbered_rows

__all__ = ("read_workbook",)

_LOCKED = (
    "is protected by a password: open it in Excel, save it without one or as 'CSV UTF-8', and "
    "give that file"
)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# From here on a float may stand for its neighbours.
_FIRST_INEXACT = 2**53


def read_workbook(
    path: Path, name: str, columns: Columns, sheet: str | None, header_row: int | None
) -> Generator[Item, None, None]:
    """Read one sheet. Memory grows with it: some 100 MB for 100,000 rows of ten columns."""
    where = f"{name} row "
    with _opened(path) as workbook:
        chosen, note = choose_sheet(workbook, sheet, columns)
        if note:
            yield Note(name, note)
        rows = numbered_rows(chosen)
        top, header = _header(rows, columns, header_row)
        if header.start and header_row is None:
            yield Note(f"{where}{top[header.start][0]}", _("the header is here, not at the top"))
        for number, cells in chain(top[header.end :], rows):
            exact = [_exact(cell) for cell in cells]
            found = read_row(
                without_apostrophes(exact, header.places), header.places, where, number
            )
            if not isinstance(found, BadRow) or not is_blank(cells):
                yield found


@contextmanager
def _opened(path: Path) -> Generator[CalamineWorkbook, None, None]:
    _check(path)
    try:
        with _workbook(path) as workbook:
            yield workbook
    except PasswordError:
        problem = _LOCKED
    except CalamineError as error:
        problem = f"cannot be read as a workbook: {escaped(str(error))}"
    except BaseException as error:
        # The class of what Rust panics with cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        problem = "cannot be read as a workbook: it is damaged"
    else:
        return
    raise OrdersError(problem)


def _check(path: Path) -> None:
    """Refuse files for which the engine gives no clear error, or crashes."""
    with path.open("rb") as file:
        start = file.read(START)
        refuse_as_workbook(start)
        if start.startswith(b"PK"):
            refuse_far_cells(path)
        elif _ENCRYPTED in start + file.read():
            raise OrdersError(_LOCKED)


def _workbook(path: Path) -> CalamineWorkbook:
    try:
        # By its name: only so the engine tells a password from damage.
        return CalamineWorkbook.from_path(path)  # pyright: ignore[reportUnknownMemberType] (a bare PathLike)
    except PasswordError:
        raise
    except CalamineError:
        # By its content: shop systems name an .xlsx .xls.
        with path.open("rb") as file:
            return CalamineWorkbook.from_filelike(file)


def _header(
    rows: Iterator[Row], columns: Columns, header_row: int | None
) -> tuple[list[Row], Header]:
    """Read the first rows, and find the header in them."""
    if header_row is None:
        rows, most_rows = dropwhile(lambda row: is_blank(row[1]), rows), MOST_ROWS
    else:
        rows, most_rows = islice(rows, header_row - 1, None), 1
    top = list(islice(rows, most_rows + 2))
    if not top:
        what = "rows" if header_row is None else f"row {header_row}"
        raise OrdersError(f"has no {what} in this sheet")
    return top, find_header([cells for _, cells in top], columns, most_rows)


def _exact(cell: object) -> object:
    """Turn a float into the whole number that it is, if it is one: a sheet has only floats."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _FIRST_INEXACT:
        return int(cell)
    return cell
