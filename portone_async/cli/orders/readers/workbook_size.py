"""Reject an .xlsx with a cell so far from the others that reading it would crash the process.

python-calamine stores a sheet as a rectangle, including empty cells. One blank in XFD1048576
makes that half a terabyte, and a failed allocation in Rust cannot be caught.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO

from portone_async._worded import Worded
from portone_async.cli.orders.errors import OrdersError

__all__ = ("check_size",)

# A cell takes 32 bytes.
_MAX_CELLS = 50_000_000
_SHEET = re.compile(r"/?xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+[0-9]+:)?([A-Z]{1,3})([0-9]{1,7})"')
_CELL_WITH_CONTENT = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
_MAX_MATCH_BYTES = 200
_CHUNK = 1 << 20


def check_size(path: Path) -> None:
    """Check every sheet of an .xlsx; do nothing for other files.

    Raises:
        OrdersError: The rectangle of a sheet is too large.
    """
    # For a damaged file calamine itself raises an error.
    with (
        suppress(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
        zipfile.ZipFile(path) as archive,
    ):
        for member in archive.namelist():
            if _SHEET.fullmatch(member):
                with archive.open(member) as xml:
                    _check_sheet(xml)


def _check_sheet(xml: IO[bytes]) -> None:
    start = xml.read(_MAX_MATCH_BYTES * 20)
    dimension = _DIMENSION.search(start)
    if dimension is not None and _area([dimension]) <= _MAX_CELLS:
        return
    # The dimension includes cells with a format only, which take no memory. Count the others.
    area = _area(chain.from_iterable(map(_CELL_WITH_CONTENT.finditer, _chunks(xml, start))))
    if area > _MAX_CELLS:
        raise OrdersError(
            Worded(
                "has a sheet of {area:,} cells, most of them empty: delete the rows and columns "
                "after the last order, or save it as 'CSV UTF-8'",
                area=area,
            )
        )


def _chunks(xml: IO[bytes], start: bytes) -> Iterator[bytes]:
    """Yield the whole file in chunks, each preceded by the end of the previous one."""
    yield start
    end = start[-_MAX_MATCH_BYTES:]
    while chunk := xml.read(_CHUNK):
        yield end + chunk
        end = chunk[-_MAX_MATCH_BYTES:]


def _area(cells: Iterable[re.Match[bytes]]) -> int:
    rows = columns = 0
    for cell in cells:
        columns = max(columns, _column_number(cell[1]))
        rows = max(rows, int(cell[2]))
    return rows * columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
