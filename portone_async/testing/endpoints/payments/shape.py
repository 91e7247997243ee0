"""The JSON text of many payments, made by column instead of by payment.

A benchmark requests a million payments in pages of a thousand. Most of the text of such a page is
the same for each payment: the names, the fields without a value, and values that the payments
share. It is encoded once per page, and only the other values are encoded one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import repeat
from operator import is_
from typing import Any

from portone_async.testing.reply import php_json, php_json_each

from .record import BLANK

__all__ = ("Shape",)


class Shape:
    """The names of a payment's fields: one object for all payments with the same names."""

    def __init__(self, names: tuple[str, ...], omitted: Collection[str]) -> None:
        self.names = names
        positions = {name: position for position, name in enumerate(names)}
        sent = (BLANK.keys() | positions.keys()) - {*omitted, "extension"}
        self._fields = [(name, positions.get(name)) for name in sorted(sent)]
        """The fields in a list of payments, with the positions of their values if they have any."""

    def encode(self, rows: Sequence[tuple[Any, ...]]) -> list[bytes]:
        """Return the JSON objects of payments of this shape, each with a comma, in pieces."""
        columns = [*zip(*rows, strict=True)]
        constants, varying = self._split(columns)
        # Each object is: constant, value, constant, value ... constant.
        width = len(constants) + len(varying)
        pieces = [b""] * (width * len(rows))
        for index, constant in enumerate(constants):
            pieces[2 * index :: width] = [constant] * len(rows)
        for index, column in enumerate(varying):
            pieces[2 * index + 1 :: width] = php_json_each(column)
        return pieces

    def _split(self, columns: list[tuple[Any, ...]]) -> tuple[list[bytes], list[tuple[Any, ...]]]:
        """Return the text around the values that differ, and those values by column."""
        constants, varying = [b"{"], list[tuple[Any, ...]]()
        for number, (name, position) in enumerate(self._fields):
            constants[-1] += (b"," if number else b"") + php_json(name) + b":"
            if position is None:
                constants[-1] += php_json(BLANK[name])
            elif _is_constant(columns[position]):
                constants[-1] += php_json(columns[position][0])
            else:
                varying.append(columns[position])
                constants.append(b"")
        constants[-1] += b"},"
        return constants, varying


def _is_constant(column: tuple[Any, ...]) -> bool:
    # The same object, since equal ones may have other texts: 1, 1.0 and True.
    return all(map(is_, column, repeat(column[0])))
