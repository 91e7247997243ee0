"""A client that is closed while other threads use it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from portone_async import ClientClosedError, OutcomeUnknownError
from portone_async.blocking import PortOneClient, _loop
from portone_async.resources.payments import _refund_engine
from portone_async.testing import FakePortOne, Reset
from tests.blocking.conftest import InterruptedAtTheEnd, OnRequest, loops
from tests.support.logged import logged
from tests.support.scripted import UID


def test_refund_that_waits_to_look_ends_with_outcome_unknown(
    client: PortOneClient, server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    imp_uid = client.payments.find(UID).imp_uid
    waiting = threading.Event()

    def pauses() -> Iterator[float]:
        waiting.set()
        yield 0.2

    monkeypatch.setattr(_refund_engine, "pauses", pauses)
    server.fail(Reset(), times=None, on="/payments/cancel")

    with ThreadPoolExecutor(1) as threads:
        refund = threads.submit(client.payments.cancel_all, imp_uid, reason="sold out")
        waiting.wait()
        client.close()
        with pytest.raises(OutcomeUnknownError):
            refund.result()


def test_exclusive_block_keeps_its_error_when_the_client_is_closed_in_it(
    client: PortOneClient, caplog: pytest.LogCaptureFixture
) -> None:
    def refund() -> None:
        with client.exclusive("order-1"):
            client.close()
            raise OutcomeUnknownError("its answer was lost")

    with pytest.raises(OutcomeUnknownError):
        refund()
    assert not logged(caplog)


def test_stream_that_waits_ends_with_client_closed(
    client: PortOneClient, server: FakePortOne
) -> None:
    begun = threading.Event()
    server.fail(OnRequest(begun.set), on="/payments/find")

    with ThreadPoolExecutor(1) as threads:
        results = threads.submit(list, client.payments.find_many([UID]))
        begun.wait()
        client.close()
        with pytest.raises(ClientClosedError, match="nothing was changed, and they can be read"):
            results.result()


def test_stream_can_be_left_after_its_client_was_closed(client: PortOneClient) -> None:
    with client.payments.find_many([UID]) as stream:
        next(stream)
        client.close()


def test_interruption_of_the_start_ends_the_loop(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Future[Any]):
        was_interrupted = False

        def result(self, timeout: float | None = None) -> Any:
            if not self.was_interrupted:
                self.was_interrupted = True
                raise KeyboardInterrupt
            return super().result(timeout)

    monkeypatch.setattr(_loop, "Future", Interrupted)
    client = PortOneClient(server.imp_key, server.imp_secret, base_url=server.url)
    with pytest.raises(KeyboardInterrupt):
        client.payments.find(UID)

    for thread in loops():
        thread.join()
    assert not server.requests


def test_close_after_an_interruption_at_the_end_of_a_call_ends_the_loop(
    client: PortOneClient,
) -> None:
    find = client._async.payments.find(UID)
    with pytest.raises(KeyboardInterrupt):
        client._engine.run(find, InterruptedAtTheEnd())

    client.close()
    assert "portone_async.blocking" not in [thread.name for thread in threading.enumerate()]
