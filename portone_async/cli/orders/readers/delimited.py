"""Read CSV: commas, semicolons, tabs or bars; quoted fields may span lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from gettext import gettext as _
from io import TextIOWrapper
from itertools import chain, dropwhile, islice
from pathlib import Path

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.cli.escape import escape
from portone_async.cli.orders.columns import Columns, matching_fields
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import BadRow, Item, Note
from portone_async.cli.orders.row import parse_row
from portone_async.cli.orders.where import line_of
from portone_async.reconcile.finding import Order

from .apostrophes import remove_apostrophes
from .encoding import open_text
from .header import MAX_ROWS, Header, find_header, is_blank

__all__ = ("read_delimited",)

_DELIMITERS = ",\t;|"
# Excel reads the delimiter from such a first line, and writes one.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t]*\s*', re.IGNORECASE)
_CTRL_Z = "\x1a"


class _Row(Struct, frozen=True):
    line: int
    """The line on which it begins, from 1."""
    cells: Sequence[str]
    problem: str = ""
    """Why it is malformed.

    The cells of a malformed row are split at every delimiter, quoted or not; if it spans several
    lines, it has none.
    """


def read_delimited(
    path: Path, name: str, columns: Columns, delimiter: str | None, header_line: int | None
) -> Generator[Item, None, None]:
    # A lone CR does not end a line: in a field without quotes it would split a row in two.
    with open_text(path, newline="\n") as text:
        separator = _read_separator(text)
        if not delimiter:
            is_tsv = path.suffix.lower() == ".tsv"
            delimiter = separator or ("\t" if is_tsv else _detect_delimiter(text, columns))
        rows = _split(_lines(text, skip_first=separator is not None), delimiter)
        top, header = _read_header(rows, columns, header_line)
        if header.start and header_line is None:
            yield Note(
                line_of(name, top[header.start].line), _("the header is here, not at the top")
            )
        for row in chain(top[header.end :], rows):
            item = _parse(row, header, name)
            if isinstance(item, Order) or row.problem or not is_blank(row.cells):
                yield item


def _read_separator(text: TextIOWrapper) -> str | None:
    match = _SEPARATOR_LINE.fullmatch(text.readline(100))
    return match[1] if match else None


def _lines(text: TextIOWrapper, *, skip_first: bool) -> Iterator[str]:
    """Yield all lines; a skipped first line as an empty one, so that line numbers stay right."""
    text.seek(0)
    if skip_first:
        text.readline()
        yield "\n"
    for line in text:
        # Only the last line can lack its end. DOS ended files with a Ctrl-Z.
        yield line if line.endswith("\n") else line.rstrip(_CTRL_Z)


def _detect_delimiter(text: TextIOWrapper, columns: Columns) -> str:
    """Return the usual delimiter that yields the most known names, or else the most fields."""

    def best_row(delimiter: str) -> tuple[int, int]:
        best = 0, 0
        # With the wrong delimiter a quote inside a text may swallow the rest of the file.
        with suppress(OrdersError):
            for row in islice(_split(_lines(text, skip_first=False), delimiter), MAX_ROWS):
                best = max(best, (len(matching_fields(columns, row.cells)), len(row.cells)))
        return best

    return max(_DELIMITERS, key=best_row)


def _split(lines: Iterable[str], delimiter: str) -> Iterator[_Row]:
    """Split lines into rows, blank ones too.

    Raises:
        OrdersError: A quote swallows the rest of the file.
    """
    raw: list[str] = []
    # Strict, or '"5" pipe,1000' would become one field with a quote less.
    rows = csv.reader(_record(lines, raw), delimiter=delimiter, strict=True)
    while True:
        line = rows.line_num + 1
        raw.clear()
        try:
            cells = next(rows, None)
        except csv.Error as error:
            cells = raw[0].rstrip("\r\n").split(delimiter) if len(raw) == 1 else []
            yield _Row(line, cells, _describe(str(error), line, rows.line_num))
            continue
        if cells is None:
            return
        yield _Row(line, cells)


def _record(lines: Iterable[str], raw: list[str]) -> Iterator[str]:
    """Pass on all lines, and append them to ``raw``."""
    for line in lines:
        raw.append(line)
        yield line


def _describe(error: str, first: int, last: int) -> str:
    """Describe an error of the CSV parser.

    Raises:
        OrdersError: The parser is inside a field, and would parse the rest of the field as rows.
    """
    if "field limit" in error:
        raise OrdersError(
            Worded(
                "line {line}: a field of more than {n} characters: is a quote not closed?",
                line=first,
                n=csv.field_size_limit(),
            )
        )
    if "new-line" in error:
        return Worded("a line break (CR, which old Macs end lines with) in a field without quotes")
    problem = Worded("a quote is not closed, or not doubled ({error})", error=escape(error))
    if last == first:
        return problem
    return Worded(
        "lines {first} to {last} are lost: {problem}", first=first, last=last, problem=problem
    )


def _read_header(
    rows: Iterator[_Row], columns: Columns, line: int | None
) -> tuple[list[_Row], Header]:
    """Read the first rows, and find the header in them."""
    if line is None:
        rows = dropwhile(lambda row: not row.problem and is_blank(row.cells), rows)
    else:
        rows = dropwhile(lambda row: row.line < line, rows)
    max_rows = MAX_ROWS if line is None else 1
    top = list(islice(rows, max_rows + 2))
    if not top:
        raise OrdersError(
            Worded("is empty: it has no header")
            if line is None
            else Worded("has no line {line}", line=line)
        )
    if line is not None and top[0].line != line:
        raise OrdersError(Worded("line {line} is inside a row", line=line))
    cells = [() if row.problem else row.cells for row in top]
    try:
        return top, find_header(cells, columns, max_rows)
    except OrdersError:
        if not (problem := top[0].problem):
            raise
    raise OrdersError(Worded("the header cannot be read: {problem}", problem=problem))


def _parse(row: _Row, header: Header, name: str) -> Item:
    where = partial(line_of, name, row.line)
    width, layout = len(header.names), header.layout
    cells = row.cells
    if row.problem and not _is_harmless(cells, header):
        return BadRow(where(), row.problem)
    if len(cells) != width:
        cells = _complete(cells, header)
    if len(cells) != width:
        # Which field belongs to which column is unknown.
        reason = Worded("has {n} fields, but the header has {width}", n=len(cells), width=width)
        return BadRow(where(), reason)
    return parse_row(remove_apostrophes(cells, layout), layout, where)


def _complete(cells: Sequence[str], header: Header) -> Sequence[str]:
    """Remove or add empty fields at the end of a row with more or fewer fields than the header."""
    width, layout = len(header.names), header.layout
    if len(cells) > width and is_blank(cells[width:]):
        return cells[:width]
    if max(layout.merchant_uid, layout.amount) < len(cells) < width:
        # Excel omits the empty fields at the end of some rows.
        return [*cells, *[""] * (width - len(cells))]
    return cells


def _is_harmless(cells: Sequence[str], header: Header) -> bool:
    """Return whether a malformed row has all its fields, and no quote in a field that is read."""
    return len(cells) == len(header.names) and not any(
        character in cells[index] for index in header.layout.indexes for character in '"\r'
    )
