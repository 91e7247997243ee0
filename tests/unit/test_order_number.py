"""``order_number``: one number for one charge."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import InvalidRequestError, order_number

texts = st.text(st.characters(exclude_categories=["Cs"]))
decimals = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False)
times = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001 (the zone is drawn separately)
    datetime(2200, 1, 1),  # noqa: DTZ001 (the zone is drawn separately)
    timezones=st.timezones() | st.just(UTC),
)
parts = texts | st.integers() | decimals | st.dates() | times
prefixes = st.text("abzABZ019", max_size=14)


def meaning(part: Any) -> tuple[str, Any]:
    """Return what a part stands for: equal meanings must give equal numbers, and no others may."""
    match part:
        case str():
            return "text", part
        case int() | Decimal():
            return "number", Decimal(part)
        case datetime():
            return "time", part.astimezone(UTC)
        case _:
            return "date", part


@given(st.lists(parts, min_size=1, max_size=5), prefixes)
def test_number_is_short_and_has_letters_and_digits_only(chosen: list[Any], prefix: str) -> None:
    number = order_number(*chosen, prefix=prefix)

    assert re.fullmatch(r"[A-Za-z0-9]{26,40}", number)
    assert number.startswith(prefix)
    assert number == order_number(*chosen, prefix=prefix)


small = st.sampled_from(
    [
        *("", "1", "a", "b", "ab", "bc", "abc", "2026-12-01", "1/1", "text 1:a"),
        *(0, 1, 10, Decimal("1.0"), Decimal(10), Decimal("0.1"), Decimal("-0")),
        *(date(2026, 12, 1), datetime(2026, 12, 1, tzinfo=UTC)),
        datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=9))),
    ]
)


@given(st.lists(small, min_size=1, max_size=4), st.lists(small, min_size=1, max_size=4))
def test_only_lists_with_equal_meanings_have_equal_numbers(one: list[Any], two: list[Any]) -> None:
    is_same = [*map(meaning, one)] == [*map(meaning, two)]

    assert (order_number(*one) == order_number(*two)) == is_same


@given(st.lists(parts, min_size=1, max_size=4), st.lists(parts, min_size=1, max_size=4))
def test_different_parts_have_different_numbers(one: list[Any], two: list[Any]) -> None:
    is_same = [*map(meaning, one)] == [*map(meaning, two)]

    assert (order_number(*one) == order_number(*two)) == is_same


@given(prefixes, prefixes, texts, texts)
def test_prefix_is_not_mixed_up_with_what_follows(
    prefix: str, other: str, text: str, another: str
) -> None:
    is_same = (prefix, text) == (other, another)

    assert (order_number(text, prefix=prefix) == order_number(another, prefix=other)) == is_same


@given(prefixes, texts)
def test_numbers_differ_where_case_does_not_count(prefix: str, text: str) -> None:
    spellings = {prefix, prefix.lower(), prefix.upper()}

    assert len({order_number(text, prefix=each).lower() for each in spellings}) == len(spellings)


@given(times, st.timezones())
def test_one_instant_has_one_number_in_every_zone(time: datetime, zone: Any) -> None:
    assert order_number(time) == order_number(time.astimezone(zone))


class Plan(StrEnum):
    BASIC = "basic"


def test_member_of_an_enum_counts_as_its_text() -> None:
    assert order_number(Plan.BASIC) == order_number("basic")


@pytest.mark.parametrize(
    "part",
    [
        *(None, True, 1.5, b"bytes", ("a",), {"a": 1}),
        *(Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999999"), Decimal("1E-999999999")),
        *("\ud800", datetime(2026, 12, 1), datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))),  # noqa: DTZ001 (refused for that)
    ],
    ids=repr,
)  # fmt: skip
def test_part_without_a_definite_value_is_refused(part: Any) -> None:
    with pytest.raises(InvalidRequestError, match="part 2 of the order number"):
        order_number("a", part)


def test_number_without_parts_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="at least one"):
        order_number(prefix="SUB")


@pytest.mark.parametrize("prefix", ["a-b", "A" * 15, "가", "a\n", None, 1])
def test_prefix_of_other_characters_is_refused(prefix: Any) -> None:
    with pytest.raises(InvalidRequestError, match="prefix"):
        order_number("a", prefix=prefix)


def test_text_of_a_part_is_in_no_error() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        order_number("심어둔이름\ud800")

    assert "심어둔이름" not in str(caught.value)


# The numbers of this release: if one changes, jobs that are delivered again charge again.
@pytest.mark.parametrize(
    ("number", "chosen", "prefix"),
    [
        ("SUBVGCEHRQUTQVIIZDWWDWO37CHPV", ("subscription-17", date(2026, 12, 1), 1), "SUB"),
        (
            "G6ZSVLTDS4YKKQYOPO2DHWMZGA",
            ("구독", Decimal("12.50"), datetime(2026, 12, 1, tzinfo=UTC)),
            "",
        ),
    ],
)
def test_number_never_changes_between_releases(
    number: str, chosen: tuple[Any, ...], prefix: str
) -> None:
    assert order_number(*chosen, prefix=prefix) == number


def test_number_is_the_same_in_another_process() -> None:
    script = "import portone_async as p; print(p.order_number('a', 1, prefix='S'))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == order_number("a", 1, prefix="S")


def test_import_of_the_client_does_not_load_it() -> None:
    script = (
        "from portone_async import PortOneClient; import sys;"
        "print('portone_async._order_number' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"
