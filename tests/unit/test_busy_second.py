"""Test the reading of a second with more than a page of payments that arrive and leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import ApiError, Payment, PaymentStatus, UnexpectedResponseError
from portone_async.models.payments import PaymentPage
from portone_async.resources._busy_second import BusySecond
from portone_async.resources.payments._calls import imp_uid_of
from tests.support.virtual_time import run


class Second:
    """A server's list, in which a new payment may be inserted anywhere."""

    def __init__(self, count: int) -> None:
        self.ids = [f"imp_{number}" for number in range(count)]
        self.left: set[str] = set()
        self.requests = 0
        self.before: dict[int, Callable[[], None]] = {}
        self.total_of: Callable[[int], int] = lambda total: total
        self.has_next_always = False
        self.largest = 1_000

    async def read(self, number: int, size: int) -> PaymentPage:
        self.requests += 1
        size = min(size, self.largest)
        if (change := self.before.get(self.requests)) is not None:
            change()
        part = self.ids[(number - 1) * size : number * size]
        if not part and number > 1:
            raise ApiError("beyond the last page", status=400, code=-1)
        has_next = self.has_next_always or number * size < len(self.ids)
        payments = tuple(
            Payment(
                imp_uid=imp_uid,
                merchant_uid=imp_uid,
                status=PaymentStatus.PAID,
                amount=Decimal(1),
                paid_at=datetime(2026, 11, 1, tzinfo=UTC),
            )
            for imp_uid in part
        )
        return PaymentPage(self.total_of(len(self.ids)), number + 1 if has_next else 0, payments)

    def leave(self, place: int) -> None:
        if self.ids:
            self.left.add(self.ids.pop(place % len(self.ids)))

    def arrive(self, place: int) -> None:
        self.ids.insert(place % (len(self.ids) + 1), f"imp_new_{self.requests}_{place}")

    def read_all(self, page_size: int) -> list[str]:
        async def main() -> list[str]:
            second, received = (
                BusySecond(self.read, key=imp_uid_of, page_size=page_size),
                list[str](),
            )
            while (page := await second.read()) is not None:
                received += [payment.imp_uid for payment in page.list]
            return received

        return run(main())


# Much smaller pages would consist of overlap only.
page_sizes = st.integers(40, 80)
changes = st.dictionaries(
    st.integers(1, 30),
    st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=4),
    max_size=6,
)


@given(st.integers(0, 400), page_sizes, changes)
@settings(max_examples=100)
def test_unchanged_payments_are_returned_once(
    count: int, page_size: int, planned: dict[int, list[tuple[bool, int]]]
) -> None:
    second = Second(count)
    first = set(second.ids)

    def change(steps: list[tuple[bool, int]]) -> None:
        for arrives, place in steps:
            (second.arrive if arrives else second.leave)(place)

    second.before = {request: partial(change, steps) for request, steps in planned.items()}

    received = second.read_all(page_size)

    assert len(received) == len(set(received))
    assert first - second.left <= set(received)


def test_departure_hidden_by_an_arrival_loses_no_payment() -> None:
    second = Second(30)

    def swap() -> None:
        second.leave(0)
        second.ids.append("imp_last")

    second.before[2] = swap

    assert set(second.read_all(10)) == {f"imp_{number}" for number in range(30)} | {"imp_last"}


def test_unchanged_list_needs_one_extra_request() -> None:
    second = Second(10_000)

    assert len(second.read_all(1_000)) == 10_000
    assert second.requests == 11


@given(st.integers(0, 400), page_sizes, st.sampled_from([-5, 1, 10**9]))
def test_wrong_totals_lose_no_payment(count: int, page_size: int, error: int) -> None:
    second = Second(count)
    second.total_of = lambda total: max(0, total + error)

    assert second.read_all(page_size) == second.ids


@given(st.integers(0, 400), page_sizes)
def test_next_beyond_the_last_page_ends_the_list(count: int, page_size: int) -> None:
    second = Second(count)
    second.has_next_always = True

    assert second.read_all(page_size) == second.ids
    assert second.requests <= 3 + count


@pytest.mark.parametrize("largest", [100, 400])
def test_smaller_pages_lose_no_payment(largest: int) -> None:
    second = Second(3_000)
    second.largest = largest

    assert second.read_all(1_000) == second.ids
    assert second.requests <= 1.15 * 3_000 / largest + 3


@given(st.integers(1, 30), st.integers(0, 2_000), page_sizes)
def test_short_page_does_not_end_a_longer_list(largest: int, count: int, page_size: int) -> None:
    second = Second(count)
    second.largest = largest

    try:
        assert second.read_all(page_size) == second.ids
    except UnexpectedResponseError:
        # Pages that are small for their number consist of overlap only: an error, never an end.
        assert largest < 16 or largest**2 < 4 * count
    assert second.requests <= 50 * (1 + count // largest)


def test_constantly_changing_list_raises() -> None:
    second = Second(1_000)

    def all_change() -> None:
        second.ids = [f"imp_{second.requests}_{number}" for number in range(1_000)]

    second.before = dict.fromkeys(range(1, 10_000), all_change)

    with pytest.raises(UnexpectedResponseError, match="changed each time"):
        second.read_all(100)
    assert second.requests <= 100
