"""Refuse an .xlsx with a cell so far out that reading it would end the process.

python-calamine keeps a sheet as a rectangle, empty cells too. One blank typed into XFD1048576
makes that half a terabyte, and a failed allocation in Rust cannot be caught.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO

from .errors import OrdersError

__all__ = ("refuse_far_cells",)

# A cell takes 32 bytes.
_MOST_CELLS = 50_000_000
_SHEET = re.compile(r"/?xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+[0-9]+:)?([A-Z]{1,3})([0-9]{1,7})"')
_CELL_WITH_CONTENT = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
_LONGEST_MATCH = 200
_PIECE = 1 << 20


def refuse_far_cells(path: Path) -> None:
    """Check every sheet of an .xlsx; do nothing for other files.

    Raises:
        OrdersError: A sheet reaches too far.
    """
    # Of a damaged file the engine itself raises the error.
    with (
        suppress(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
        zipfile.ZipFile(path) as archive,
    ):
        for member in archive.namelist():
            if _SHEET.fullmatch(member):
                with archive.open(member) as xml:
                    _check(xml)


def _check(xml: IO[bytes]) -> None:
    start = xml.read(_LONGEST_MATCH * 20)
    dimension = _DIMENSION.search(start)
    # It says how far the formats reach: not all that is in it takes memory.
    if dimension is not None and _area([dimension]) <= _MOST_CELLS:
        return
    area = _area(chain.from_iterable(map(_CELL_WITH_CONTENT.finditer, _pieces(xml, start))))
    if area > _MOST_CELLS:
        raise OrdersError(
            f"has a sheet of {area:,} cells, most of them empty: delete the rows and columns "
            "behind the last order, or save it as 'CSV UTF-8'"
        )


def _pieces(xml: IO[bytes], start: bytes) -> Iterator[bytes]:
    """Yield all of a file, each piece with the end of the one before."""
    yield start
    end = start[-_LONGEST_MATCH:]
    while piece := xml.read(_PIECE):
        yield end + piece
        end = piece[-_LONGEST_MATCH:]


def _area(cells: Iterator[re.Match[bytes]] | list[re.Match[bytes]]) -> int:
    rows = columns = 0
    for cell in cells:
        columns = max(columns, _number(cell[1]))
        rows = max(rows, int(cell[2]))
    return rows * columns


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
