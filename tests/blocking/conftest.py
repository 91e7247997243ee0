"""A fake PortOne, and a blocking client of it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TypeVar

import pytest

from portone_async.blocking import PortOneClient
from portone_async.blocking._caller import Caller
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.support.scripted import UID

T = TypeVar("T")


class InterruptedAtTheEnd(Caller):
    """Is interrupted when the coroutine has ended, before its result is returned."""

    def serve(self, ended: Future[T]) -> T:
        ended.result()
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _no_open_client() -> Iterator[None]:
    """Wait for the end of the event loop, which ends once each client is closed or dropped."""
    yield
    if loops():
        gc.collect()
    for thread in loops():
        thread.join(60)
    assert loops() == []


def loops() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "portone_async.blocking"]


@pytest.fixture
def server() -> Iterator[FakePortOne]:
    with FakePortOne() as server:
        server.add(merchant_uid=UID)
        yield server


@pytest.fixture
def client(server: FakePortOne) -> Iterator[PortOneClient]:
    with PortOneClient(
        server.imp_key, server.imp_secret, base_url=server.url, retry=AT_ONCE, rate_limit=None
    ) as client:
        yield client
