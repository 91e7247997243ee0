"""Add the Tier and the time of a row to its order, refund or bad row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from msgspec.structs import asdict, replace

from portone_async.reconcile.finding import Order, Refund

from .cells.cell import BadCellError
from .cells.order_time import parse_order_time
from .cells.tier import parse_tier
from .columns import Layout
from .items import BadRow, Item, PartlyRefundedRow, Place, PlacedOrder, PlacedRefund
from .where import Where

__all__ = ("add_place", "tier_of")


def add_place(item: Item, cells: Sequence[object], layout: Layout, where: Where) -> Item:
    """Return an item with its place; a bad row if the place of an order or refund cannot be read.

    Args:
        item: The item of the row.
        cells: The row.
        layout: The index of each field, with that of ``ordered_at``.
        where: The position of the row in the source.
    """
    if isinstance(item, BadRow):
        return _add_known_place(item, cells, layout)
    if not isinstance(item, Order | Refund):
        return item
    try:
        tier = _parse_tier(cells, layout)
    except BadCellError as error:
        return BadRow(where(), error.reason, item.merchant_uid)
    try:
        place = Place(tier, _parse_time(cells, layout))
    except BadCellError as error:
        return BadRow(where(), error.reason, item.merchant_uid, Place(tier))
    placed = PlacedOrder if isinstance(item, Order) else PlacedRefund
    return placed(**asdict(item), place=place)


def _place_of(item: Item) -> Place | None:
    """Return the place of an item."""
    return item.place if isinstance(item, PlacedOrder | PlacedRefund | BadRow) else None


def tier_of(item: Item) -> str:
    """Return the Tier of an item, or an empty text: two Tiers may have the same order number."""
    place = _place_of(item)
    return "" if place is None else place.tier or ""


def _add_known_place(row: BadRow, cells: Sequence[object], layout: Layout) -> BadRow:
    """Add what can be read of the place of a bad row."""
    try:
        place = Place(_parse_tier(cells, layout))
    except BadCellError:
        return row
    with suppress(BadCellError):
        place = replace(place, ordered_at=_parse_time(cells, layout))
    if isinstance(row, PartlyRefundedRow):
        # Refund rows may still turn it into an order.
        if place.ordered_at is None:
            return BadRow(row.where, row.reason, row.merchant_uid, place)
        order = PlacedOrder(**asdict(row.order), place=place)
        return replace(row, place=place, order=order)
    return replace(row, place=place)


def _parse_tier(cells: Sequence[object], layout: Layout) -> str | None:
    return None if layout.tier is None else parse_tier(cells[layout.tier])


def _parse_time(cells: Sequence[object], layout: Layout) -> datetime:
    assert layout.ordered_at is not None
    return parse_order_time(cells[layout.ordered_at])
