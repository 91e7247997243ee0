"""Bridges as a statement: its lines in order, a column for each currency. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from portone_async.reconcile.bridge import Bridge

from .money import written

__all__ = ("Kind", "Line", "in_order", "statement")


class Kind(StrEnum):
    """The kind of a line: a figure of its own, a subtotal of the lines below it, or one of those."""

    SUM = "sum"
    GROUP = "group"
    PART = "part"


class Line(Struct, frozen=True):
    key: str
    """The field of ``Bridge``; ``bridge.{key}`` is its text."""
    kind: Kind
    amounts: list[str]
    """By currency, with a sign where the amount is added or taken off; empty for nothing."""

    @property
    def is_empty(self) -> bool:
        return not any(self.amounts)


_LINES = (
    ("ordered", Kind.SUM, ""),
    ("not_due", Kind.PART, "-"),
    ("due", Kind.SUM, ""),
    ("short", Kind.GROUP, "-"),
    ("missing", Kind.PART, "-"),
    ("unpaid", Kind.PART, "-"),
    ("charged_less", Kind.PART, "-"),
    ("cancelled_more", Kind.PART, "-"),
    ("unknown", Kind.GROUP, "-"),
    ("not_checked", Kind.PART, "-"),
    ("other_currency", Kind.PART, "-"),
    ("matched", Kind.SUM, ""),
    ("over", Kind.GROUP, "+"),
    ("orphans", Kind.PART, "+"),
    ("paid_twice", Kind.PART, "+"),
    ("charged_more", Kind.PART, "+"),
    ("unassigned", Kind.GROUP, "+"),
    ("charged", Kind.SUM, ""),
)


def statement(bridges: Mapping[str, Bridge]) -> list[Line]:
    """Lay bridges out line by line, the currencies in the order of :func:`in_order`."""
    columns = in_order(bridges)
    return [
        Line(key, kind, [_signed(getattr(bridges[name], key), sign, name) for name in columns])
        for key, kind, sign in _LINES
    ]


def in_order(currencies: Collection[str]) -> list[str]:
    """The won first, the others by name: the same order every night."""
    return sorted(currencies, key=lambda currency: (currency != "KRW", currency))


def _signed(amount: Decimal, sign: str, currency: str) -> str:
    if not amount:
        return "" if sign else written(amount, currency)
    if sign == "-":
        amount = amount.copy_negate()
    return f"{'+' if sign and amount > 0 else ''}{written(amount, currency)}"
