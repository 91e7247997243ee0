"""Find the header of a table: the row with the known column names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import TypeAlias

from msgspec import Struct

from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.columns import Columns, Layout, find_columns, matching_fields

__all__ = ("MAX_ROWS", "Header", "find_header", "has_header", "is_blank")

MAX_ROWS = 30
"""How many rows are searched for a header, from the first that is not blank."""

_REQUIRED = {"merchant_uid", "amount"}

Row: TypeAlias = Sequence[object]
_Match: TypeAlias = tuple[int, int, Sequence[str]]
"""The start and end of a header, and its names."""


class Header(Struct, frozen=True):
    """The column names of a table, and where they are."""

    names: Sequence[str]
    layout: Layout
    start: int
    """The index of its first row."""
    end: int
    """The index of the first row below it."""


def is_blank(row: Row) -> bool:
    """Return whether all cells are empty. Some files end in a row of one Ctrl-Z."""
    return not any(strip_blanks(text).strip("\x1a") for text in _to_texts(row))


def has_header(rows: Sequence[Row], columns: Columns) -> bool:
    """Return whether the first rows have a header, even one with ambiguous columns."""
    return _search([_to_texts(row) for row in rows], columns, MAX_ROWS) is not None


def find_header(rows: Sequence[Row], columns: Columns, max_rows: int = MAX_ROWS) -> Header:
    """Find the first row that names an order number and an amount.

    Reports of marketplaces and payment companies have lines above it. If no single row names
    both, two adjacent rows may: the name of a group above the names of its columns.

    Args:
        rows: The first rows of the table: ``max_rows``, and two more if the table has them.
        columns: The names to look for.
        max_rows: In how many of the rows the header may begin.

    Raises:
        OrdersError: There is no such row; the message lists the names of the one that comes
            closest. Or a field matches several columns.
    """
    texts: list[Sequence[str]] = [_to_texts(row) for row in rows]
    match = _search(texts, columns, max_rows)
    if match is None:
        names = max(texts[:max_rows], key=lambda row: len(matching_fields(columns, row)))
        # It lacks the order number or the amount: this raises.
        return Header(names, find_columns(columns, names), 0, 0)
    start, end, names = match
    layout = find_columns(columns, names)
    if end < len(rows) and _continues(names, layout, texts[end], columns):
        end += 1
    return Header(names, layout, start, end)


def _to_texts(row: Row) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def _search(texts: Sequence[Sequence[str]], columns: Columns, max_rows: int) -> _Match | None:
    single = _search_single_rows(texts[:max_rows], columns)
    rows = texts[: max(max_rows, 2)]  # A pair needs two rows even if it must begin in the first.
    # A complete header in the second row is not the lower half of one in two rows.
    if single or _search_single_rows(rows, columns):
        return single
    return _search_row_pairs(rows, columns)


def _search_single_rows(texts: Sequence[Sequence[str]], columns: Columns) -> _Match | None:
    for start, names in enumerate(texts):
        if matching_fields(columns, names) >= _REQUIRED:
            return start, start + 1, names
    return None


def _search_row_pairs(texts: Sequence[Sequence[str]], columns: Columns) -> _Match | None:
    for start, (upper, lower) in enumerate(pairwise(texts)):
        names = [
            below if strip_blanks(below) else above
            for above, below in zip_longest(upper, lower, fillvalue="")
        ]
        if matching_fields(columns, names) >= _REQUIRED:
            return start, start + 2, names
    return None


def _continues(
    names: Sequence[str], layout: Layout, below: Sequence[str], columns: Columns
) -> bool:
    """Return whether the row below repeats the header, or names the columns of a group."""
    if matching_fields(columns, below) >= _REQUIRED:
        return True
    cells = dict(enumerate(map(strip_blanks, below)))
    if cells.get(layout.merchant_uid) or cells.get(layout.amount):
        return False
    return any(cell and not "".join(names[index : index + 1]) for index, cell in cells.items())
