"""Orders in CSV: commas, semicolons, tabs; quoted fields over several lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from gettext import gettext as _
from io import TextIOWrapper
from itertools import chain, dropwhile, islice
from pathlib import Path

from msgspec import Struct

from portone_async.cli.escape import escaped
from portone_async.reconcile.finding import Order

from .apostrophes import without_apostrophes
from .columns import Columns, fields_named
from .encoding import open_text
from .errors import OrdersError
from .header import MOST_ROWS, Header, find_header, is_blank
from .rows import BadRow, Item, Note, read_row

__all__ = ("read_delimited",)

_DELIMITERS = ",\t;|"
# Excel reads it from the first line, and writes it there.
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*\s*', re.IGNORECASE)
_CTRL_Z = "\x1a"


class _Row(Struct, frozen=True):
    line: int
    """On which it begins, from 1."""
    cells: Sequence[str]
    problem: str = ""
    """Why it is malformed: its cells were split at every delimiter, quoted or not."""


def read_delimited(
    path: Path, name: str, columns: Columns, delimiter: str | None, header_line: int | None
) -> Generator[Item, None, None]:
    where = f"{name}:"
    # A lone CR ends no line: in a field without quotes it would make two rows of one.
    with open_text(path, newline="\n") as text:
        separator = _separator(text)
        if not delimiter:
            is_tsv = path.suffix.lower() == ".tsv"
            delimiter = separator or ("\t" if is_tsv else _delimiter(text, columns))
        rows = _rows(_from_top(text, skip=separator is not None), delimiter)
        top, header = _header(rows, columns, header_line)
        if header.start and header_line is None:
            yield Note(f"{where}{top[header.start].line}", _("the header is here, not at the top"))
        for row in chain(top[header.end :], rows):
            found = _read(row, header, where)
            if isinstance(found, Order) or row.problem or not is_blank(row.cells):
                yield found


def _separator(text: TextIOWrapper) -> str | None:
    found = _SEPARATOR.fullmatch(text.readline(100))
    return found[1] if found else None


def _from_top(text: TextIOWrapper, *, skip: bool) -> Iterator[str]:
    """The lines, without the first if it is to be skipped: it is empty then, and still counts."""
    text.seek(0)
    if skip:
        text.readline()
        yield "\n"
    for line in text:
        # Only the last line can end in anything else. DOS ended files with a Ctrl-Z.
        yield line if line.endswith("\n") else line.rstrip(_CTRL_Z)


def _delimiter(text: TextIOWrapper, columns: Columns) -> str:
    """The one of the usual ones that gives the most of the known names, or else of fields."""

    def names(delimiter: str) -> tuple[int, int]:
        best = 0, 0
        # A quote that is plain text with another delimiter may swallow the rest.
        with suppress(OrdersError):
            for row in islice(_rows(_from_top(text, skip=False), delimiter), MOST_ROWS):
                best = max(best, (len(fields_named(columns, row.cells)), len(row.cells)))
        return best

    return max(_DELIMITERS, key=names)


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[_Row]:
    """Split lines into rows, blank ones too.

    Raises:
        OrdersError: A quote swallows all that follows.
    """
    raw: list[str] = []
    # Strict, or '"5" pipe,1000' would come out as one field with a quote less.
    rows = csv.reader(_remembered(lines, raw), delimiter=delimiter, strict=True)
    while True:
        line = rows.line_num + 1
        raw.clear()
        try:
            cells = next(rows, None)
        except csv.Error as error:
            cells = raw[0].rstrip("\r\n").split(delimiter) if len(raw) == 1 else []
            yield _Row(line, cells, _problem(line, rows.line_num, str(error)))
            continue
        if cells is None:
            return
        yield _Row(line, cells)


def _remembered(lines: Iterable[str], raw: list[str]) -> Iterator[str]:
    for line in lines:
        raw.append(line)
        yield line


def _problem(first: int, last: int, error: str) -> str:
    if "field limit" in error:
        # It is inside of a field: what follows would be taken for rows, and may even look like it.
        raise OrdersError(
            f"line {first}: a field of more than {csv.field_size_limit()} characters: is a quote "
            "not closed?"
        )
    if "new-line" in error:
        return "a line break (CR, which old Macs end lines with) in a field without quotes"
    lines = f"lines {first} to {last} are lost: " if last > first else ""
    return f"{lines}a quote is not closed, or not doubled ({escaped(error)})"


def _header(rows: Iterator[_Row], columns: Columns, line: int | None) -> tuple[list[_Row], Header]:
    """Read the first rows, and find the header in them."""
    if line is None:
        rows = dropwhile(lambda row: not row.problem and is_blank(row.cells), rows)
    else:
        rows = dropwhile(lambda row: row.line < line, rows)
    most_rows = MOST_ROWS if line is None else 1
    top = list(islice(rows, most_rows + 2))
    if not top:
        raise OrdersError("is empty: not even a header" if line is None else f"has no line {line}")
    if line is not None and top[0].line != line:
        raise OrdersError(f"line {line} is inside of a row")
    try:
        return top, find_header(
            [() if row.problem else row.cells for row in top], columns, most_rows
        )
    except OrdersError:
        if not (problem := top[0].problem):
            raise
    raise OrdersError(f"the header cannot be read: {problem}")


def _read(row: _Row, header: Header, where: str) -> Item:
    width, places = len(header.names), header.places
    cells = row.cells
    if row.problem and not _is_plain(cells, header):
        return BadRow(f"{where}{row.line}", row.problem)
    if len(cells) > width and is_blank(cells[width:]):
        cells = cells[:width]
    elif max(places.merchant_uid, places.amount) < len(cells) < width:
        # Excel leaves out the empty fields at the end of some rows.
        cells = [*cells, *[""] * (width - len(cells))]
    if len(cells) != width:
        # It is unknown which of its fields belong to which column.
        return BadRow(f"{where}{row.line}", f"has {len(cells)} fields, and the header has {width}")
    return read_row(without_apostrophes(cells, places), places, where, row.line)


def _is_plain(cells: Sequence[str], header: Header) -> bool:
    """Whether a malformed row has its fields where they should be, and none is read that has a quote."""
    return len(cells) == len(header.names) and not any(
        character in cells[place] for place in header.places.all for character in '"\r'
    )
