"""A fake PortOne, and a blocking client of it."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

import pytest

from portone_async.blocking import PortOneClient
from portone_async.blocking._caller import Caller
from portone_async.testing import Exchange, FakePortOne, Hang, Reply
from tests.conftest import AT_ONCE
from tests.support.scripted import UID

T = TypeVar("T")


class InterruptedAtTheEnd(Caller):
    """Is interrupted when the coroutine has ended, before its result is returned."""

    def serve(self, ended: Future[T]) -> T:
        ended.result()
        raise KeyboardInterrupt


class OnRequest:
    """A fault that calls a function when a request arrives, and then answers or not."""

    def __init__(self, function: Callable[[], object], *, answers: bool = False) -> None:
        self._function = function
        self._answers = answers

    async def meet(self, exchange: Exchange) -> Reply | None:
        await asyncio.to_thread(self._function)
        if self._answers:
            return exchange.reply()
        await Hang().meet(exchange)
        return None


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
