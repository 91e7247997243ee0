"""Test sweeps of a period: parts read at once, cut anywhere, stopped anywhere, while lists change."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import Answer, ApiError, Call
from portone_async.answer import Headers, ReplyInfo
from portone_async.models._listed_payment import (
    ListedPayment,
    ListedPaymentPage,
    PlainPayment,
)
from portone_async.reconcile import PaymentSnapshot, Store
from portone_async.reconcile._parts import Part, WindowParts
from portone_async.reconcile._recorder import Recorder
from portone_async.reconcile._store.payment_rows import from_columns, to_columns
from portone_async.reconcile._sweep import sweep
from portone_async.resources._windows import Window

T = TypeVar("T")
START = 1_700_000_000
REFUSED = "a window without payments"
_COUNT_MARKS = "SELECT (SELECT count(*) FROM steps) + (SELECT count(*) FROM positions)"


class Stopped(Exception):  # noqa: N818 (stands for the end of the process)
    """The run is stopped here."""


class Shop:
    """A server's lists: payments by id, each with the second that PortOne filters by."""

    def __init__(self, times: list[int], *, status: str = "paid", is_plain: bool = True) -> None:
        self.times = {f"imp_{number}": time for number, time in enumerate(times)}
        self.status = status
        self.is_plain = is_plain
        self.requests: list[tuple[str, Window]] = []
        self.responses: set[object] = set()
        self.in_flight = 0
        self.most_in_flight = 0
        self.refuses_empty = False
        self.now: int | None = None
        """Its clock, in seconds after ``START``; ``None`` if its replies have no ``Date``."""
        self.on_request: Callable[[int], None] = lambda _: None

    async def call(self, call: Call[T], *, with_reply: bool) -> Answer[T]:
        assert with_reply
        query: Any = call.query
        status = (call.path or {})["payment_status"]
        window = Window(query["from"], query["to"])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            self.requests.append((status, window))
            self.responses.add(call.response)
            self.on_request(len(self.requests))
            # Other tasks run meanwhile, as they do while a reply is on its way.
            for _ in range(20):
                await asyncio.sleep(0)
            page: Any = self.page(status, window, query["page"], query["limit"])
            return Answer(page, self.reply(200))
        except ApiError as error:
            error.reply = self.reply(400)
            raise
        finally:
            self.in_flight -= 1

    def reply(self, status: int) -> ReplyInfo:
        date = {} if self.now is None else {"Date": formatdate(START + self.now, usegmt=True)}
        return ReplyInfo(status=status, headers=Headers(date), elapsed=0.0)

    def exclusive(self, name: str) -> AbstractAsyncContextManager[None]:
        raise NotImplementedError(name)

    def page(self, status: str, window: Window, number: int, size: int) -> ListedPaymentPage:
        assert window.until is not None
        inside = [
            imp_uid
            for imp_uid, time in self.times.items()
            if status in {self.status, "all"} and window.since <= START + time <= window.until
        ]
        inside.sort(key=lambda imp_uid: (self.times[imp_uid], imp_uid))
        if not inside and self.refuses_empty:
            raise ApiError("refused", status=400, code=-1, message=REFUSED)
        part = inside[(number - 1) * size : number * size]
        if not part and number > 1:
            raise ApiError("beyond the last page", status=400, code=-1)
        has_next = number * size < len(inside)
        return ListedPaymentPage(
            len(inside), number + 1 if has_next else 0, tuple(map(self.payment, part))
        )

    def payment(self, imp_uid: str) -> PlainPayment | ListedPayment:
        second = START + self.times[imp_uid]
        merchant_uid = f"order-{imp_uid}"
        if self.is_plain:
            return PlainPayment(
                imp_uid=imp_uid,
                merchant_uid=merchant_uid,
                status=self.status,
                amount=1000,
                started_at=second if self.status == "ready" else 0,
                paid_at=second if self.status == "paid" else 0,
                cancelled_at=second if self.status == "cancelled" else 0,
            )
        time = datetime.fromtimestamp(second, UTC)
        return ListedPayment(
            imp_uid=imp_uid,
            merchant_uid=merchant_uid,
            status=self.status,
            amount=Decimal("10.50"),
            started_at=time if self.status == "ready" else None,
            paid_at=time if self.status == "paid" else None,
            cancelled_at=time if self.status == "cancelled" else None,
        )


