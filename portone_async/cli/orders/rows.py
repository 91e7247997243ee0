"""Turn a row into an order, or into the reason why it is not one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from portone_async.reconcile.finding import Order

from .cells import BadCellError, amount_of, currency_of, merchant_uid_of, says_won, status_of
from .columns import Places

__all__ = ("BadRow", "Item", "Note", "read_row")


class BadRow(Struct, frozen=True):
    """A row that is no order. Both texts are fit for a terminal."""

    where: str
    """``orders.csv:12`` by line, or ``orders.db row 12`` where there are no lines."""
    reason: str
    """What is wrong; of the row it shows the one cell that is, and only its beginning."""


class Note(Struct, frozen=True):
    """A fact about the source that changes no verdict. Both texts are fit for a terminal.

    A reader yields few of them: one for each kind of fact, with a count where there are many.
    """

    where: str
    """``orders.csv``, or ``orders.csv:12`` for a line."""
    text: str
    """``order numbers: blanks around 12 of them are ignored``."""


Item: TypeAlias = Order | BadRow | Note
"""What a reader yields."""


def read_row(cells: Sequence[object], at: Places, where: str, number: int) -> Order | BadRow:
    """Read one row.

    Args:
        cells: The row as its reader gives it.
        at: Where the fields are.
        where: What the row's number is put behind: ``orders.csv:``.
        number: Of the row, or of the line on which it begins.
    """
    try:
        currency = "KRW" if at.currency is None else currency_of(cells[at.currency])
        if currency != "KRW" and says_won(cells[at.amount]):
            return BadRow(f"{where}{number}", f"amount is in won, and currency is {currency}")
        return Order(
            merchant_uid_of(cells[at.merchant_uid]),
            amount_of(cells[at.amount]),
            currency,
            "paid" if at.status is None else status_of(cells[at.status]),
        )
    except BadCellError as error:
        return BadRow(f"{where}{number}", str(error))
