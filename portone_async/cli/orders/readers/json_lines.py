"""Read JSON Lines: one object per line, numbers exactly as written."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from portone_async._worded import Worded
from portone_async.cli.orders.cells.cell import BadCellError
from portone_async.cli.orders.columns import Columns, Layout, find_columns
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.exported_findings import flatten
from portone_async.cli.orders.items import BadRow, Item
from portone_async.cli.orders.row import parse_row
from portone_async.cli.orders.where import line_of

from .encoding import open_text

__all__ = ("read_json_lines",)

# DOS ended files with a Ctrl-Z.
_ENDS = "\r\n\x1a"


class _Row(Struct, frozen=True):
    number: int
    """The number of its line, from 1."""
    names: tuple[str, ...]
    cells: list[object]


def read_json_lines(path: Path, name: str, columns: Columns) -> Generator[Item, None, None]:
    find_layout: Callable[[tuple[str, ...]], Layout] | None = None
    with open_text(path, newline="\n") as lines:
        for row in _decode_lines(lines, name):
            if isinstance(row, BadRow):
                yield row
                continue
            if find_layout is None:
                # An error here ends the reading: the first object must have all columns.
                fixed = _fix_status_column(columns, row.names)
                find_layout = lru_cache(maxsize=256)(partial(find_columns, fixed))
            try:
                layout = find_layout(row.names)
            except OrdersError as error:
                yield BadRow(line_of(name, row.number), error.reason)
            else:
                yield parse_row(row.cells, layout, partial(line_of, name, row.number))
    if find_layout is None:
        raise OrdersError(Worded("has no line with an order"))


def _decode_lines(lines: Iterable[str], name: str) -> Iterator[_Row | BadRow]:
    for number, line in enumerate(lines, 1):
        if not line.strip().strip(_ENDS):
            continue
        try:
            members = flatten(_decode(line.rstrip(_ENDS)))
        except BadCellError as error:
            yield BadRow(line_of(name, number), error.reason)
        else:
            names = tuple(name for name, _ in members)
            yield _Row(number, names, [cell for _, cell in members])


def _fix_status_column(columns: Columns, names: Sequence[str]) -> Columns:
    """Require the status member of the first object in all objects.

    Objects may differ, usually because an empty member is omitted. An object without the status
    that the first object has lacks a value, and the file does not lack the column.
    """
    status = find_columns(columns, names).status
    return columns if status is None else replace(columns, status=names[status])


class _Object(tuple[tuple[str, object], ...]):
    """The members of an object, including repeated names."""

    __slots__ = ()


def _decode(line: str) -> _Object:
    """Decode an object.

    Raises:
        BadCellError: It is not valid JSON; the message does not quote the line.
    """
    try:
        value: object = _decode_json(line)
    except json.JSONDecodeError as error:
        problem = Worded(
            "not JSON: {problem} (column {column})", problem=error.msg, column=error.colno
        )
    except RecursionError:
        problem = Worded("not JSON of an order: it is nested too deeply")
    else:
        if isinstance(value, _Object):
            return value
        problem = Worded("not a JSON object")
    raise BadCellError(problem)


def _parse_whole(text: str) -> int | Decimal:
    # An int has no -0: it would become the number of another order.
    if text == "-0":
        return Decimal(text)
    try:
        return int(text)
    except ValueError:
        return _TOO_LARGE


def _parse_fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return _TOO_LARGE


# Not an error: the member may be one that is not read.
_TOO_LARGE = Decimal("Infinity")
_CONSTANTS = {"NaN": Decimal("NaN"), "Infinity": _TOO_LARGE, "-Infinity": -_TOO_LARGE}
_decode_json = json.JSONDecoder(
    object_pairs_hook=_Object,
    parse_float=_parse_fraction,
    parse_int=_parse_whole,
    parse_constant=_CONSTANTS.__getitem__,
    strict=False,  # A control character makes its text unreadable, not the whole line.
).decode
