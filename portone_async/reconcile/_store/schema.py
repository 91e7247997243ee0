"""The tables of a store."""

from __future__ import annotations

from . import (
    finding_rows,
    matched,
    order_rows,
    payment_rows,
    refund_rows,
    state,
    unconfirmed,
    unreadable_rows,
)

__all__ = ("SCHEMA",)

_PARTS = (
    state,
    order_rows,
    payment_rows,
    refund_rows,
    unreadable_rows,
    matched,
    finding_rows,
    unconfirmed,
)
SCHEMA = tuple(statement for part in _PARTS for statement in part.SCHEMA)
