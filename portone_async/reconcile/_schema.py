"""The tables of a store."""

from __future__ import annotations

from . import (
    _findings,
    _matched,
    _orders,
    _refunds,
    _snapshots,
    _state,
    _unconfirmed,
    _unreadable,
)

__all__ = ("SCHEMA",)

_PARTS = (
    _state,
    _orders,
    _snapshots,
    _refunds,
    _unreadable,
    _matched,
    _findings,
    _unconfirmed,
)
SCHEMA = tuple(statement for part in _PARTS for statement in part.SCHEMA)
