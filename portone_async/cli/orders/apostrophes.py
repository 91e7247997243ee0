"""Take off the apostrophes that keep Excel from reading a text as a number or a formula. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .blanks import without_blanks
from .columns import Places

__all__ = ("without_apostrophes",)

T = TypeVar("T")


def without_apostrophes(cells: Sequence[T], places: Places) -> Sequence[T | str]:
    """Take one off every cell of findings of ours; elsewhere, off the order number only."""
    if places.error is not None:
        return [cell.removeprefix("'") if isinstance(cell, str) else cell for cell in cells]
    place = places.merchant_uid
    cell = cells[place]
    if not isinstance(cell, str) or not cell.startswith("'"):
        return cells
    number = cell.removeprefix("'")
    if not without_blanks(number) or number.endswith("'"):
        return cells
    return [*cells[:place], number, *cells[place + 1 :]]
