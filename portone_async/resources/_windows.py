"""Periods, split into windows of whole seconds that the API accepts. Pure.

Source: ``from`` and ``to`` of ``GET /payments/status/{payment_status}``: Unix seconds, both
included, at most 90 days apart. Lists of schedules: at most three months, ``to`` not included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError

__all__ = ("THREE_MONTHS", "Window", "utc_now", "windows")

_DAY = 24 * 3600
_LONGEST_WINDOW = 90 * _DAY
THREE_MONTHS = 88 * _DAY
"""Seconds that are less than any three months of the calendar."""


class Window(Struct, frozen=True):
    """A period of whole seconds, both ends included, as the API counts it."""

    since: int
    until: int | None
    """``None`` for an end that moves along with the clock."""


def windows(
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    *,
    longest: int = _LONGEST_WINDOW,
) -> list[Window]:
    """Split a period (``since`` included, ``until`` not) into windows that the API accepts.

    Each ends a second before the next begins: they neither overlap nor leave a gap.

    Args:
        since: The start; ``None`` for the longest window before the end.
        until: The end; ``None`` for one that moves along with the clock.
        now: The present.
        longest: The seconds between the ends of the longest window.

    Raises:
        InvalidRequestError: A time without a zone, or a period that is empty or reversed.
    """
    end = _utc("until", now if until is None else until)
    start = _utc("since", _before(end, longest) if since is None else since)
    first, last = ceil(start.timestamp()), ceil(end.timestamp()) - 1
    if until is not None and start >= end:
        raise InvalidRequestError(
            Worded("until ({until}) must be after since ({since})", until=until, since=since)
        )
    if start > end:
        raise InvalidRequestError(Worded("since ({since}) must not be in the future", since=since))
    if until is not None and first > last:
        raise InvalidRequestError(f"no whole second lies between {since} and {until}")
    return list(_windows(first, last, longest, is_open=until is None))


def _utc(name: str, time: object) -> datetime:
    """Return a time in UTC: times of one zone are compared and subtracted by their wall clocks."""
    if not isinstance(time, datetime):
        raise InvalidRequestError(f"{name} must be a datetime, not {type(time).__name__}")
    if time.utcoffset() is None:
        raise InvalidRequestError(f"{name} must have a time zone: {time!r}")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise InvalidRequestError(f"{name} must be in the years 1 to 9999 of UTC") from None


def _before(end: datetime, seconds: int) -> datetime:
    try:
        return end - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _windows(first: int, last: int, longest: int, *, is_open: bool) -> Iterator[Window]:
    # An open window ends at PortOne's present, from which the local clock may differ by a day. So
    # the open window is a day shorter than the longest, and starts at least a day ago (unless the
    # whole period is shorter): PortOne refuses a window that starts in its future.
    latest = last - _DAY if is_open else last
    while first <= last or is_open:
        if is_open and last - first < longest - _DAY:
            yield Window(first, None)
            return
        until = min(first + longest, latest)
        yield Window(first, until)
        first = until + 1


def utc_now() -> datetime:
    """Return the time of the local clock."""
    return datetime.now(UTC)
