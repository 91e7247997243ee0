"""Exact sums of money."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from portone_async.models._record import EXACT

__all__ = ("ZERO", "Sums", "add_to", "total")

Sums: TypeAlias = dict[str, Decimal]
"""Amounts by currency, or by another key."""

ZERO = Decimal(0)


def add_to(sums: Sums, key: str, amount: Decimal) -> None:
    """Add an amount to the sum of a key."""
    sums[key] = EXACT.add(sums.get(key, ZERO), amount)


def total(*amounts: Decimal) -> Decimal:
    """Return the sum of amounts, without rounding."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result
