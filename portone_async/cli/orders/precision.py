"""Note order numbers that look as if a spreadsheet had kept only fifteen digits of them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from gettext import gettext as _

from portone_async.reconcile.finding import Order

from .rows import Item, Note

__all__ = ("note_lost_digits",)

# A spreadsheet's number holds no more; the digits that follow become zeros.
_DIGITS = 15
_FEWEST = 2


def note_lost_digits(rows: Generator[Item, None, None], name: str) -> Generator[Item, None, None]:
    """Hand on all rows; at the end, note if every long order number ends in zeros.

    A single number does not tell: one in ten of sixteen digits ends in 0. Nor do all of them for
    certain, since a shop may number so. So these orders are looked up, and the note explains why
    they may be missing.

    Args:
        rows: What was read.
        name: The source, for the note.
    """
    count = rounded = 0
    with closing(rows):
        for row in rows:
            if isinstance(row, Order) and row.merchant_uid[_DIGITS:].isdecimal():
                is_number = row.merchant_uid.isdecimal()
                count += is_number
                rounded += is_number and not row.merchant_uid[_DIGITS:].strip("0")
            yield row
    if rounded == count >= _FEWEST:
        text = _(
            "all {n} order numbers of more than 15 digits end in zeros from the 16th on, as a "
            "spreadsheet rounds them: if these orders are missing, export order numbers as text"
        )
        yield Note(name, text.format(n=f"{count:,}"))
