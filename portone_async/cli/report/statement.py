"""The statement: the lines of a bridge in order, with a column for each currency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from portone_async.reconcile.bridge import Bridge

from .money import format_amount

__all__ = ("Kind", "Line", "sort_currencies", "statement")


class Kind(StrEnum):
    """The kind of a line."""

    SUM = "sum"
    """A total."""
    GROUP = "group"
    """The subtotal of the parts below it."""
    PART = "part"
    """A part of the total or subtotal above it."""


class Line(Struct, frozen=True):
    """A line of the statement."""

    key: str
    """The field of ``Bridge``, and with the prefix ``bridge.`` the key of its message."""
    kind: Kind
    values: list[Decimal]
    """By currency; a deduction is negative."""
    amounts: list[str]
    """The same as texts: ``+`` marks an addition, ``-`` a deduction, an empty text nothing."""

    @property
    def is_empty(self) -> bool:
        """Whether no currency has an amount."""
        return not any(self.amounts)


# The key, the kind, and the sign before an amount; an empty sign for a total.
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
    """Return the lines of bridges, with the currencies in the order of :func:`sort_currencies`."""
    currencies = sort_currencies(bridges)
    return [_line(key, kind, sign, bridges, currencies) for key, kind, sign in _LINES]


def sort_currencies(currencies: Collection[str]) -> list[str]:
    """Sort currencies: the won first, the others by name."""
    return sorted(currencies, key=lambda currency: (currency != "KRW", currency))


def _line(
    key: str, kind: Kind, sign: str, bridges: Mapping[str, Bridge], currencies: Collection[str]
) -> Line:
    amounts: list[Decimal] = [getattr(bridges[currency], key) for currency in currencies]
    if sign == "-":
        amounts = [amount.copy_negate() if amount else amount for amount in amounts]
    texts = [
        _format(amount, sign, currency)
        for amount, currency in zip(amounts, currencies, strict=True)
    ]
    return Line(key, kind, amounts, texts)


def _format(amount: Decimal, sign: str, currency: str) -> str:
    if not amount:
        return "" if sign else format_amount(amount, currency)
    return f"{'+' if sign and amount > 0 else ''}{format_amount(amount, currency)}"
