"""The time of an order is read as shops write it, and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from portone_async.cli.orders.cells.cell import BadCellError, EmptyCellError
from portone_async.cli.orders.cells.order_time import parse_order_time

NOON = datetime(2026, 11, 1, 12, 30)  # noqa: DTZ001 (the caller knows the zone)
DAY = datetime(2026, 11, 1)  # noqa: DTZ001 (the same)
SEOUL = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2026-11-01", DAY),
        ("2026.11.1.", DAY),
        ("2026/11/01 12:30", NOON),
        ("2026-11-01T12:30:00.123", NOON),
        ("2026. 11. 1. 오후 12:30:00", NOON),
        ("2026-11-01 12:30 PM", NOON),
        ("2026년 11월 1일 오전 12:30", DAY + timedelta(minutes=30)),
        ("２０２６-11-01", DAY),  # noqa: RUF001 (full width)
        ("20261101", DAY),
        ("20261101123000", NOON),
        (20261101, DAY),
        ("2026-11-01 12:30:00+09:00", NOON.replace(tzinfo=SEOUL)),
        ("2026-11-01T12:30:00Z", NOON.replace(tzinfo=UTC)),
        (1793536200, datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
        (date(2026, 11, 1), DAY),
        (NOON, NOON),
    ],
)
def test_time_is_read_exactly(cell: object, time: datetime) -> None:
    assert parse_order_time(cell) == time


@pytest.mark.parametrize(
    "cell",
    [
        *("01/11/2026", "26-11-01", "2026-11-31", "2026-11-01 25:00", "오후 3:00", "2026-11"),
        *("2026-11-01 오후 13:00", "오전 2026-11-01", "20261301", "123456789012", True, 46327.5),
    ],
)
def test_ambiguous_or_impossible_time_is_rejected(cell: object) -> None:
    with pytest.raises(BadCellError, match="ordered_at"):
        parse_order_time(cell)


@pytest.mark.parametrize("cell", [None, "", " "])
def test_missing_time_is_rejected(cell: object) -> None:
    with pytest.raises(EmptyCellError):
        parse_order_time(cell)
