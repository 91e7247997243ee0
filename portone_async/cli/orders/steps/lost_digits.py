"""Note order numbers that look as if a spreadsheet had kept only fifteen of their digits."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from gettext import gettext as _

from portone_async.cli.orders.items import Item, Note
from portone_async.reconcile.finding import Order

__all__ = ("note_lost_digits",)

# The precision of a number in a spreadsheet; it replaces all further digits by zeros.
_PRECISION = 15
_MIN_COUNT = 2


def note_lost_digits(items: Generator[Item, None, None], name: str) -> Generator[Item, None, None]:
    """Pass on all items; at the end, add a note if every long order number ends in zeros.

    One number proves nothing: a tenth of all numbers of sixteen digits end in 0. All of them
    prove nothing either, since a shop may number its orders so. So these orders are looked up,
    and the note explains why they may be missing.

    Args:
        items: The items of the source.
        name: The source, for the note.
    """
    count = rounded = 0
    with closing(items):
        for item in items:
            if isinstance(item, Order) and item.merchant_uid[_PRECISION:].isdecimal():
                is_number = item.merchant_uid.isdecimal()
                count += is_number
                rounded += is_number and not item.merchant_uid[_PRECISION:].strip("0")
            yield item
    if rounded == count >= _MIN_COUNT:
        text = _(
            "all {n} order numbers of more than 15 digits end in zeros from the 16th on, as if "
            "rounded by a spreadsheet: if these orders are missing, export order numbers as text"
        )
        yield Note(name, text.format(n=f"{count:,}"))
