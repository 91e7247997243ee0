"""A shared throttle on real servers: failures, leaks, and what a redis client does with them."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import multiprocessing
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from redis.asyncio import Redis

from portone_async import (
    Failed,
    Found,
    InvalidRequestError,
    RateLimit,
    ThrottleError,
    WrongLoopError,
)
from portone_async.testing import FakePortOne
from portone_async.throttle.valkey import SharedTokenBucket, StoreClient
from tests.support.idle import leaves_nothing, until
from tests.support.leaks import leaked
from tests.support.logged import logged
from tests.support.store_server import PASSWORD, SERVERS, StoreServer, store_server

FAST = RateLimit(1000, 1000)


def bucket(store: str | StoreClient, **options: Any) -> SharedTokenBucket:
    options = {"name": "shop", "processes": 2, **options}
    return SharedTokenBucket(store, FAST, **options)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try an unreachable store again at once, and let a slow machine take its time."""
    monkeypatch.setattr("portone_async.throttle.valkey._bucket._RETRY_AFTER", 0.01)
    monkeypatch.setattr("portone_async.throttle.valkey._store._TIMEOUT", 30.0)


@pytest.fixture(name="one_second")
def _one_second(monkeypatch: pytest.MonkeyPatch, _soon: None) -> None:
    """Restore the timeout of a store that is not replaced for tests."""
    monkeypatch.setattr("portone_async.throttle.valkey._store._TIMEOUT", 1.0)


@pytest.fixture(name="shared")
async def _shared(store_server: StoreServer) -> AsyncIterator[SharedTokenBucket]:
    async with bucket(store_server.url) as shared:
        yield shared


def is_alone(shared: SharedTokenBucket) -> bool:
    return shared._local is not None


async def test_permits_are_reserved_in_the_store(
    store_server: StoreServer, shared: SharedTokenBucket
) -> None:
    for _ in range(5):
        await shared.acquire()
    assert sum((await shared.usage()).values()) >= 5
    assert b"portone_async:shop" in store_server.command("KEYS", "*")


async def test_killed_store_is_replaced_by_a_share_until_it_is_back(
    store_server: StoreServer, shared: SharedTokenBucket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "portone_async")
    await shared.acquire()
    store_server.kill()
    for _ in range(3):
        await shared.acquire()
    assert is_alone(shared)
    store_server.start()
    await until(lambda: not is_alone(shared))
    await shared.acquire()
    assert [record.levelname for record in logged(caplog)] == ["WARNING", "INFO"]
    assert sum((await shared.usage()).values()) >= 1


async def test_frozen_store_ends_the_wait_of_a_permit(
    one_second: None, store_server: StoreServer, shared: SharedTokenBucket
) -> None:
    await shared.acquire()
    store_server.freeze()
    await shared.acquire()
    assert is_alone(shared)
    await shared.acquire()
    store_server.resume()
    await until(lambda: not is_alone(shared))


async def test_connection_to_a_frozen_store_times_out(
    one_second: None, store_server: StoreServer
) -> None:
    store_server.freeze()
    async with bucket(store_server.url, on_failure="raise") as shared:
        with pytest.raises(ThrottleError, match="TimeoutError"):
            await shared.acquire()


async def test_flushed_scripts_are_loaded_again(
    store_server: StoreServer, shared: SharedTokenBucket, caplog: pytest.LogCaptureFixture
) -> None:
    await shared.acquire()
    store_server.command("SCRIPT", "FLUSH")
    await shared.acquire()
    assert not logged(caplog)


async def test_flushed_keys_change_nothing_for_callers(
    store_server: StoreServer, shared: SharedTokenBucket, caplog: pytest.LogCaptureFixture
) -> None:
    await shared.acquire()
    store_server.command("FLUSHALL")
    await shared.acquire()
    assert not logged(caplog)


async def test_read_only_replica_counts_as_unreachable(
    store_server: StoreServer, shared: SharedTokenBucket, caplog: pytest.LogCaptureFixture
) -> None:
    await shared.acquire()
    store_server.command("REPLICAOF", "127.0.0.1", "9")
    await shared.acquire()
    assert is_alone(shared)
    assert "ReadOnlyError" in caplog.text
    store_server.command("REPLICAOF", "NO", "ONE")
    await until(lambda: not is_alone(shared))


async def test_pause_is_shared_between_two_throttles(store_server: StoreServer) -> None:
    async with bucket(store_server.url) as pausing, bucket(store_server.url) as other:
        await pausing.pause(3600)
        waiting = asyncio.create_task(other.acquire())
        await until(other._pause.is_active)
        assert not waiting.done()
        waiting.cancel()


async def test_other_name_is_another_limit(store_server: StoreServer) -> None:
    async with bucket(store_server.url) as paused, bucket(store_server.url, name="b") as other:
        await paused.pause(3600)
        await other.acquire()


@pytest.mark.parametrize("decode", [False, True])
async def test_client_of_the_caller_stays_open(store_server: StoreServer, decode: bool) -> None:
    client: Redis = cast(Any, Redis).from_url(store_server.url, decode_responses=decode)
    async with bucket(client, worker="web-1") as shared:
        await shared.acquire()
        assert list(await shared.usage()) == ["web-1"]
    assert await cast(Any, client).ping()
    await client.aclose()


async def test_client_of_valkey_py_is_accepted(store_server: StoreServer) -> None:
    valkey = pytest.importorskip("valkey.asyncio")
    client = valkey.Valkey.from_url(store_server.url)
    async with bucket(client) as shared:
        await shared.acquire()
        assert sum((await shared.usage()).values()) >= 1
    await client.aclose()


