"""Test how periods are split into windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async import InvalidRequestError
from portone_async.resources._windows import Window, windows

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 (the case under test)
DAY = 24 * 3600
NEW_YORK = ZoneInfo("America/New_York")

moments = st.datetimes(NAIVE.replace(year=2001), NAIVE.replace(year=2030), timezones=st.just(UTC))


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=2000)))
def test_windows_cover_a_period_without_gap_or_overlap(since: datetime, length: timedelta) -> None:
    until = since + length
    parts = list(windows(since, until, NOW))
    covered = [(part.since, part.until) for part in parts]

    assert all(b is not None and 0 <= b - a <= 90 * DAY for a, b in covered)
    for (_, end), (start, _) in pairwise(covered):
        assert end is not None
        assert start == end + 1
    # Whole seconds of the period: ``since`` included, ``until`` excluded.
    first, last = covered[0][0], covered[-1][1]
    assert last is not None
    assert first - 1 < since.timestamp() <= first
    assert last < until.timestamp() <= last + 1


def test_day_in_seoul_is_86400_seconds() -> None:
    seoul = timezone(timedelta(hours=9))
    (window,) = windows(
        datetime(2026, 11, 1, tzinfo=seoul), datetime(2026, 11, 2, tzinfo=seoul), NOW
    )

    assert window.until is not None
    assert window.until - window.since + 1 == DAY
    assert datetime.fromtimestamp(window.since, UTC) == datetime(2026, 10, 31, 15, tzinfo=UTC)


def test_open_ended_period_ends_without_until() -> None:
    (window,) = windows(NOW - timedelta(days=1), None, NOW)
    assert window == Window(int(NOW.timestamp()) - DAY, None)

    parts = list(windows(NOW - timedelta(days=200), None, NOW))
    assert [part.until is None for part in parts] == [False, False, True]
    assert int(NOW.timestamp()) - parts[-1].since < 90 * DAY


@pytest.mark.parametrize(("hours", "count"), [(90 * 24 - 25, 1), (90 * 24 - 23, 2)])
def test_open_end_tolerates_a_day_of_clock_skew(hours: int, count: int) -> None:
    assert len(list(windows(NOW - timedelta(hours=hours), None, NOW))) == count


@given(st.timedeltas(timedelta(0), timedelta(days=2000)))
@example(timedelta(days=89, microseconds=1))
@example(timedelta(days=90))
@example(timedelta(days=180))
def test_open_ended_windows_fit_any_clock_within_a_day(length: timedelta) -> None:
    since = NOW - length
    *closed, last = list(windows(since, None, NOW))

    assert last.until is None
    now = NOW.timestamp()
    # At most 90 days if PortOne's clock is a day ahead; begun already if it is a day behind.
    assert now - last.since <= 89 * DAY
    assert last.since <= max(since.timestamp() + 1, now - DAY + 1)
    starts = [*(window.since for window in closed), last.since]
    assert starts[0] - 1 < since.timestamp() <= starts[0]
    for window, following in zip(closed, starts[1:], strict=True):
        assert window.until is not None
        assert window.until - window.since <= 90 * DAY
        assert following == window.until + 1


def test_open_end_that_begins_now_is_one_window() -> None:
    assert list(windows(NOW, None, NOW)) == [Window(int(NOW.timestamp()), None)]


def test_period_of_one_second_is_one_window() -> None:
    at = int(NOW.timestamp())

    assert list(windows(NOW, NOW + timedelta(seconds=1), NOW)) == [Window(at, at)]


def test_period_without_since_is_90_days() -> None:
    parts = list(windows(None, NOW, NOW))

    assert parts[0].since == int(NOW.timestamp()) - 90 * DAY


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NAIVE, NOW),
        (NOW, NAIVE.replace(year=2027)),
        (NOW, NOW - timedelta(days=1)),
        (NOW, NOW),
        (NOW + timedelta(seconds=0.1), NOW + timedelta(seconds=0.9)),
        (NOW + timedelta(days=1), None),
        # The same wall clock, an hour apart, in the other order.
        (
            datetime(2026, 11, 1, 1, 10, tzinfo=NEW_YORK, fold=1),
            datetime(2026, 11, 1, 1, 40, tzinfo=NEW_YORK, fold=0),
        ),
    ],
)
def test_invalid_period_is_rejected(since: datetime, until: datetime | None) -> None:
    with pytest.raises(InvalidRequestError):
        list(windows(since, until, NOW))


def test_times_of_one_zone_are_compared_as_instants() -> None:
    since = datetime(2026, 11, 1, 1, 40, tzinfo=NEW_YORK, fold=0)
    until = datetime(2026, 11, 1, 1, 10, tzinfo=NEW_YORK, fold=1)
    (window,) = windows(since, until, NOW)

    assert window.until is not None
    assert window.until - window.since + 1 == 30 * 60


def test_default_period_is_90_times_24_hours() -> None:
    (window, *_) = windows(None, datetime(2026, 11, 20, tzinfo=NEW_YORK), NOW)

    assert window.until is not None
    assert window.until - window.since + 1 == 90 * DAY
