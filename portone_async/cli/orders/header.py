"""Find the header of a table: the row where the known names stand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import TypeAlias

from msgspec import Struct

from .blanks import without_blanks
from .columns import Columns, Places, fields_named, locate

__all__ = ("MOST_ROWS", "Header", "find_header", "has_header", "is_blank")

MOST_ROWS = 30
"""How many rows are searched for a header, from the first that is not blank."""

_REQUIRED = {"merchant_uid", "amount"}

Row: TypeAlias = Sequence[object]
_Found: TypeAlias = tuple[int, int, Sequence[str]]


class Header(Struct, frozen=True):
    """The names of a table's columns, and where they stand."""

    names: Sequence[str]
    places: Places
    start: int
    """The place of its (first) row."""
    end: int
    """The place of the first row below it."""


def is_blank(row: Row) -> bool:
    """Whether nothing stands in a row. Some files end in a row of one Ctrl-Z."""
    return not any(without_blanks(name).strip("\x1a") for name in _names(row))


def has_header(rows: Sequence[Row], columns: Columns) -> bool:
    """Whether there is a header in the first rows, even one that leaves a choice."""
    return _found([_names(row) for row in rows], columns, MOST_ROWS) is not None


def find_header(rows: Sequence[Row], columns: Columns, most_rows: int = MOST_ROWS) -> Header:
    """Find the first row that names an order number and an amount.

    Reports of marketplaces and payment companies have lines above it. Where no single row names
    both, two rows together may: there the name of a group stands above the names of its columns.

    Args:
        rows: The first rows of the table: ``most_rows``, and two more if there are.
        columns: Which names to look for.
        most_rows: In how many of the rows the header may begin.

    Raises:
        OrdersError: There is no such row; the message lists the names of the one that comes
            closest. Or a field could be any of several columns.
    """
    named: list[Sequence[str]] = [_names(row) for row in rows]
    found = _found(named, columns, most_rows)
    if found is None:
        names = max(named[:most_rows], key=lambda each: len(fields_named(columns, each)))
        # There is no order number or no amount among them: this raises.
        return Header(names, locate(columns, names), 0, 0)
    start, end, names = found
    places = locate(columns, names)
    if end < len(rows) and _goes_on(names, places, named[end], columns):
        end += 1
    return Header(names, places, start, end)


def _names(row: Row) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def _found(named: Sequence[Sequence[str]], columns: Columns, most_rows: int) -> _Found | None:
    within = named[: max(most_rows, 2)]
    single = _in_one_row(named[:most_rows], columns)
    # A row below that needs no other is a header of its own.
    if single or _in_one_row(within, columns):
        return single
    return _in_two_rows(within, columns)


def _in_one_row(named: Sequence[Sequence[str]], columns: Columns) -> _Found | None:
    for start, names in enumerate(named):
        if fields_named(columns, names) >= _REQUIRED:
            return start, start + 1, names
    return None


def _in_two_rows(named: Sequence[Sequence[str]], columns: Columns) -> _Found | None:
    for start, (upper, lower) in enumerate(pairwise(named)):
        names = [
            below if without_blanks(below) else above
            for above, below in zip_longest(upper, lower, fillvalue="")
        ]
        if fields_named(columns, names) >= _REQUIRED:
            return start, start + 2, names
    return None


def _goes_on(names: Sequence[str], places: Places, below: Sequence[str], columns: Columns) -> bool:
    """Whether the row below names the columns again, or names the columns of a group."""
    if fields_named(columns, below) >= _REQUIRED:
        return True
    cells = dict(enumerate(map(without_blanks, below)))
    if cells.get(places.merchant_uid) or cells.get(places.amount):
        return False
    return any(cell and not "".join(names[place : place + 1]) for place, cell in cells.items())