async def test_synchronous_client_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match=r"redis\.asyncio"):
        bucket(cast(Any, redis.Redis()))


async def test_throttle_leaves_nothing_behind(store_server: StoreServer) -> None:
    async with bucket(store_server.url) as shared:
        await shared.acquire()
    async with leaves_nothing():
        async with bucket(store_server.url) as shared:
            await shared.acquire()
            await shared.pause(0.01)
            store_server.kill()
            await shared.acquire()
            waiting = asyncio.create_task(shared.acquire())
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gc.collect()


async def test_acquire_is_cancelled_at_any_turn_of_a_real_trip(
    store_server: StoreServer, shared: SharedTokenBucket, caplog: pytest.LogCaptureFixture
) -> None:
    await shared.acquire()
    for turns in range(60):
        task = asyncio.create_task(shared.acquire())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await shared.acquire()
    assert not is_alone(shared)
    assert not logged(caplog)


@pytest.mark.parametrize("on_failure", ["local", "raise"])
async def test_batch_without_the_store_ends_only_if_chosen(
    store_server: StoreServer, server: FakePortOne, on_failure: str
) -> None:
    # More than a process can have reserved before the end of the store.
    orders = [f"order-{number}" for number in range(20 if on_failure == "local" else 3000)]
    for order in orders[:20]:
        server.add(merchant_uid=order, amount=1000)
    found = 0
    async with (
        bucket(store_server.url, on_failure=on_failure) as shared,
        server.client(rate_limit=shared) as client,
    ):
        assert client.rate_limit == FAST
        await client.payments.find("order-0")
        store_server.kill()
        try:
            async with client.payments.find_many(orders) as results:
                async for result in results:
                    assert not isinstance(result, Failed)
                    found += isinstance(result, Found)
        except ThrottleError as error:
            assert on_failure == "raise"
            assert error.endpoint == "GET /payments/find/{merchant_uid}"
            assert "'shop' cannot reach its store (ConnectionError)" in str(error)
        else:
            assert on_failure == "local"
            assert found == 20


# Secrets


async def test_password_is_in_no_error_log_or_local_variable(
    store_server: StoreServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    url = store_server.url
    assert PASSWORD in url
    stack = io.StringIO()
    async with bucket(url, on_failure="raise") as shared, bucket(url) as local:
        await shared.acquire()
        store_server.kill()
        task = asyncio.create_task(shared.acquire())
        for each in asyncio.all_tasks():
            each.print_stack(file=stack)
        with pytest.raises(ThrottleError) as caught:
            await task
        await local.acquire()
        shown = [repr(shared), *map(repr, asyncio.all_tasks()), repr(vars(shared))]
    assert caught.value.__context__ is None
    text = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert "ConnectionError" in text
    records = [repr(vars(record)) for record in caplog.records]
    others = (*shown, *records, stack.getvalue(), caplog.text, text)
    assert leaked({PASSWORD}, caught.value, *others) == set()


async def test_wrong_password_raises_without_it(store_server: StoreServer) -> None:
    url = store_server.url.replace(PASSWORD, "planted-wrong-password")
    async with bucket(url, on_failure="raise") as shared:
        with pytest.raises(ThrottleError, match="AuthenticationError") as caught:
            await shared.acquire()
    assert leaked({"planted-wrong-password", PASSWORD}, caught.value) == set()


@pytest.mark.parametrize("url", ["redis://:planted-secret@host:port/0", "redis://h/0?db=planted-x"])
def test_invalid_url_is_rejected_without_its_text(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="store must be a URL") as caught:
        bucket(url)
    assert leaked({"planted-secret", "planted-x"}, caught.value) == set()


# Processes


async def _acquire(url: str) -> None:
    async with bucket(url) as shared:
        await shared.acquire()


def _use_in_child(shared: SharedTokenBucket, connection: Any) -> None:
    try:
        asyncio.run(shared.acquire())
    except WrongLoopError as error:
        connection.send(str(error))
    else:
        connection.send("granted")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("is_used", [False, True])
def test_throttle_can_be_made_but_not_used_before_a_fork(
    store_server: StoreServer, is_used: bool
) -> None:
    shared = bucket(store_server.url)
    loop = asyncio.new_event_loop()
    if is_used:
        loop.run_until_complete(shared.acquire())
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe()
    child = context.Process(target=_use_in_child, args=(shared, sending))
    child.start()
    result = receiving.recv()
    child.join()
    loop.run_until_complete(shared.close())
    loop.close()
    if is_used:
        assert "make one in each process" in result
    else:
        assert result == "granted"


def test_both_timeouts_are_one_second_and_nothing_is_repeated(one_second: None) -> None:
    shared = bucket("redis://127.0.0.1:1/0")
    options = cast(Any, shared._store._client).connection_pool.connection_kwargs

    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.0, 1.0)
    assert options["retry"].get_retries() == 0


def test_missing_extra_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "import portone_async.throttle\n"
        "try:\n    import portone_async.throttle.valkey\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    output = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert output.strip().endswith("needs redis: pip install 'portone-async[valkey]'")


def test_package_imports_redis_only_for_a_shared_throttle() -> None:
    program = (
        "import sys, portone_async.client, portone_async.throttle, portone_async.reconcile\n"
        "assert 'redis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("kind", SERVERS)
async def test_unix_socket_and_valkey_urls_are_accepted(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with store_server(kind, tmp_path, "--unixsocket", str(path)) as server:
        await _acquire(f"unix://{path}")
        await _acquire(server.url.replace("redis://", "valkey://"))
