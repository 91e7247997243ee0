"""Money and times as compact columns of SQLite, from which the same values are read back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from portone_async.models._record import EXACT

__all__ = (
    "EPOCH",
    "MoneyColumn",
    "TimeColumn",
    "canonical",
    "from_money",
    "from_time",
    "is_amount",
    "to_money",
    "to_time",
)

MoneyColumn: TypeAlias = int | str
"""Money is a small integer, or text: SQLite's own decimal numbers are not exact."""
TimeColumn: TypeAlias = int | str | None
"""A time in whole seconds of UTC is Unix time; any other is ISO 8601. 0 is no time, as at PortOne."""

# With at most 9 digits, SQLite's integer sum of all orders cannot overflow its 63 bits.
_MOST_DIGITS = 9
# Longer amounts are written with an exponent.
_MOST_CANONICAL_DIGITS = 29
# An exact sum with 1E+1000000000 would have a billion digits.
_MOST_DIGITS_OF_SUMS = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 60 * 60  # seconds

from_money = Decimal


def to_money(amount: Decimal) -> MoneyColumn:
    """Return the column of an amount; its notation, such as ``1.50``, is preserved."""
    return _column(str(amount))


def canonical(money: MoneyColumn) -> MoneyColumn:
    """Return the same column for equal amounts, such as ``1000``, ``1000.00`` and ``1E+3``.

    Raises:
        InvalidOperation: It is not an amount, such as ``NaN`` or ``-1``.
    """
    if isinstance(money, int):
        return money
    if not is_amount(money):
        raise InvalidOperation(money)
    normal = EXACT.normalize(Decimal(money))
    is_short = -_MOST_CANONICAL_DIGITS < normal.adjusted() < _MOST_CANONICAL_DIGITS
    return _column(f"{normal:f}" if is_short else str(normal))


def is_amount(text: str) -> bool:
    """Return whether a text is a number, not negative, of which exact sums can be made."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0 and abs(amount.adjusted()) < _MOST_DIGITS_OF_SUMS


def _column(text: str) -> MoneyColumn:
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else text


def to_time(time: datetime | None) -> TimeColumn:
    """Return the column of a time."""
    if time is None:
        return None
    if time.tzinfo is UTC and not time.microsecond:
        # Half the time of `time.timestamp()`.
        since = time - EPOCH
        if since:
            return since.days * _DAY + since.seconds
    return time.isoformat()


def from_time(column: TimeColumn) -> datetime | None:
    """Return the time of a column."""
    if not column:
        return None
    if isinstance(column, int):
        return datetime.fromtimestamp(column, UTC)
    return datetime.fromisoformat(column)
