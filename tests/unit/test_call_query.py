"""Test query values: encoded as the API documents them, or rejected before sending."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import Call, InvalidRequestError, PaymentStatus, PortOneClient
from portone_async.testing import FakePortOne

SEOUL = ZoneInfo("Asia/Seoul")


def target(**query: Any) -> str:
    return Call("GET", "/x", dict, query=query).target()


class Page(IntEnum):
    FIRST = 1


class Flag(str, Enum):  # noqa: UP042 (str() of a member is its name: the case under test)
    YES = "yes"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("-paid", "-paid"),
        ("", ""),
        (PaymentStatus.PAID, "paid"),
        (Flag.YES, "yes"),
        (3, "3"),
        (-3, "-3"),
        (Page.FIRST, "1"),
        (True, "true"),
        (False, "false"),
        (datetime(2026, 11, 1, tzinfo=SEOUL), "1793458800"),
        (datetime(2026, 10, 31, 15, 0, 0, 999_999, tzinfo=UTC), "1793458800"),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC), "-1"),
    ],
)
def test_query_value_is_encoded_as_the_api_documents(value: Any, encoded: str) -> None:
    assert target(value=value) == f"/x?value={encoded}"


@given(st.datetimes(timezones=st.timezones()))
def test_time_is_whole_unix_seconds_rounded_down(time: datetime) -> None:
    seconds = int(target(time=time).removeprefix("/x?time="))

    rounded = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert timedelta(0) <= time - rounded < timedelta(seconds=1)


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_whole_number_is_sent_in_digits(number: int) -> None:
    assert target(page=number) == f"/x?page={number}"


class ZoneWithoutOffset(tzinfo):
    def utcoffset(self, time: datetime | None, /) -> None:
        return None

    dst = utcoffset

    def tzname(self, time: datetime | None, /) -> str:
        return "?"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (1.0, "must be a str, int, bool or datetime, not float"),
        (Decimal(1), "must be a str, int, bool or datetime, not Decimal"),
        (b"1", "must be a str, int, bool or datetime, not bytes"),
        (date(2026, 11, 1), "must be a str, int, bool or datetime, not date"),
        ([1], "must be a str, int, bool or datetime, not list"),
        (None, "is None: leave the parameter out instead"),
        (datetime(2026, 11, 1), "must have a time zone"),  # noqa: DTZ001 (the point)
        (datetime(2026, 11, 1, tzinfo=ZoneWithoutOffset()), "must have a time zone"),
        pytest.param(10**5000, "has too many digits", id="long"),
    ],
)
async def test_other_query_value_is_rejected_by_parameter_name(
    server: FakePortOne, client: PortOneClient, value: Any, problem: str
) -> None:
    call = Call("GET", "/payments/status/paid", dict[str, Any], query=(("page", value),))
    with pytest.raises(InvalidRequestError) as caught:
        await client.call(call)

    assert caught.value.reason == f"query parameter 'page' {problem}"
    assert not server.requests


async def test_query_values_of_every_type_arrive(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="order-1", paid_at=1_793_458_800)
    midnight = datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=9)))
    call = Call(
        "GET",
        "/payments/status/paid",
        dict[str, Any],
        query={"page": 1, "limit": 10, "from": midnight, "to": midnight, "extra": True},
    )

    assert (await client.call(call))["total"] == 1
    assert server.requests[-1].query == (
        ("page", "1"),
        ("limit", "10"),
        ("from", "1793458800"),
        ("to", "1793458800"),
        ("extra", "true"),
    )
