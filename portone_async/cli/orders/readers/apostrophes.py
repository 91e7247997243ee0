"""Remove the apostrophes that keep Excel from parsing a text as a number or a formula. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.columns import Layout

__all__ = ("remove_apostrophes",)

T = TypeVar("T")


def remove_apostrophes(cells: Sequence[T], layout: Layout) -> Sequence[T | str]:
    """Remove one from every cell of exported findings; elsewhere from the order number only."""
    if layout.error is not None:
        return [cell.removeprefix("'") if isinstance(cell, str) else cell for cell in cells]
    index = layout.merchant_uid
    cell = cells[index]
    if not isinstance(cell, str) or not cell.startswith("'"):
        return cells
    number = cell.removeprefix("'")
    # An apostrophe alone, or a quoted text, is not Excel's.
    if not strip_blanks(number) or number.endswith("'"):
        return cells
    return [*cells[:index], number, *cells[index + 1 :]]
