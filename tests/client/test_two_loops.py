"""A client, throttle or session refuses a second event loop at once, and never hangs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from aiohttp import ClientSession

from portone_async import (
    Failed,
    InvalidRequestError,
    Payment,
    PortOneClient,
    RateLimit,
    TokenBucket,
    WrongLoopError,
)
from portone_async._http.session import check_external
from portone_async._owner import LoopOwner
from portone_async.reconcile import Order, reconcile
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.support.forced_way import WAYS, Way, script_prelude
from tests.support.scripted import UID
from tests.support.two_loops import CLOSED_PORT, TRIES
from tests.support.ways import both_ways, one_way

pytestmark = both_ways


async def in_a_thread(use: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a new loop and thread; return its result, or its exception."""
    done: Future[Any] = Future()

    def work() -> None:
        try:
            done.set_result(asyncio.run(use))
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            done.set_result(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        return await asyncio.wrap_future(done)
    finally:
        thread.join()


@one_way
@pytest.mark.parametrize(
    "flags", [(), pytest.param(("-X", "dev"), marks=pytest.mark.slow)], ids=" ".join
)
@pytest.mark.parametrize("taken", WAYS)
def test_one_of_two_loops_wins_and_the_other_is_refused(flags: tuple[str, ...], taken: Way) -> None:
    program = [sys.executable, *flags, "-W", "error", "-m", "tests.support.two_loops", taken]
    run = subprocess.run(program, capture_output=True, text=True, check=True)

    counts = json.loads(run.stdout)
    assert counts["race_for_clients"] == {"refused used": TRIES}
    assert counts["race_for_buckets"] == {"refused used": TRIES}
    assert counts["run_again"] == {"used": 1, "refused": TRIES - 1}
    assert set(counts["race_to_close"]) <= {"ClientClosedError", "WrongLoopError"}
    assert sum(counts["race_to_close"].values()) == TRIES
    assert "Unclosed" not in run.stderr


async def test_first_look_ups_of_two_threads_end_in_one_payment(server: FakePortOne) -> None:
    server.add(merchant_uid=UID)
    tries = 100
    # The timeout only keeps a failure in one thread from hanging the other.
    barrier = threading.Barrier(2, timeout=60)
    clients = [server.client(retry=AT_ONCE, rate_limit=None) for _ in range(tries)]

    async def look_up() -> list[str]:
        ended: list[str] = []
        for client in clients:
            barrier.wait()
            try:
                ended.append((await client.payments.find(UID)).status)
            except WrongLoopError:
                ended.append("refused")
            # The winner closes the client once the other thread has tried it, too.
            barrier.wait()
            if ended[-1] != "refused":
                await client.close()
        return ended

    first, second = await asyncio.gather(in_a_thread(look_up()), in_a_thread(look_up()))
    pairs = Counter(frozenset(pair) for pair in zip(first, second, strict=True))
    assert pairs == {frozenset({"paid", "refused"}): tries}
    assert server.count("/payments") == tries


@pytest.mark.parametrize("is_debug", [False, True])
async def test_second_loop_is_refused_while_the_first_runs(
    server: FakePortOne, is_debug: bool
) -> None:
    server.add(merchant_uid=UID)
    asyncio.get_running_loop().set_debug(is_debug)

    async def misuse(client: PortOneClient) -> Counter[str]:
        results = [await asyncio.gather(client.payments.find(UID), return_exceptions=True)] * 300
        return Counter(type(result).__name__ for (result,) in results)

    async with server.client(rate_limit=None, max_in_flight=4) as client:
        calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(300)]
        assert await in_a_thread(misuse(client)) == {"WrongLoopError": 300}
        assert all(type(result) is Payment for result in await asyncio.gather(*calls))
    assert server.count("/payments") == 300


@one_way
async def test_error_names_the_thread_and_what_to_do(server: FakePortOne) -> None:
    async with server.client() as client:
        error = await in_a_thread(client.payments.find(UID))
    assert type(error) is WrongLoopError
    assert not isinstance(error, InvalidRequestError)
    assert not error.is_transient
    assert "this client belongs to another event loop" in error.reason
    assert repr(threading.current_thread().name) in error.reason
    for name in ("Django", "Celery", "blocking.PortOneClient", "Lambda", "Notebooks"):
        assert name in str(error)


@one_way
def test_error_reports_that_the_first_loop_is_closed() -> None:
    client = PortOneClient("key", "secret", base_url=CLOSED_PORT)
    asyncio.run(client.__aenter__())
    with pytest.raises(WrongLoopError, match="closed"):
        asyncio.run(client.__aenter__())
    asyncio.run(client.close())


