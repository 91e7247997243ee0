"""Orders in CSV: commas, semicolons, tabs; quoted fields over several lines."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TextIO

from portone_async.cli.escape import escaped
from portone_async.reconcile.finding import Order

from .columns import Columns, locate
from .encoding import open_text
from .errors import OrdersError
from .rows import BadRow, Item, read_row

__all__ = ("read_delimited",)

_DELIMITERS = ",\t;|"
_LONGEST_HEADER = 100_000


def read_delimited(
    path: Path, name: str, columns: Columns, delimiter: str | None
) -> Generator[Item, None, None]:
    where = f"{name}:"
    # A lone CR ends no line: in a field without quotes it would make two rows of one.
    with open_text(path, newline="\n") as lines:
        if not delimiter:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(lines)
        # Strict, or '"5" pipe,1000' would come out as one field with a quote less.
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        names = _header(rows)
        at = locate(columns, names)
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                yield _malformed(where, line, rows.line_num, str(error))
                continue
            if row is None:
                return
            if len(row) == len(names):
                found = read_row(row, at, where, line)
            else:
                # Which of its fields are the right ones is anyone's guess.
                problem = f"has {len(row)} fields, and the header has {len(names)}"
                found = BadRow(f"{where}{line}", problem)
            if isinstance(found, Order) or not _is_blank(row):
                yield found


def _delimiter(lines: TextIO) -> str:
    """The one of the usual ones that makes the most of the header."""
    header = next((line for line in lines if line.strip()), "")[:_LONGEST_HEADER].partition("\r")[0]
    lines.seek(0)
    return max(_DELIMITERS, key=lambda each: len(next(csv.reader([header], delimiter=each), ())))


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        names = next((row for row in rows if not _is_blank(row)), None)
    except csv.Error as error:
        is_of_old = "new-line" in str(error)
        told = "its lines end in CR alone, as on old Macs" if is_of_old else escaped(str(error))
        problem = f"the header cannot be read: {told}"
    else:
        if names is not None:
            return names
        problem = "is empty: not even a header"
    raise OrdersError(problem)


def _is_blank(row: list[str]) -> bool:
    return not "".join(row).strip()


def _malformed(where: str, first: int, last: int, problem: str) -> BadRow:
    if "field limit" in problem:
        # It is inside of a field: what follows would be taken for rows, and may even look like it.
        raise OrdersError(
            f"line {first}: a field of more than {csv.field_size_limit()} characters: is a quote "
            "not closed?"
        )
    if "new-line" in problem:
        return BadRow(f"{where}{first}", "a line break (CR) in a field without quotes")
    lines = f"lines {first} to {last} are lost: " if last > first else ""
    told = f"{lines}a quote is not closed, or not doubled ({escaped(problem)})"
    return BadRow(f"{where}{first}", told)
