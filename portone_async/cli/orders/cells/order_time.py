"""Parse the time of an order. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

from portone_async._worded import Worded

from .blanks import strip_blanks
from .cell import BadCellError, EmptyCellError, field_name, fold, quote, unwrap_formula, wrong_type

__all__ = ("parse_order_time",)

# As `fold` spells it: 2026-11-01t09:00:00+09:00, 2026. 11. 1. 오후 9:00, 20261101090000. A year has
# four digits and comes first: anything else could be read in two ways.
_TIME = re.compile(
    r"""(?P<year>\d{4}) \s*[-/.년]\s* (?P<month>\d{1,2}) \s*[-/.월]\s* (?P<day>\d{1,2}) [.일]?
    (?: (?:t|\s+) (?:(?P<before>오전|오후|am|pm)\s*)?
        (?P<hour>\d{1,2}):(?P<minute>\d{2}) (?: :(?P<second>\d{2})(?:[.,]\d+)? )?
        (?:\s*(?P<after>am|pm))? \s*(?P<zone>z|[+-]\d{2}(?::?\d{2})?)?
    )?""",
    re.VERBOSE | re.ASCII,
)
_DIGITS = re.compile(r"\d{8}(?:\d{6})?", re.ASCII)
_DATE_DIGITS = 8
_UNIX_DIGITS = 10
_NOON = 12


def parse_order_time(cell: object) -> datetime:
    """Return when an order was made; without a time zone if the cell has none.

    A date without a time of day is its first moment. A number of ten digits is Unix time.

    Raises:
        EmptyCellError: The cell is empty.
        BadCellError: It is not a time, or one that could be read in two ways.
    """
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time.min)
    if cell is None:
        raise EmptyCellError(Worded("{field} is empty", field=field_name("ordered_at")))
    if isinstance(cell, bool) or not isinstance(cell, str | int | Decimal):
        raise BadCellError(wrong_type("ordered_at", cell))
    return _parse_text(str(cell))


# Many orders of a day have no time of day.
@lru_cache(maxsize=1024)
def _parse_text(cell: str) -> datetime:
    text = strip_blanks(fold(unwrap_formula(cell)))
    if not text:
        raise EmptyCellError(Worded("{field} is empty", field=field_name("ordered_at")))
    try:
        if match := _TIME.fullmatch(text):
            return _from_match(match)
        if _DIGITS.fullmatch(text):
            return datetime.fromisoformat(
                text if len(text) == _DATE_DIGITS else f"{text[:8]}T{text[8:]}"
            )
        if text.isdecimal() and len(text) == _UNIX_DIGITS:
            return datetime.fromtimestamp(int(text), UTC)
    except ValueError:
        pass  # The 31st of November.
    raise BadCellError(
        Worded("ordered_at is not a time like 2026-11-01 09:00: {cell}", cell=quote(cell))
    )


def _from_match(match: re.Match[str]) -> datetime:
    """Return the time of a match.

    Raises:
        ValueError: There is no such time.
    """
    year, month, day = (int(match[part]) for part in ("year", "month", "day"))
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    half = match["before"] or match["after"]
    if half is not None:
        if not 1 <= hour <= _NOON or (match["before"] and match["after"]):
            raise ValueError
        hour = hour % _NOON + (_NOON if half in {"오후", "pm"} else 0)
    zone = datetime.strptime(match["zone"].upper(), "%z").tzinfo if match["zone"] else None
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)
