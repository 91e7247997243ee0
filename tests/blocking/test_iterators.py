"""Pages and streams as ordinary iterators: lazy, closed, and fed by the calling thread."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from portone_async import ApiError, Found, Missing, RateLimit, Timeouts
from portone_async.blocking import PortOneClient
from portone_async.testing import Exchange, FakePortOne, Hang, Status
from tests.blocking.conftest import InterruptedAtTheEnd
from tests.support.scripted import UID


@pytest.fixture(autouse=True)
def _payments(server: FakePortOne) -> None:
    for number in range(12):
        server.add(merchant_uid=f"many-{number}")
        server.add(merchant_uid="order-of-many", status="failed")


def test_pages_are_read_as_they_are_requested(client: PortOneClient, server: FakePortOne) -> None:
    pages = client.payments.find_all("order-of-many", page_size=5)
    before = server.count("/payments")
    first = [next(pages) for _ in range(5)]
    assert server.count("/payments") == before + 1

    uids = {payment.imp_uid for payment in [*first, *pages]}
    assert len(uids) == 12
    assert [*pages] == []


def test_closed_pages_end(client: PortOneClient) -> None:
    with client.payments.find_all("order-of-many") as pages:
        next(pages)
    assert [*pages] == []


def test_pages_continue_after_an_error(client: PortOneClient, server: FakePortOne) -> None:
    pages = client.payments.find_all("order-of-many", page_size=5)
    first = [next(pages) for _ in range(5)]
    server.fail(Status(403))
    with pytest.raises(ApiError):
        next(pages)

    assert len({payment.imp_uid for payment in [*first, *pages]}) == 12


def test_stream_returns_the_result_of_each_order(client: PortOneClient) -> None:
    orders = (f"many-{number}" for number in range(15))
    with client.payments.find_many(orders) as stream:
        results = {result.merchant_uid: type(result) for result in stream}

    assert results == {f"many-{number}": Found if number < 12 else Missing for number in range(15)}


def test_stream_needs_no_with(client: PortOneClient) -> None:
    groups = [*client.payments.get_many([UID, "order-of-many"])]

    assert [len(group.payments) for group in groups] == [1, 12]


def test_orders_are_read_lazily_in_the_calling_thread(client: PortOneClient) -> None:
    read: list[int] = []

    def orders() -> Iterator[str]:
        for number in range(1000):
            read.append(threading.get_ident())
            yield f"many-{number}"

    stream = client.payments.find_many(orders())
    assert read == []
    next(stream)
    assert 1 <= len(read) < 100
    assert set(read) == {threading.get_ident()}
    stream.close()


def test_error_of_the_orders_is_raised(client: PortOneClient) -> None:
    def orders() -> Iterator[str]:
        yield UID
        raise KeyError("cursor")

    stream = client.payments.find_many(orders())
    with stream, pytest.raises(KeyError, match="cursor"):
        list(stream)


class Entered:
    """A request that is never answered, and tells that it has come."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.left = threading.Event()

    async def meet(self, exchange: Exchange) -> None:
        self.came.set()
        try:
            await Hang().meet(exchange)
        finally:
            self.left.set()


@pytest.mark.parametrize("end", ["closed", "dropped"])
def test_look_ups_in_flight_are_cancelled(
    client: PortOneClient, server: FakePortOne, end: str
) -> None:
    hanging = Entered()
    server.fail(hanging, on="/payments/find/never")
    # No timeout ends them.
    patient = client.with_options(timeouts=Timeouts(attempt=None, total=None))
    stream: Any = patient.payments.find_many([UID, "never"])
    assert next(stream).merchant_uid == UID
    assert hanging.came.wait(60)
    if end == "closed":
        stream.close()
    del stream
    gc.collect()

    assert hanging.left.wait(60)


def test_second_thread_cannot_read_at_the_same_time(client: PortOneClient) -> None:
    errors: list[BaseException] = []

    def read() -> None:
        try:
            next(stream)
        except ValueError as error:
            errors.append(error)

    def orders() -> Iterator[str]:
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        yield UID

    stream = client.payments.find_many(orders())
    assert [result.merchant_uid for result in stream] == [UID]
    assert "another thread" in str(errors[0])


def test_stream_of_a_view_uses_its_options(client: PortOneClient) -> None:
    view = client.with_options(rate_limit=RateLimit(1000, 50))
    assert len([*view.billing_keys.get_many(["key-1", "key-2"])]) == 2


def test_interruption_at_the_end_of_a_request_loses_no_record(client: PortOneClient) -> None:
    pages = client.payments.find_all(UID)
    pages._caller = InterruptedAtTheEnd()
    with pytest.raises(KeyboardInterrupt):
        next(pages)
    pages._caller = None

    assert [payment.merchant_uid for payment in pages] == [UID]