@one_way
@pytest.mark.parametrize("name", ["examples.fastapi_app", "examples.aiohttp_app"])
def test_example_apps_answer_502_to_a_wrong_loop_error(name: str) -> None:
    answers: Any = import_module(name).ANSWERS
    statuses = [status for kind, status, _ in answers if issubclass(WrongLoopError, kind)]
    assert statuses[0] == 502


@one_way
async def test_look_ups_in_a_second_loop_end_the_stream(server: FakePortOne) -> None:
    async def find(client: PortOneClient) -> list[Any]:
        async with client.payments.find_many([UID, "order-2"]) as results:
            return [result async for result in results if not isinstance(result, Failed)]

    async with server.client() as client:
        assert type(await in_a_thread(find(client))) is WrongLoopError


@one_way
async def test_reconciliation_in_a_second_loop_raises(server: FakePortOne) -> None:
    async with server.client() as client:
        error = await in_a_thread(reconcile(client, [Order(UID, Decimal(1))]))
    assert type(error) is WrongLoopError


@pytest.mark.parametrize("is_passed", [False, True])
async def test_close_in_a_second_loop_is_refused(server: FakePortOne, is_passed: bool) -> None:
    server.add(merchant_uid=UID)
    async with ClientSession() as session:
        client = server.client(session=session if is_passed else None)
        await client.payments.find(UID)
        assert type(await in_a_thread(client.close())) is WrongLoopError
        assert (await client.payments.find(UID)).is_paid
        await client.close()
        assert await in_a_thread(client.close()) is None


async def test_loop_that_cannot_use_the_session_leaves_the_client_free(server: FakePortOne) -> None:
    server.add(merchant_uid=UID)
    async with ClientSession() as session, server.client(session=session) as client:
        fresh = server.client(session=session)
        assert type(await in_a_thread(fresh.payments.find(UID))) is WrongLoopError
        assert (await fresh.payments.find(UID)).is_paid
        assert (await client.payments.find(UID)).is_paid


@one_way
async def test_session_is_checked_before_the_loop_is_claimed(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise a loop that cannot use the session would lock out the loop that can.
    were_claiming: list[bool] = []

    def record(*arguments: Any) -> Any:
        were_claiming.append(client._state.transport._owner._claiming.locked())
        return check_external(*arguments)

    monkeypatch.setattr("portone_async._http.transport.check_external", record)
    async with ClientSession() as session:
        client = server.client(session=session)
        async with client:
            assert were_claiming == [False]


LOOP_CLOSED_TOO_EARLY = """
import asyncio
from portone_async import PortOneClient

async def begin():
    connected = asyncio.Event()
    server = await asyncio.start_server(lambda *_: connected.set(), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    client = PortOneClient("key", "secret", base_url=f"http://{host}:{port}")
    asyncio.create_task(client.payments.find("order-1"))
    await connected.wait()
    return client

loop = asyncio.new_event_loop()
client = loop.run_until_complete(begin())
loop.close()
asyncio.run(client.close())
print(client)
"""


def test_client_can_be_closed_after_its_loop_closed_mid_fetch() -> None:
    # In another process, since asyncio warns about the tasks that such a loop leaves.
    program = [sys.executable, "-c", script_prelude() + LOOP_CLOSED_TOO_EARLY]
    run = subprocess.run(program, capture_output=True, text=True, check=True, timeout=100)
    assert "closed>" in run.stdout


async def _acquire(bucket: TokenBucket) -> str:
    await bucket.acquire()
    return "permit"


async def test_bucket_of_two_clients_in_two_loops_refuses_the_second(server: FakePortOne) -> None:
    server.add(merchant_uid=UID)
    shared = TokenBucket(RateLimit(1000, 50))

    async def use() -> Payment:
        async with server.client(rate_limit=shared) as client:
            return await client.payments.find(UID)

    async with server.client(rate_limit=shared) as client:
        await client.payments.find(UID)
        error = await in_a_thread(use())
        assert type(error) is WrongLoopError
        assert "TokenBucket" in error.reason
        assert (await client.payments.find(UID)).is_paid


@one_way
def test_bucket_is_free_again_when_its_loop_is_closed() -> None:
    bucket = TokenBucket(RateLimit(1000, 50))
    assert [asyncio.run(_acquire(bucket)) for _ in range(3)] == ["permit"] * 3


@one_way
async def test_second_claim_does_not_wait_for_the_first() -> None:
    owner = LoopOwner("this")

    async def claim() -> None:
        with owner.claim():
            pass

    async def fail() -> None:
        with owner.claim():
            refused.append(await in_a_thread(claim()))
            raise KeyError

    refused: list[Any] = []
    with pytest.raises(KeyError):
        await fail()
    assert [type(error) for error in refused] == [WrongLoopError]
    assert await in_a_thread(claim()) is None
    with pytest.raises(WrongLoopError, match="closed"), owner.claim():
        pass


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        yield server
