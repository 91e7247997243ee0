"""Test walks of a period while its payments arrive, change and leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import ApiError, Payment, PaymentStatus, Sorting, UnexpectedResponseError
from portone_async.models.payments import PaymentPage
from portone_async.resources._windows import Window
from portone_async.resources.payments._walk import Walk, ascending
from tests.support.virtual_time import run

START = 1_700_000_000
Change = Callable[["Shop"], None]


class Shop:
    """A server's list: payments by id, each with the second that PortOne filters by."""

    def __init__(self, times: list[int], *, status: str = "paid") -> None:
        self.times = {f"imp_{number}": time for number, time in enumerate(times)}
        self.status = PaymentStatus(status)
        self.sorting = ascending(status)
        self.requests = 0
        self.largest = 1_000
        self.order: Callable[[str], Any] = lambda imp_uid: (self.times[imp_uid], imp_uid)
        self.changes: list[Change] = []
        self.total_of: Callable[[int], int] = lambda total: total
        self.next_of: Callable[[int, int], int] = lambda number, last: (
            number + 1 if number < last else 0
        )

    def payment(self, imp_uid: str) -> Payment:
        time = datetime.fromtimestamp(START + self.times[imp_uid], UTC)
        return Payment(
            imp_uid=imp_uid,
            merchant_uid=imp_uid,
            status=self.status,
            amount=Decimal(1),
            started_at=time if self.status == "ready" else None,
            paid_at=time if self.status == "paid" else None,
            cancelled_at=time if self.status == "cancelled" else None,
        )

    async def read(self, window: Window, number: int, size: int) -> PaymentPage:
        if self.changes:
            self.changes.pop(0)(self)
        self.requests += 1
        size = min(size, self.largest)
        until = 10**12 if window.until is None else window.until
        inside = [
            imp_uid for imp_uid, time in self.times.items() if window.since <= START + time <= until
        ]
        inside.sort(key=self.order)
        if self.sorting.startswith("-"):
            inside.reverse()
        part = inside[(number - 1) * size : number * size]
        if not part and number > 1:
            raise ApiError("beyond the last page", status=400, code=-1)
        last = max(1, -(-len(inside) // size))
        return PaymentPage(
            self.total_of(len(inside)), self.next_of(number, last), tuple(map(self.payment, part))
        )

    def walk(
        self, length: int | None, size: int, *, seen: set[str] | None = None, since: int = 0
    ) -> Walk[Payment]:
        async def read(window: Window, number: int, size: int) -> PaymentPage:
            return await self.read(window, number, size)

        return Walk(
            read,
            Window(START + since, None if length is None else START + length - 1),
            status=self.status,
            sorting=self.sorting,
            page_size=size,
            seen=seen,
        )


async def read_all(walk: Walk[Payment]) -> list[str]:
    imp_uids: list[str] = []
    while (page := await walk.read()) is not None:
        imp_uids += [payment.imp_uid for payment in page.list]
    return imp_uids


def leave(number: int) -> Change:
    def change(shop: Shop) -> None:
        if shop.times:
            del shop.times[sorted(shop.times)[number % len(shop.times)]]

    return change


def arrive(number: int) -> Change:
    return lambda shop: shop.times.update({f"imp_new{len(shop.times)}_{number}": number % 50})


def move(number: int) -> Change:
    def change(shop: Shop) -> None:
        if shop.times:
            shop.times[sorted(shop.times)[number % len(shop.times)]] = number * 7 % 50

    return change


def several(changes: list[Change]) -> Change:
    def change(shop: Shop) -> None:
        for step in changes:
            step(shop)

    return change


numbers = st.integers(0, 200)
one_change = st.one_of(
    st.builds(leave, numbers), st.builds(arrive, numbers), st.builds(move, numbers)
)
changes = st.lists(st.builds(several, st.lists(one_change, max_size=5)), max_size=30)
times = st.lists(st.integers(0, 49), max_size=80)
statuses = st.sampled_from(["paid", "ready", "cancelled", "failed", "all"])


@given(times, statuses, st.integers(1, 12), changes, st.booleans())
@settings(max_examples=300)
def test_unchanged_payments_are_returned_once(
    when: list[int], status: str, size: int, between: list[Change], is_descending: bool
) -> None:
    shop = Shop(when, status="paid" if status == "all" else status)
    if is_descending:
        shop.sorting = Sorting(f"-{shop.sorting}")
    first = dict(shop.times)
    stayed = set(first)
    touched = set[str]()

    def watch(change: Change) -> Change:
        def watched(shop: Shop) -> None:
            before = dict(shop.times)
            change(shop)
            touched.update(
                imp_uid for imp_uid in before if shop.times.get(imp_uid) != before[imp_uid]
            )

        return watched

    shop.changes = [watch(change) for change in between]

    received = run(read_all(shop.walk(50, size, seen=set())))

    assert len(received) == len(set(received))
    assert stayed - touched <= set(received)
    assert shop.requests <= 100 * (1 + len(received) // size)


@given(times, st.sampled_from(["paid", "cancelled"]), st.integers(1, 12))
def test_resumed_walk_reads_every_payment(when: list[int], status: str, size: int) -> None:
    shop = Shop(when, status=status)

    async def stopped_at_each_step() -> list[str]:
        received: list[str] = []
        since = 0
        while True:
            walk = shop.walk(50, size, since=since)
            # A walk has no position to resume from inside a busy second.
            while (page := await walk.read()) is not None:
                received += [payment.imp_uid for payment in page.list]
                if walk.position != START + since:
                    break
            if walk.position is None:
                return received
            since = walk.position - START

    assert set(run(stopped_at_each_step())) == set(shop.times)


async def read_in_parts(shop: Shop, length: int, size: int, cuts: list[int]) -> list[str]:
    """Read a period by walks that are cut, each at the next of the seconds that it has not read."""
    received: list[str] = []
    parts = [(0, length - 1)]
    while parts:
        since, last = parts.pop()
        walk = shop.walk(last + 1, size, since=since)
        while (page := await walk.read()) is not None:
            received += [payment.imp_uid for payment in page.list]
            position = walk.position
            if position is not None and cuts and position - START <= (cut := cuts.pop()) < last:
                walk.end_at(START + cut)
                parts.append((cut + 1, last))
                last = cut
    return received


@given(times, statuses, st.integers(1, 12), st.lists(st.integers(0, 49), max_size=20))
def test_walk_cut_into_parts_returns_each_payment_once(
    when: list[int], status: str, size: int, cuts: list[int]
) -> None:
    shop = Shop(when, status="paid" if status == "all" else status)

    assert sorted(run(read_in_parts(shop, 50, size, cuts))) == sorted(shop.times)


@given(times, statuses, st.integers(1, 12), st.lists(st.integers(0, 49), max_size=9), changes)
def test_walk_cut_into_parts_returns_unchanged_payments(
    when: list[int], status: str, size: int, cuts: list[int], between: list[Change]
) -> None:
    shop = Shop(when, status="paid" if status == "all" else status)
    seen = [dict(shop.times)]

    def watched(change: Change) -> Change:
        def watch(shop: Shop) -> None:
            change(shop)
            seen.append(dict(shop.times))

        return watch

    shop.changes = [watched(change) for change in between]

    received = run(read_in_parts(shop, 50, size, cuts))

    stayed = {uid for uid, time in when_of(when) if all(s.get(uid) == time for s in seen)}
    assert stayed <= set(received)


def when_of(when: list[int]) -> Iterator[tuple[str, int]]:
    return ((f"imp_{number}", time) for number, time in enumerate(when))


@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_left_is_the_number_of_records_to_read(status: str) -> None:
    shop = Shop(list(range(1_000)), status=status)

    async def main() -> None:
        walk = shop.walk(1_000, 100)
        assert walk.left == 0
        page = await walk.read()
        assert page is not None
        left = 1_000 - len(page.list)
        assert walk.left == left
        position = walk.position
        assert position is not None
        walk.end_at(position + (START + 999 - position) // 2)
        assert left // 2 - 1 <= walk.left <= left // 2 + 1
        rest = await read_all(walk)
        assert walk.position is None
        assert abs(len(rest) - left // 2) <= 1

    run(main())


WRONG_TOTALS: dict[str, Callable[[int], int]] = {
    "the total is one too many": lambda total: total + 1,
    "the total is huge": lambda _: 10**9,
    "the total is zero": lambda _: 0,
    "the total is a full page": lambda _: 3,
}


@pytest.mark.parametrize("wrong_total", WRONG_TOTALS)
@pytest.mark.parametrize("status", ["paid", "cancelled"])
@given(when=times)
@settings(max_examples=40)
def test_wrong_totals_lose_no_payment(wrong_total: str, status: str, when: list[int]) -> None:
    shop = Shop(when, status=status)
    shop.total_of = WRONG_TOTALS[wrong_total]

    received = run(read_all(shop.walk(50, 3, seen=set())))

    assert sorted(received) == sorted(shop.times)


@given(times, st.sampled_from(["paid", "cancelled"]), st.lists(st.integers(-3, 3), min_size=1))
def test_inconsistent_totals_lose_no_payment(
    when: list[int], status: str, errors: list[int]
) -> None:
    shop = Shop(when, status=status)
    shop.total_of = lambda total: max(0, total + errors[shop.requests % len(errors)])

    received = run(read_all(shop.walk(50, 4, seen=set())))

    assert sorted(received) == sorted(shop.times)


@given(times, st.sampled_from(["paid", "cancelled"]), st.integers(2, 9))
def test_next_beyond_the_last_page_ends_the_walk(when: list[int], status: str, size: int) -> None:
    shop = Shop(when, status=status)
    shop.next_of = lambda number, _: number + 1

    received = run(read_all(shop.walk(50, size, seen=set())))

    assert sorted(received) == sorted(shop.times)


@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_server_that_ignores_the_period_raises(status: str) -> None:
    shop = Shop(list(range(50)), status=status)

    async def read(_: Window, number: int, size: int) -> PaymentPage:
        return await shop.read(Window(0, None), number, size)

    walk = Walk(
        read,
        Window(START, START + 90 * 86_400),
        status=status,
        sorting=ascending(status),
        page_size=10,
        seen=set(),
    )

    with pytest.raises(UnexpectedResponseError, match="contradict"):
        run(read_all(walk))
    assert shop.requests <= 100 * (1 + 50 // 10)


def test_departures_cost_no_extra_requests() -> None:
    shop = Shop([number // 20 for number in range(3_000)])
    shop.changes = [leave(1) for _ in range(1_000)]

    run(read_all(shop.walk(150, 100, seen=set())))

    assert shop.requests <= 45


@pytest.mark.parametrize("status", ["paid", "cancelled"])
@pytest.mark.parametrize("spread", ["even", "one busy hour", "bursts"])
def test_walk_needs_few_requests(status: str, spread: str) -> None:
    day = 86_400
    when = {
        "even": [number * day // 20_000 for number in range(20_000)],
        "one busy hour": [50_000 + number * 3_600 // 20_000 for number in range(20_000)],
        "bursts": [number // 800 * 3_000 + number % 7 for number in range(20_000)],
    }[spread]
    shop = Shop(when, status=status)
    slices = 0

    async def main() -> list[str]:
        nonlocal slices
        received: list[str] = []
        walk = shop.walk(day, 1_000)
        while (page := await walk.read()) is not None:
            slices += 1
            received += [payment.imp_uid for payment in page.list]
        return received

    assert sorted(run(main())) == sorted(shop.times)
    assert shop.requests <= 1.15 * 20 + slices
    if status == "paid":
        assert shop.requests <= 1.15 * 20 + 1


def test_unsorted_list_loses_no_payment() -> None:
    shop = Shop([number * 7 % 50 for number in range(50)])
    shop.order = lambda imp_uid: imp_uid

    received = run(read_all(shop.walk(50, 10, seen=set())))

    assert sorted(received) == sorted(shop.times)


@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_smaller_pages_lose_no_payment(status: str) -> None:
    shop = Shop([number % 50 for number in range(300)], status=status)
    shop.largest = 7

    received = run(read_all(shop.walk(50, 100, seen=set())))

    assert sorted(received) == sorted(shop.times)


def test_quiet_days_between_two_busy_hours_cost_few_requests() -> None:
    times = [number % 3_600 for number in range(5_000)]
    times += [3_600 + number * 7_000 for number in range(1_000)]
    times += [89 * 86_400 + number % 3_600 for number in range(5_000)]
    shop = Shop(times, status="cancelled")

    received = run(read_all(shop.walk(90 * 86_400, 1_000)))

    assert sorted(received) == sorted(shop.times)
    assert shop.requests <= 60


def test_departure_of_all_payments_costs_few_requests() -> None:
    shop = Shop([1, 2, 3], status="cancelled")
    shop.changes = [lambda _: None, lambda shop: shop.times.clear()]

    assert run(read_all(shop.walk(90 * 86_400, 1))) == []
    assert shop.requests <= 10


def test_busy_second_in_ninety_days_is_read_whole() -> None:
    shop = Shop([5_000_017] * 2_500, status="cancelled")

    received = run(read_all(shop.walk(90 * 86_400, 1_000)))

    assert len(received) == 2_500
    assert shop.requests <= 70


def test_walk_continues_after_an_error() -> None:
    shop = Shop(list(range(40)))
    walk = shop.walk(50, 10, seen=set())

    def fail(_: Shop) -> None:
        raise UnexpectedResponseError("once")

    shop.changes = [lambda _: None, fail]

    async def main() -> list[str]:
        first = await walk.read()
        assert first is not None
        with pytest.raises(UnexpectedResponseError, match="once"):
            await walk.read()
        return [payment.imp_uid for payment in first.list] + await read_all(walk)

    assert sorted(run(main())) == sorted(shop.times)


@pytest.mark.parametrize("sorting", [Sorting.PAID_ASC, Sorting.PAID_DESC])
def test_payments_are_returned_in_the_requested_order(sorting: Sorting) -> None:
    shop = Shop([number * 3 % 50 for number in range(200)])
    shop.sorting = sorting

    received = [shop.times[imp_uid] for imp_uid in run(read_all(shop.walk(50, 10, seen=set())))]

    assert received == sorted(received, reverse=sorting is Sorting.PAID_DESC)


@pytest.mark.parametrize("sorting", [Sorting.PAID_ASC, Sorting.PAID_DESC, Sorting.STARTED_DESC])
def test_open_end_includes_later_payments(sorting: Sorting) -> None:
    now = int(datetime.now(UTC).timestamp()) - START
    shop = Shop([now - 100 + number for number in range(200)])
    shop.sorting = sorting

    received = run(read_all(shop.walk(None, 10, seen=set(), since=now - 100)))

    assert sorted(received) == sorted(shop.times)


def test_walk_sorts_by_the_filtered_time() -> None:
    assert ascending("ready") == "started"
    assert ascending("paid") == "paid"
    assert {ascending(status) for status in ("failed", "cancelled", "all")} == {"updated"}
