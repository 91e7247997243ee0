"""Test that orders are loaded while the period is read, and what then fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from portone_async import ApiError, PortOneClient, PortOneError
from portone_async.reconcile import Order, Store, StoreError, Verdict, reconcile
from portone_async.reconcile._threads import in_thread
from portone_async.testing import Delay, Exchange, FakePortOne, Hang, Reply, Status
from tests.support.paid_day import DAY, NEXT, paid_orders

LIST = "/payments/status/paid"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portone_async.reconcile._load._BATCH", 3)
    monkeypatch.setattr("portone_async.reconcile._sweep._PAGE_SIZE", 3)


class Seen:
    """Respond as usual, and set an event."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    async def meet(self, exchange: Exchange) -> Reply:
        self.event.set()
        return exchange.reply()


async def test_period_is_read_while_orders_are_loaded(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = paid_orders(server, 9)
    seen = Seen()
    server.fail(seen, times=None, on=LIST)

    async def source() -> AsyncIterator[Order]:
        for number, order in enumerate(orders):
            if number == 6:
                await seen.event.wait()
            yield order

    summary = await reconcile(client, source(), since=DAY, until=NEXT)

    assert summary.counts[Verdict.MATCHED] == 9
    assert sum(summary.counts.values()) == 9


async def test_no_request_is_sent_before_the_first_orders(
    server: FakePortOne, client: PortOneClient
) -> None:
    async def source() -> AsyncIterator[Order]:
        await asyncio.sleep(0)
        raise PortOneError("the file cannot be read")
        yield  # pragma: no cover

    with pytest.raises(PortOneError, match="the file"):
        await reconcile(client, source(), since=DAY, until=NEXT)

    assert server.requests == []


async def test_error_of_the_orders_ends_a_sweep_that_hangs(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 9)
    seen = Seen()
    server.fail(seen, Hang(), on=LIST)

    async def broken() -> AsyncIterator[Order]:
        for order in orders[:6]:
            yield order
        await seen.event.wait()
        raise PortOneError("the file cannot be read")

    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(PortOneError, match="the file"):
            await reconcile(client, broken(), since=DAY, until=NEXT, store=store)
        assert store.identity is None

        server.clear_faults()
        server.clear_requests()
        summary = await reconcile(client, orders, since=DAY, until=NEXT, store=store)

        # The run begins again from the start: its period, too.
        starts = [dict(r.query)["from"] for r in server.requests if r.path == LIST]
        assert starts[0] == str(int(DAY.timestamp()))
        assert summary.counts[Verdict.MATCHED] == len(list(store.findings())) == 9


async def test_orders_are_loaded_although_the_period_cannot_be_read(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 9)
    server.fail(Delay(0), Status(403), on=LIST)
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(ApiError, match="403"):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert store.identity is not None
        assert store.progress() == (0, 9)

        server.clear_requests()
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
    # The second slice is the first that was not read.
    starts = [int(dict(r.query)["from"]) for r in server.requests if r.path == LIST]
    assert min(starts) > DAY.timestamp()


async def test_resumed_run_sends_no_request_for_other_orders(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 9)
    server.fail(Delay(0), Status(403), on=LIST)
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(ApiError):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        server.clear_requests()
        with pytest.raises(StoreError, match="another run"):
            await reconcile(client, orders[:-1], since=DAY, until=NEXT, store=store)

    assert server.requests == []


def broken_rows() -> Iterator[Order]:
    raise ValueError("not an error of this package")
    yield  # pragma: no cover


async def test_error_of_another_package_is_raised_as_it_is(client: PortOneClient) -> None:
    with pytest.raises(ValueError, match="not an error of this package"):
        await reconcile(client, broken_rows(), since=DAY, until=NEXT)


async def test_blocking_step_ends_before_its_cancellation() -> None:
    began, may_end, ended = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def step() -> None:
        loop.call_soon_threadsafe(began.set)
        may_end.wait()
        ended.set()

    task = asyncio.create_task(in_thread(step))
    await began.wait()
    task.cancel()
    loop.call_later(0, may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert ended.is_set()
