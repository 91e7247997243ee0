"""Test plans: their partitions, names and refusals."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import InvalidRequestError
from portone_async.reconcile import Partition, Plan, plan
from portone_async.reconcile.ledgers._plans import differences
from portone_async.resources._windows import windows

SEOUL = ZoneInfo("Asia/Seoul")
FIRST = datetime(2026, 11, 1, tzinfo=SEOUL)
DAY = timedelta(days=1)


def test_plan_names_partitions_by_tier_and_day() -> None:
    partitions = plan(["A01", None], since=FIRST, until=FIRST + 2 * DAY)

    assert [partition.name for partition in partitions] == [
        *("A01/margin/2026-10-31", "A01/2026-11-01", "A01/2026-11-02", "A01/margin/2026-11-03"),
        *("margin/2026-10-31", "2026-11-01", "2026-11-02", "margin/2026-11-03"),
    ]


@given(
    st.lists(st.sampled_from([None, "A01", "B02", "C03"]), min_size=1, unique=True),
    st.timedeltas(timedelta(0), timedelta(seconds=1)),
    st.timedeltas(timedelta(seconds=1), 3 * DAY),
    st.timedeltas(timedelta(hours=2), 4 * DAY),
    st.sampled_from([timedelta(0), timedelta(hours=5), DAY]),
)
def test_partitions_cover_the_period_without_gap_or_overlap(
    tiers: list[str | None],
    fraction: timedelta,
    length: timedelta,
    every: timedelta,
    margin: timedelta,
) -> None:
    since = FIRST + fraction
    whole = plan(tiers, since=since, until=since + length, every=every, margin=margin)

    partitions = list(whole)

    assert len(whole) == len(partitions) == len({partition.name for partition in partitions})
    for tier in tiers:
        own = [partition for partition in partitions if partition.tier == tier]
        assert own[0].since == since - margin
        assert own[-1].until == since + length + margin
        assert all(one.until == other.since for one, other in pairwise(own))
        assert [each.is_margin for each in own] == (
            [True, *[False] * (len(own) - 2), True] if margin else [False] * len(own)
        )


@given(
    st.timedeltas(timedelta(0), timedelta(seconds=2)),
    st.timedeltas(timedelta(seconds=1), timedelta(seconds=9)),
    st.timedeltas(timedelta(seconds=1), timedelta(seconds=3)),
)
def test_every_partition_has_a_second_to_read(
    fraction: timedelta, length: timedelta, every: timedelta
) -> None:
    since = FIRST + fraction
    partitions = list(plan(since=since, until=since + length, every=every, margin=timedelta(0)))

    read = [
        window
        for partition in partitions
        for window in windows(partition.since, partition.until, partition.until)
    ]

    seconds = [second for one in read for second in range(one.since, (one.until or 0) + 1)]
    whole = windows(since, since + length, since + length)[0]
    assert seconds == list(range(whole.since, (whole.until or 0) + 1))


def test_partition_survives_pickle_and_json() -> None:
    whole = plan(["A01"], since=FIRST, until=FIRST + DAY)

    for partition in whole:
        encoded = msgspec.json.encode(partition)

        assert pickle.loads(pickle.dumps(partition)) == partition
        assert msgspec.json.decode(encoded, type=Partition) == partition
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Plan) == whole


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tiers": "A01"}, "several codes"),
        ({"tiers": []}, "at least one Tier"),
        ({"tiers": ["A 01"]}, "code like 'A01'"),
        ({"tiers": ["A01", "B02", "A01"]}, "'A01' is listed twice"),
        ({"until": FIRST}, "must be after since"),
        ({"since": datetime(2026, 11, 1)}, "must have a time zone"),  # noqa: DTZ001 (refused)
        ({"until": datetime.max.replace(tzinfo=UTC)}, "has not ended: until is 9999-12-31"),
        ({"every": timedelta(0)}, "at least a second"),
        ({"margin": -DAY}, "must not be negative"),
        ({"margin": timedelta.max}, "margin must end in the years 1 to 9999"),
        ({"statuses": ["PAID"]}, "must be spelled 'paid'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_plan_refuses_contradictory_arguments(changes: dict[str, Any], reason: str) -> None:
    parameters: dict[str, Any] = {
        "tiers": ["A01"],
        "since": FIRST,
        "until": FIRST + DAY,
    }

    parameters |= changes

    with pytest.raises(InvalidRequestError, match=reason):
        plan(**parameters)


def test_names_do_not_depend_on_clocks_that_are_put_back() -> None:
    first = datetime(2026, 10, 31, tzinfo=ZoneInfo("America/New_York"))

    partitions = plan(since=first, until=first + 3 * DAY, margin=timedelta(0))

    assert [partition.name for partition in partitions] == [
        *("2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03"),
    ]
    assert partitions.since == first.astimezone(UTC)


def test_sequence_of_statuses_and_tiers_does_not_change_a_partition() -> None:
    one = plan(["A01", "B02"], since=FIRST, until=FIRST + DAY, statuses=["paid", "cancelled"])
    other = plan(["B02", "A01"], since=FIRST, until=FIRST + DAY, statuses=["cancelled", "paid"])

    assert all(partition in one for partition in other)
    assert not differences(one, other)
