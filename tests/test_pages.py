"""Long lists walked while they change, and periods split into windows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async import (
    ApiError,
    InvalidRequestError,
    Payment,
    PaymentNotFoundError,
    PaymentStatus,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async._pages import Page, Pages, Window, ascending, checked_page_size, windows

from .virtual_time import run

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 (what is to be refused)
DAY = 24 * 3600


def payment(number: int) -> Payment:
    return Payment(
        imp_uid=f"imp_{number}",
        merchant_uid=f"order-{number}",
        status=PaymentStatus.PAID,
        amount=Decimal(number),
    )


class Living:
    """A list as a server has it: pages are positions, and beyond the last there is a 400."""

    def __init__(self, numbers: range, page_size: int) -> None:
        self.numbers = list(numbers)
        self.page_size = page_size
        self.reads = 0

    async def page(self, number: int) -> Page:
        self.reads += 1
        start = (number - 1) * self.page_size
        part = self.numbers[start : start + self.page_size]
        if number < 1 or (not part and number > 1):
            raise ApiError("before the first page, or beyond the last", status=400, code=-1)
        has_next = start + self.page_size < len(self.numbers)
        return Page(len(self.numbers), number + 1 if has_next else 0, tuple(map(payment, part)))

    def pages(self) -> Pages:
        return Pages([self.page], page_size=self.page_size)


async def numbers(pages: Pages) -> list[int]:
    return [int(each.amount) async for each in pages]


@given(st.integers(0, 60), st.integers(1, 9))
def test_a_list_that_rests_is_read_once_in_order(count: int, page_size: int) -> None:
    living = Living(range(count), page_size)

    assert run(numbers(living.pages())) == list(range(count))
    assert living.reads == max(1, -(-count // page_size))


changes = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), max_size=20)


@given(st.integers(1, 60), st.integers(1, 7), changes, st.randoms(use_true_random=False))
def test_what_stays_is_given_while_others_leave(
    count: int, page_size: int, departures: list[tuple[int, int]], rng: random.Random
) -> None:
    async def main() -> None:
        living, left, got = Living(range(count), page_size), set[int](), list[int]()
        steps = iter(departures)
        after, leaving = next(steps, (10**9, 0))
        async for each in living.pages():
            got.append(int(each.amount))
            after -= 1
            if after == 0:
                for number in rng.sample(living.numbers, min(leaving, len(living.numbers))):
                    living.numbers.remove(number)
                    left.add(number)
                after, leaving = next(steps, (10**9, 0))
        assert set(range(count)) - left <= set(got)
        # Once each, unless more left than is remembered of the pages before.
        if len(left) <= page_size:
            assert len(got) == len(set(got))

    run(main())


@given(st.integers(1, 60), st.integers(1, 7), changes)
def test_what_arrives_at_the_end_changes_nothing_before_it(
    count: int, page_size: int, arrivals: list[tuple[int, int]]
) -> None:
    async def main() -> None:
        living, got = Living(range(count), page_size), list[int]()
        steps = iter(arrivals)
        after, coming = next(steps, (10**9, 0))
        async for each in living.pages():
            got.append(int(each.amount))
            after -= 1
            if after == 0:
                living.numbers += range(len(living.numbers), len(living.numbers) + coming)
                after, coming = next(steps, (10**9, 0))
        assert got == list(range(len(got)))
        assert len(got) >= count

    run(main())


@given(st.integers(1, 40), st.integers(1, 7), st.integers(0, 39))
def test_one_that_is_pushed_onto_the_next_page_is_given_once(
    count: int, page_size: int, place: int
) -> None:
    async def main() -> None:
        living, got = Living(range(count), page_size), list[int]()
        async for each in living.pages():
            got.append(int(each.amount))
            if len(got) == 1:
                living.numbers.insert(min(place, count), 1000)
        assert sorted(set(got) - {1000}) == list(range(count))
        assert len(got) == len(set(got))

    run(main())


def test_of_one_departure_one_page_is_read_again_and_no_more() -> None:
    async def main() -> None:
        living = Living(range(40), 2)
        pages = living.pages()
        got = [int((await anext(pages)).amount) for _ in range(12)]
        living.numbers.remove(0)
        got += await numbers(pages)
        assert got == list(range(40))
        # Six pages, the seventh, which tells of it, and from the sixth to the twentieth.
        assert living.reads == 6 + 1 + 15

    run(main())


def test_when_nearly_all_have_left_the_walk_goes_on_from_the_first_page() -> None:
    async def main() -> None:
        living = Living(range(40), 2)
        pages = living.pages()
        got = [int((await anext(pages)).amount) for _ in range(2)]
        del living.numbers[:36]
        assert got + await numbers(pages) == [0, 1, 36, 37, 38, 39]

    run(main())


def test_what_is_pushed_four_pages_on_is_given_once() -> None:
    async def main() -> None:
        living = Living(range(4), 2)
        pages = living.pages()
        got = [int((await anext(pages)).amount) for _ in range(2)]
        living.numbers[:0] = range(100, 108)
        got += await numbers(pages)
        assert [each for each in got if each < 100] == [0, 1, 2, 3]

    run(main())


def test_the_last_page_may_vanish_while_the_one_before_is_read() -> None:
    async def main() -> None:
        living = Living(range(7), 3)
        pages = living.pages()
        first = [int((await anext(pages)).amount) for _ in range(6)]
        del living.numbers[6]
        assert first == [0, 1, 2, 3, 4, 5]
        assert [each async for each in pages] == []

    run(main())


def test_several_lists_follow_each_other() -> None:
    one, two = Living(range(5), 2), Living(range(100, 103), 2)

    assert run(numbers(Pages([one.page, two.page], page_size=2))) == [0, 1, 2, 3, 4, 100, 101, 102]


def test_what_moves_on_to_the_next_list_is_given_again_since_it_has_changed() -> None:
    one, two = Living(range(2), 2), Living(range(1, 4), 2)

    assert run(numbers(Pages([one.page, two.page], page_size=2))) == [0, 1, 1, 2, 3]


def test_no_page_is_read_before_it_is_asked_for() -> None:
    async def main() -> None:
        living = Living(range(100), 10)
        pages = living.pages()
        for _ in range(10):
            await anext(pages)
        assert living.reads == 1

    run(main())


def test_an_order_without_payments_gives_none() -> None:
    async def none(_: int) -> Page:
        raise PaymentNotFoundError("none", status=404, code=-1)

    assert run(numbers(Pages([none], page_size=10))) == []


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_first_page_that_fails_is_an_error_and_no_end(status: int) -> None:
    asked: list[int] = []

    async def fails(number: int) -> Page:
        asked.append(number)
        raise ApiError("no", status=status, code=-1)

    with pytest.raises(ApiError):
        run(numbers(Pages([fails], page_size=10)))
    assert asked == [1]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_later_page_that_is_refused_is_an_error_and_no_end(status: int) -> None:
    asked: list[int] = []
    living = Living(range(4), 2)

    async def refuses(number: int) -> Page:
        asked.append(number)
        if number == 2:
            raise ApiError("no", status=status, code=-1)
        return await living.page(number)

    with pytest.raises(ApiError):
        run(numbers(Pages([refuses], page_size=2)))
    assert asked == [1, 2]


def test_beyond_the_last_page_the_one_before_is_read_again() -> None:
    async def main() -> None:
        asked: list[int] = []
        living = Living(range(3), 2)

        async def page(number: int) -> Page:
            asked.append(number)
            return await living.page(number)

        pages = Pages([page], page_size=2)
        first = [int((await anext(pages)).amount) for _ in range(2)]
        del living.numbers[2]
        assert first + await numbers(pages) == [0, 1]
        assert asked[:3] == [1, 2, 1]
        assert 0 not in asked

    run(main())


@pytest.mark.parametrize("following", [1, 3, 7, True, -1])
def test_a_next_that_leads_elsewhere_is_refused(following: Any) -> None:
    async def odd(_: int) -> Page:
        return Page(10, following, (payment(1),))

    with pytest.raises(UnexpectedResponseError, match="page 1"):
        run(numbers(Pages([odd], page_size=1)))


def test_an_error_amid_the_pages_is_raised_and_the_page_can_be_read_again() -> None:
    async def main() -> None:
        living, failures = Living(range(4), 2), [PortOneError("once")]

        async def flaky(number: int) -> Page:
            if number == 2 and failures:
                raise failures.pop()
            return await living.page(number)

        pages = Pages([flaky], page_size=2)
        got = [int((await anext(pages)).amount) for _ in range(2)]
        with pytest.raises(PortOneError, match="once"):
            await anext(pages)
        assert got + await numbers(pages) == [0, 1, 2, 3]

    run(main())


moments = st.datetimes(NAIVE.replace(year=2001), NAIVE.replace(year=2030), timezones=st.just(UTC))


@given(moments, st.timedeltas(timedelta(0), timedelta(days=2000)))
def test_windows_cover_a_period_without_gap_or_overlap(since: datetime, length: timedelta) -> None:
    until = since + length
    parts = list(windows(since, until, NOW))
    covered = [(part.since, part.until) for part in parts]

    assert all(b is not None and 0 <= b - a <= 90 * DAY for a, b in covered)
    for (_, end), (start, _) in pairwise(covered):
        assert end is not None
        assert start == end + 1
    if parts:
        # Whole seconds of the period, the first included and the end left out.
        first, last = covered[0][0], covered[-1][1]
        assert last is not None
        assert first - 1 < since.timestamp() <= first
        assert last < until.timestamp() <= last + 1
    else:
        assert length < timedelta(seconds=1)


def test_a_day_in_seoul_is_its_own_86400_seconds() -> None:
    seoul = timezone(timedelta(hours=9))
    (window,) = windows(
        datetime(2026, 11, 1, tzinfo=seoul), datetime(2026, 11, 2, tzinfo=seoul), NOW
    )

    assert window.until is not None
    assert window.until - window.since + 1 == DAY
    assert datetime.fromtimestamp(window.since, UTC) == datetime(2026, 10, 31, 15, tzinfo=UTC)


def test_an_open_end_is_left_to_portones_clock() -> None:
    (window,) = windows(NOW - timedelta(days=1), None, NOW)
    assert window == Window(int(NOW.timestamp()) - DAY, None)

    parts = list(windows(NOW - timedelta(days=200), None, NOW))
    assert [part.until is None for part in parts] == [False, False, True]
    assert int(NOW.timestamp()) - parts[-1].since < 90 * DAY


@pytest.mark.parametrize(("hours", "count"), [(90 * 24 - 25, 1), (90 * 24 - 23, 2)])
def test_an_open_end_has_a_day_of_room_for_portones_clock(hours: int, count: int) -> None:
    assert len(list(windows(NOW - timedelta(hours=hours), None, NOW))) == count


@given(st.timedeltas(timedelta(0), timedelta(days=2000)))
@example(timedelta(days=89, microseconds=1))
@example(timedelta(days=90))
@example(timedelta(days=180))
def test_windows_with_an_open_end_fit_any_clock_that_is_right_to_a_day(length: timedelta) -> None:
    since = NOW - length
    *closed, last = list(windows(since, None, NOW))

    assert last.until is None
    now = NOW.timestamp()
    # Not too long where PortOne's clock is ahead, and begun where it is behind.
    assert now - last.since <= 89 * DAY
    assert last.since <= max(since.timestamp() + 1, now - DAY + 1)
    starts = [*(each.since for each in closed), last.since]
    assert starts[0] - 1 < since.timestamp() <= starts[0]
    for each, following in zip(closed, starts[1:], strict=True):
        assert each.until is not None
        assert each.until - each.since <= 90 * DAY
        assert following == each.until + 1


def test_an_open_end_that_begins_now_is_a_window() -> None:
    assert list(windows(NOW, None, NOW)) == [Window(int(NOW.timestamp()), None)]


def test_a_period_of_one_second_is_a_window() -> None:
    at = int(NOW.timestamp())

    assert list(windows(NOW, NOW + timedelta(seconds=1), NOW)) == [Window(at, at)]


def test_without_a_beginning_it_is_90_days() -> None:
    parts = list(windows(None, NOW, NOW))

    assert parts[0].since == int(NOW.timestamp()) - 90 * DAY


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NAIVE, NOW),
        (NOW, NAIVE.replace(year=2027)),
        (NOW, NOW - timedelta(days=1)),
    ],
)
def test_a_period_that_means_nothing_is_refused(since: datetime, until: datetime) -> None:
    with pytest.raises(InvalidRequestError):
        list(windows(since, until, NOW))


@pytest.mark.parametrize("size", [0, -1, 1001, 1.5, True, None, "100"])
def test_a_page_size_that_the_api_refuses_is_refused(size: Any) -> None:
    with pytest.raises(InvalidRequestError, match="page_size"):
        checked_page_size(size)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_page_size_that_the_api_takes_is_taken(size: int) -> None:
    assert checked_page_size(size) == size


def test_a_walk_ascends_in_the_time_that_arrivals_have() -> None:
    assert ascending("ready") == "started"
    assert ascending("paid") == "paid"
    assert {ascending(status) for status in ("failed", "cancelled", "all")} == {"updated"}
