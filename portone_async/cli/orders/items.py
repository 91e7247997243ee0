"""The results of reading a source: orders, refunds, bad rows and notes.

``where`` is the position, by :mod:`.where`: ``orders.csv:12`` with the line, or ``orders.db row 12``
for a source without lines.
All texts are safe to print on a terminal.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from portone_async.reconcile.finding import Order, Refund

__all__ = (
    "BadRow",
    "Item",
    "Note",
    "OrphanRow",
    "PartlyRefundedRow",
    "Place",
    "PlacedOrder",
    "PlacedRefund",
    "RowWithoutNumber",
    "TotalRow",
)


class Place(Struct, frozen=True):
    """The Tier and the time of a row, by which it belongs to a partition."""

    tier: str | None = None
    """``None`` for the shop of the API keys itself."""
    ordered_at: datetime | None = None
    """``None`` if it cannot be read. Without a time zone if the source has none."""


class PlacedOrder(Order, frozen=True, kw_only=True):
    """An order of a source with a column ``ordered_at``."""

    place: Place


class PlacedRefund(Refund, frozen=True, kw_only=True):
    """A refund of a source with a column ``ordered_at``."""

    place: Place


class BadRow(Struct, frozen=True):
    """A row that cannot be read as an order."""

    where: str
    reason: str
    """The problem. It quotes only the bad cell of the row, shortened."""
    merchant_uid: str = ""
    """The order number, if it and the amount could be read."""
    place: Place | None = None
    """``None`` if its Tier cannot be read, or if places are not read."""


class RowWithoutNumber(BadRow, frozen=True, kw_only=True):
    """A row with an amount but no order number: either the total of all orders, or a bad row."""

    amount: Decimal
    currency: str


class PartlyRefundedRow(BadRow, frozen=True, kw_only=True):
    """A partly refunded order without the refunded amount, which refund rows may supply."""

    order: Order
    """The order without its refunds."""


class Note(Struct, frozen=True):
    """A fact about the source that changes no verdict.

    A source has few notes: one for each kind of fact, with a count.
    """

    where: str
    """Also ``orders.csv``, for a fact about the whole source."""
    text: str
    """For example ``blanks or tabs around 12 order numbers were removed``."""


class OrphanRow(Note, frozen=True):
    """A row of exported findings for a payment without an order."""


class TotalRow(Note, frozen=True):
    """A row that sums up other rows."""


Item: TypeAlias = Order | Refund | BadRow | Note
