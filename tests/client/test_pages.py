"""Test the reading of numbered pages of a list that changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
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
from portone_async.models.payments import PaymentPage
from portone_async.resources._pages import NumberedPages, Pages, validate_page_size
from portone_async.resources.payments._calls import imp_uid_of
from tests.support.virtual_time import run, virtual_time


def payment(number: int) -> Payment:
    return Payment(
        imp_uid=f"imp_{number}",
        merchant_uid=f"order-{number}",
        status=PaymentStatus.PAID,
        amount=Decimal(number),
    )


class ChangingList:
    """A server's list: pages are positions, and a page beyond the last is a 400."""

    def __init__(self, numbers: range, page_size: int) -> None:
        self.numbers = list(numbers)
        self.page_size = page_size
        self.requested: list[int] = []
        self.before: dict[int, Callable[[list[int]], object]] = {}

    async def page(self, number: int) -> PaymentPage:
        self.requested.append(number)
        if (change := self.before.pop(len(self.requested), None)) is not None:
            change(self.numbers)
        start = (number - 1) * self.page_size
        part = self.numbers[start : start + self.page_size]
        if number < 1 or (not part and number > 1):
            raise ApiError("before the first page, or beyond the last", status=400, code=-1)
        has_next = start + self.page_size < len(self.numbers)
        return PaymentPage(
            len(self.numbers), number + 1 if has_next else 0, tuple(map(payment, part))
        )

    def pages(self) -> Pages[Payment]:
        return Pages([NumberedPages(self.page, key=imp_uid_of)])


async def numbers(pages: Pages[Payment]) -> list[int]:
    return [int(payment.amount) async for payment in pages]


@given(st.integers(0, 60), st.integers(1, 9))
def test_unchanged_list_is_read_once_in_order(count: int, page_size: int) -> None:
    listing = ChangingList(range(count), page_size)

    assert run(numbers(listing.pages())) == list(range(count))
    assert listing.requested == list(range(1, max(1, -(-count // page_size)) + 1))


@given(
    st.integers(1, 40), st.integers(1, 7), st.dictionaries(st.integers(2, 30), st.integers(0, 99))
)
def test_remaining_payments_are_returned_once_while_others_leave(
    count: int, page_size: int, departures: dict[int, int]
) -> None:
    listing, left = ChangingList(range(count), page_size), set[int]()

    def leave(place: int, numbers: list[int]) -> None:
        if numbers:
            left.add(numbers.pop(place % len(numbers)))

    listing.before = {request: partial(leave, place) for request, place in departures.items()}
    try:
        received = run(numbers(listing.pages()))
    except UnexpectedResponseError:
        assert len(listing.requested) >= 8
        return

    assert set(range(count)) - left <= set(received)
    assert len(received) == len(set(received))


def test_departure_hidden_by_an_arrival_loses_no_payment() -> None:
    listing = ChangingList(range(30), 10)

    def swap(numbers: list[int]) -> None:
        del numbers[0]
        numbers.append(99)

    listing.before = {2: swap}
    pages = Pages([NumberedPages(listing.page, may_leave=True, key=imp_uid_of)])

    assert set(run(numbers(pages))) == {*range(30), 99}


def test_lists_are_read_one_after_another() -> None:
    first, second = ChangingList(range(5), 2), ChangingList(range(100, 103), 2)
    pages = Pages([NumberedPages(listing.page, key=imp_uid_of) for listing in (first, second)])

    assert run(numbers(pages)) == [0, 1, 2, 3, 4, 100, 101, 102]


@virtual_time
async def test_page_is_read_on_demand() -> None:
    listing = ChangingList(range(100), 10)
    pages = listing.pages()
    for _ in range(10):
        await anext(pages)
    assert listing.requested == [1]


def test_order_without_payments_yields_none() -> None:
    async def none(_: int) -> PaymentPage:
        raise PaymentNotFoundError("none", status=404, code=-1)

    assert run(numbers(Pages([NumberedPages(none, may_be_missing=True, key=imp_uid_of)]))) == []
    with pytest.raises(PaymentNotFoundError):
        run(numbers(Pages([NumberedPages(none, key=imp_uid_of)])))


@pytest.mark.parametrize("status", [400, 403, 500])
def test_failing_first_page_raises(status: int) -> None:
    requested: list[int] = []

    async def fails(number: int) -> PaymentPage:
        requested.append(number)
        raise ApiError("no", status=status, code=-1)

    with pytest.raises(ApiError):
        run(numbers(Pages([NumberedPages(fails, may_be_missing=True, key=imp_uid_of)])))
    assert requested == [1]


@pytest.mark.parametrize(
    "error",
    [
        ApiError("no", status=401, code=-1),
        ApiError("no", status=403, code=-1),
        PaymentNotFoundError("none", status=404, code=-1),
    ],
)
def test_failing_later_page_raises(error: ApiError) -> None:
    listing = ChangingList(range(4), 2)

    async def refuses(number: int) -> PaymentPage:
        if number == 2:
            raise error
        return await listing.page(number)

    with pytest.raises(type(error)):
        run(numbers(Pages([NumberedPages(refuses, may_be_missing=True, key=imp_uid_of)])))
    assert listing.requested == [1]


def test_next_beyond_the_last_page_is_not_an_error() -> None:
    listing = ChangingList(range(4), 2)

    async def one_too_many(number: int) -> PaymentPage:
        page = await listing.page(number)
        return PaymentPage(page.total, number + 1, page.list)

    pages = Pages([NumberedPages(one_too_many, key=imp_uid_of)])

    assert run(numbers(pages)) == [0, 1, 2, 3]
    assert listing.requested == [1, 2, 3]


@pytest.mark.parametrize("following", [1, 3, 7, True, -1])
def test_next_that_is_not_the_following_page_is_refused(following: Any) -> None:
    async def odd(_: int) -> PaymentPage:
        return PaymentPage(10, following, (payment(1),))

    with pytest.raises(UnexpectedResponseError, match="page 1"):
        run(numbers(Pages([NumberedPages(odd, key=imp_uid_of)])))


def test_endless_next_pages_end() -> None:
    requested: list[int] = []

    async def endless(number: int) -> PaymentPage:
        requested.append(number)
        return PaymentPage(10**6 + len(requested), number + 1, (payment(number % 3),))

    pages = Pages([NumberedPages(endless, key=imp_uid_of)])

    assert sorted(run(numbers(pages))) == [0, 1, 2]
    assert len(requested) == 8


@virtual_time
async def test_failed_page_can_be_read_again() -> None:
    listing, failures = ChangingList(range(4), 2), [PortOneError("once")]

    async def flaky(number: int) -> PaymentPage:
        if number == 2 and failures:
            raise failures.pop()
        return await listing.page(number)

    pages = Pages([NumberedPages(flaky, key=imp_uid_of)])
    received = [int((await anext(pages)).amount) for _ in range(2)]
    with pytest.raises(PortOneError, match="once"):
        await anext(pages)
    assert received + await numbers(pages) == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [0, -1, 1001, 1.5, True, None, "100"])
def test_invalid_page_size_is_rejected(size: Any) -> None:
    with pytest.raises(InvalidRequestError, match="page_size"):
        validate_page_size(size)


@pytest.mark.parametrize("size", [1, 1000])
def test_valid_page_size_is_accepted(size: int) -> None:
    assert validate_page_size(size) == size