@contextmanager
def sizes(*, page: int = 10, short: int = 1, at_once: int = 4) -> Generator[None]:
    """Cut parts of a few payments already."""
    with (
        patch("portone_async.reconcile._sweep._PAGE_SIZE", page),
        patch("portone_async.reconcile._sweep._SHORT_PART", short),
        patch("portone_async.reconcile._sweep._PARTS_AT_ONCE", at_once),
    ):
        yield


async def sweep_once(
    shop: Shop, store: Store, length: int, statuses: tuple[str, ...] = ("paid",)
) -> None:
    windows = [Window(START, START + length - 1)]
    try:
        await sweep(Recorder(store, None), shop, statuses, windows)
    except* (Stopped, ApiError) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


def stored(store: Store) -> dict[str, PaymentSnapshot]:
    payments: dict[str, PaymentSnapshot] = {}
    after = ""
    while batch := store.payments_without_order(after=after):
        after = batch[-1].imp_uid
        payments |= {payment.imp_uid: payment for payment in batch}
    return payments


def expected(shop: Shop) -> dict[str, PaymentSnapshot]:
    payments = map(shop.payment, shop.times)
    return {payment.imp_uid: from_columns(*to_columns(payment)) for payment in payments}


async def test_parts_of_a_long_period_are_requested_at_once(store: Store) -> None:
    shop = Shop([number // 2 for number in range(2_000)])
    with sizes(at_once=8):
        await sweep_once(shop, store, 1_000)

    assert stored(store) == expected(shop)
    assert 1 < shop.most_in_flight <= 8


async def test_sweep_decodes_only_the_fields_of_a_verdict(store: Store) -> None:
    shop = Shop(list(range(20)))
    await sweep_once(shop, store, 100)

    # Half the CPU time of a PaymentPage.
    assert shop.responses == {ListedPaymentPage}


async def test_one_part_at_once_sends_one_request_at_once(store: Store) -> None:
    shop = Shop([number // 2 for number in range(500)])
    with sizes(at_once=1):
        await sweep_once(shop, store, 250)

    assert stored(store) == expected(shop)
    assert shop.most_in_flight == 1


@pytest.mark.parametrize("status", ["paid", "cancelled"])
@pytest.mark.parametrize("spread", ["even", "one busy hour"])
async def test_parts_cost_few_more_requests(store: Store, status: str, spread: str) -> None:
    day = 86_400
    times = {
        "even": [number * day // 6_000 for number in range(6_000)],
        "one busy hour": [50_000 + number * 3_600 // 6_000 for number in range(6_000)],
    }[spread]
    alone, divided = Shop(times, status=status), Shop(times, status=status)
    with sizes(page=30, short=16, at_once=1):
        await sweep_once(alone, store, day, (status,))
    store.clear()
    with sizes(page=30, short=16, at_once=8):
        await sweep_once(divided, store, day, (status,))

    assert divided.most_in_flight > 1
    assert len(stored(store)) == 6_000
    assert len(divided.requests) <= 1.2 * len(alone.requests)


def at(second: int) -> AbstractContextManager[object]:
    """Set the local clock."""
    now = datetime.fromtimestamp(START + second, UTC)
    return patch("portone_async.reconcile._dated.utc_now", lambda: now)


async def test_payment_that_moves_to_a_second_already_read_is_stored(store: Store) -> None:
    shop = Shop(list(range(0, 2_000, 10)), status="cancelled")

    def refund_again(_: int) -> None:
        if shop.requests[-1][1].since > START + 1_500:  # And 1,990, its time, is not read.
            shop.times["imp_199"] = 1_500

    shop.on_request = refund_again
    with sizes(at_once=1), at(2_000):
        await sweep_once(shop, store, 2_000, ("cancelled",))

    assert stored(store) == expected(shop)


async def test_resumed_sweep_reads_what_came_after_its_first_start(store: Store) -> None:
    shop = Shop([100, 900])
    with at(1_000):
        await sweep_once(shop, store, 2_000)
    shop.times |= {"imp_8": 950, "imp_9": 1_500}

    with at(90_000):
        await sweep_once(shop, store, 2_000)
        assert stored(store) == expected(shop)
        store.mark_ended()
        shop.requests.clear()
        await sweep_once(shop, store, 2_000)

    assert not shop.requests


async def test_stopped_sweep_reads_what_came_after_its_first_reply(store: Store) -> None:
    shop = Shop(list(range(0, 100, 5)))

    def stop(number: int) -> None:
        if number == 3:
            raise Stopped

    shop.on_request = stop
    with sizes(page=5, at_once=1):
        with at(100), pytest.raises(Stopped):
            await sweep_once(shop, store, 2_000)
        shop.on_request = lambda _: None
        shop.times["imp_late"] = 3
        with at(90_000):
            await sweep_once(shop, store, 2_000)

    assert stored(store) == expected(shop)


async def test_no_request_begins_in_the_future(store: Store) -> None:
    shop = Shop(list(range(600)))
    now = datetime.fromtimestamp(START + 600, UTC)
    with sizes(), patch("portone_async.reconcile._dated.utc_now", lambda: now):
        await sweep_once(shop, store, 86_400)

    assert stored(store) == expected(shop)
    assert shop.most_in_flight > 1
    assert max(window.since for _, window in shop.requests) <= START + 600


async def test_clock_ahead_of_that_of_portone_ends_no_sweep(store: Store) -> None:
    shop = Shop(list(range(600)))
    shop.now = 600

    def arrive(number: int) -> None:
        shop.now = 600 + number
        if shop.requests[-1][1].since > START + shop.now:
            raise Stopped  # PortOne may refuse it in any way.
        if number == 10:
            shop.times["imp_late"] = 3

    shop.on_request = arrive
    with sizes(), at(90_000):
        await sweep_once(shop, store, 86_400)

    assert stored(store) == expected(shop)
    assert shop.most_in_flight > 1


async def test_periods_assumed_empty_end_in_the_past_of_portone(store: Store) -> None:
    shop = Shop([])
    shop.refuses_empty, shop.now = True, 1_000
    with at(90_000):
        await sweep_once(shop, store, 86_400)

    ends = {int(period.until.timestamp()) for period in store.assumed_empty()}
    assert ends == {START + 400}


async def test_short_list_needs_one_request(store: Store) -> None:
    shop = Shop(list(range(10)))
    with sizes():
        await sweep_once(shop, store, 86_400)

    assert shop.requests == [("paid", Window(START, START + 86_399))]
    assert stored(store) == expected(shop)


async def test_next_page_is_requested_while_a_page_is_written(store: Store) -> None:
    shop = Shop(list(range(30)))
    requested, reached = threading.Event(), list[int]()
    write = store.record_slice

    def on_request(number: int) -> None:
        if number == 2:
            requested.set()

    def wait_and_write(*args: Any, **options: Any) -> None:
        assert requested.wait(60)
        reached.append(len(shop.requests))
        write(*args, **options)

    shop.on_request = on_request
    with sizes(at_once=1), patch.object(store, "record_slice", wait_and_write):
        await sweep_once(shop, store, 30)

    assert stored(store) == expected(shop)
    # One page ahead and not two: the third is requested after the first is stored.
    assert reached[0] == 2


async def test_page_read_before_a_failed_request_is_stored(store: Store) -> None:
    shop = Shop(list(range(30)))

    def stop(number: int) -> None:
        if number == 3:
            raise Stopped

    shop.on_request = stop
    with sizes(at_once=1):
        with pytest.raises(Stopped):
            await sweep_once(shop, store, 30)
        assert len(stored(store)) == 19
        shop.on_request = lambda _: None
        await sweep_once(shop, store, 30)

    assert stored(store) == expected(shop)
    assert len(shop.requests) == 5


async def test_failed_write_ends_the_sweep(store: Store) -> None:
    shop = Shop(list(range(300)))
    with (
        sizes(),
        patch.object(store, "record_slice", side_effect=Stopped),
        pytest.raises(Stopped),
    ):
        await sweep_once(shop, store, 300)

    assert shop.in_flight == 0
    with sizes():
        await sweep_once(shop, store, 300)
    assert stored(store) == expected(shop)


async def test_swept_period_is_not_requested_again(store: Store) -> None:
    shop = Shop(list(range(300)))
    with sizes():
        await sweep_once(shop, store, 300)
        shop.requests.clear()
        await sweep_once(shop, store, 300)

    assert shop.requests == []


async def test_refused_part_without_payments_is_assumed_empty(store: Store) -> None:
    shop = Shop([*range(200), *range(900, 1_000)])
    shop.refuses_empty = True
    with sizes():
        await sweep_once(shop, store, 1_000)

    assert stored(store) == expected(shop)
    empty = [
        range(int(period.since.timestamp()) - START, int(period.until.timestamp()) - START)
        for period in store.assumed_empty()
    ]
    assert empty
    assert not [time for time in shop.times.values() for period in empty if time in period]


async def test_refused_part_that_another_list_contradicts_raises(store: Store) -> None:
    shop = Shop(list(range(1_000)))
    page = shop.page

    def refuse_later_parts(status: str, window: Window, number: int, size: int) -> Any:
        if status == "paid" and window.since > START + 400:
            raise ApiError("refused", status=400, code=-1, message=REFUSED)
        return page(status, window, number, size)

    shop.page = refuse_later_parts  # type: ignore[method-assign]  # of this object only
    with sizes(), pytest.raises(ApiError, match="refused"):
        await sweep_once(shop, store, 1_000)


async def test_huge_totals_cost_few_requests(store: Store) -> None:
    shop = Shop([number * 90 for number in range(1_000)])
    page = shop.page

    def with_wrong_total(status: str, window: Window, number: int, size: int) -> Any:
        right = page(status, window, number, size)
        return ListedPaymentPage(10**9, right.next, right.list)

    shop.page = with_wrong_total  # type: ignore[method-assign]  # of this object only
    with sizes():
        await sweep_once(shop, store, 90_000)

    assert stored(store) == expected(shop)
    assert len(shop.requests) <= 500


async def test_parts_are_the_same_when_they_are_loaded_again(store: Store) -> None:
    window = Window(START, START + 9_999)
    parts = WindowParts(store, "paid", window)
    (first,) = await parts.load()
    rests: list[Part] = []
    while (rest := await parts.cut(first, first.until - 10)) is not None:
        rests.append(rest)

    assert len(rests) == 128
    assert await WindowParts(store, "paid", window).load() == [first, *reversed(rests)]
    assert len(await WindowParts(store, "cancelled", window).load()) == 1


times = st.lists(st.integers(0, 49), max_size=120)
statuses = st.sampled_from(["paid", "ready", "cancelled", "all"])


class Stops:
    """Stops a run at a request, before a write, or after one, by its number."""

    def __init__(self, shop: Shop, store: Store, place: str, number: int) -> None:
        self.place, self.number = place, number
        self._write = store.record_slice
        shop.on_request = self.request

    def request(self, _: int) -> None:
        self._count("request")

    def record_slice(self, *args: Any, **options: Any) -> None:
        self._count("before")
        self._write(*args, **options)
        self._count("after")

    def _count(self, place: str) -> None:
        if place == self.place:
            self.number -= 1
            if self.number < 0:
                raise Stopped


async def sweep_until(
    shop: Shop, path: Path, status: str, *, place: str = "never", number: int = 0
) -> bool:
    """Sweep until the run is stopped; return whether it ended before."""
    with Store.open(path) as store:
        stops = Stops(shop, store, place, number)
        with patch.object(store, "record_slice", stops.record_slice):
            try:
                await sweep_once(shop, store, 100, (status,))
            except Stopped:
                return False
        assert stored(store) == expected(shop)
        return True


@pytest.mark.parametrize("place", ["request", "before", "after"])
@pytest.mark.parametrize("status", ["paid", "cancelled"])
async def test_sweep_resumes_after_a_stop_at_any_step(
    tmp_path: Path, place: str, status: str
) -> None:
    # The first half is read long before the second.
    shop = Shop([*range(0, 40, 4), *range(60, 100)], status=status)
    is_over, number = False, 0
    with sizes(page=5, at_once=2):
        while not is_over:
            path = tmp_path / f"{number}.db"
            is_over = await sweep_until(shop, path, status, place=place, number=number)
            if not is_over:
                assert await sweep_until(shop, path, status)
            number += 1

    assert number > 8


async def test_resumed_sweeps_leave_no_further_marks(tmp_path: Path) -> None:
    shop, path = Shop(list(range(0, 100, 5))), tmp_path / "run.db"
    marks: list[int] = []
    with sizes(), at(50):
        for _ in range(3):
            assert await sweep_until(shop, path, "paid")
            with closing(sqlite3.connect(path)) as connection:
                marks += connection.execute(_COUNT_MARKS).fetchone()

    assert marks == [marks[0]] * 3


@given(
    times,
    statuses,
    st.booleans(),
    st.tuples(st.integers(2, 9), st.integers(1, 5)),
    st.lists(st.tuples(st.sampled_from(["request", "before", "after"]), st.integers(0, 12))),
)
@settings(max_examples=60)
def test_stopped_sweep_stores_every_payment(
    when: list[int],
    status: str,
    is_plain: bool,
    limits: tuple[int, int],
    stops: list[tuple[str, int]],
) -> None:
    shop = Shop(when, status="paid" if status == "all" else status, is_plain=is_plain)
    page, at_once = limits

    async def run(path: Path) -> bool:
        place, number = stops.pop() if stops else ("never", 0)
        return await sweep_until(shop, path, status, place=place, number=number)

    with tempfile.TemporaryDirectory() as folder, sizes(page=page, short=0, at_once=at_once):
        while not asyncio.run(run(Path(folder, "run.db"))):
            pass


@given(
    times,
    statuses,
    st.integers(2, 9),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 49)), max_size=40),
)
@settings(max_examples=60)
def test_sweep_of_changing_lists_stores_every_unchanged_payment(
    when: list[int], status: str, page: int, changes: list[tuple[int, int]]
) -> None:
    shop = Shop(when, status="paid" if status == "all" else status)
    unchanged = {*shop.times}
    remaining = [*changes]

    def change(number: int) -> None:
        # Leaves, moves to another second, or arrives.
        if remaining:
            which, time = remaining.pop()
            imp_uid = f"imp_{which}"
            unchanged.discard(imp_uid)
            if number % 3 == 0:
                shop.times.pop(imp_uid, None)
            else:
                shop.times[imp_uid] = time

    shop.on_request = change

    async def run(path: Path) -> None:
        with Store.open(path) as store:
            await sweep_once(shop, store, 50, (status,))
            assert unchanged <= {*stored(store)}

    with tempfile.TemporaryDirectory() as folder, sizes(page=page, short=0):
        asyncio.run(run(Path(folder, "run.db")))
