"""Orders in JSON Lines: one object a line, each number as it was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path

from msgspec.structs import replace

from .columns import Columns, Places, locate
from .encoding import open_text
from .errors import OrdersError
from .own_findings import flattened
from .rows import BadRow, Item, read_row

__all__ = ("read_json_lines",)

# DOS ended files with a Ctrl-Z.
_ENDS = "\r\n\x1a"


def read_json_lines(path: Path, name: str, columns: Columns) -> Generator[Item, None, None]:
    where = f"{name}:"
    places: Callable[[tuple[str, ...]], Places] | None = None
    with open_text(path, newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip().strip(_ENDS):
                continue
            try:
                members = flattened(_members(line.rstrip(_ENDS)))
            except ValueError as error:
                yield BadRow(f"{where}{number}", str(error))
                continue
            names = tuple(key for key, _ in members)
            if places is None:
                places = lru_cache(maxsize=256)(partial(locate, _settled(columns, names)))
            try:
                at = places(names)
            except OrdersError as error:
                yield BadRow(f"{where}{number}", str(error))
                continue
            yield read_row([cell for _, cell in members], at, where, number)
    if places is None:
        raise OrdersError("has no line with an order")


def _settled(columns: Columns, names: Sequence[str]) -> Columns:
    """The columns as the first object has them.

    Objects may differ, and the usual reason is that an empty member was left out. A status that
    the first has, and another has not, is an empty one, and not the lack of such a column.
    """
    status = locate(columns, names).status
    return columns if status is None else replace(columns, status=names[status])


class _Object(tuple[tuple[str, object], ...]):
    """The members of an object, doubled ones and all."""

    __slots__ = ()


def _members(line: str) -> _Object:
    """Decode an object.

    Raises:
        ValueError: It is not valid JSON; the message holds nothing of the line.
    """
    try:
        value: object = _decode(line)
    except json.JSONDecodeError as error:
        problem = f"no JSON: {error.msg} (column {error.colno})"
    except RecursionError:
        problem = "no JSON that can be an order: it is nested too deeply"
    else:
        if isinstance(value, _Object):
            return value
        problem = "no JSON object"
    raise ValueError(problem)


def _whole(text: str) -> int | Decimal:
    # An int has no -0: it would become another order's number.
    if text == "-0":
        return Decimal(text)
    try:
        return int(text)
    except ValueError:
        return _NO_MEASURE


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return _NO_MEASURE


# The member may be one that is not read.
_NO_MEASURE = Decimal("Infinity")
_CONSTANTS = {"NaN": Decimal("NaN"), "Infinity": _NO_MEASURE, "-Infinity": -_NO_MEASURE}
_decode = json.JSONDecoder(
    object_pairs_hook=_Object,
    parse_float=_number,
    parse_int=_whole,
    parse_constant=_CONSTANTS.__getitem__,
    strict=False,  # A control character in a text makes that text unreadable, not the line.
).decode
