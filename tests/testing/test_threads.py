"""The fake in its own thread: callers of any kind, changes from any thread, closing, forks."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from http.client import HTTPConnection, HTTPException
from typing import Any, NoReturn

import pytest

from portone_async.testing import Body, Exchange, FakePortOne, Hang, Reply, Status
from tests.conftest import AT_ONCE

THREADS = 4


def fetch(server: FakePortOne, order: str = "o") -> int:
    """Look up an order, blocking the thread; return the HTTP status."""
    connection = HTTPConnection(server.url.removeprefix("http://"))
    try:
        headers = {"Authorization": server.issue_token()}
        connection.request("GET", f"/payments/find/{order}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def connect(server: FakePortOne) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)))


def send_without_reading(server: FakePortOne) -> socket.socket:
    connection = connect(server)
    token = server.issue_token()
    connection.sendall(
        f"GET /payments/find/o HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
    )
    return connection


def wait_for_requests(server: FakePortOne, number: int) -> None:
    while len(server.requests) < number:
        threading.Event().wait(0.001)


@pytest.fixture
def server() -> Iterator[FakePortOne]:
    with FakePortOne() as server:
        yield server


# Callers


def test_server_answers_plain_tests(server: FakePortOne) -> None:
    server.add(merchant_uid="o")
    assert fetch(server) == 200


async def test_server_answers_code_that_blocks_the_event_loop() -> None:
    async with FakePortOne() as server:
        server.add(merchant_uid="o")
        assert fetch(server) == 200


def test_server_answers_other_processes(server: FakePortOne) -> None:
    server.add(merchant_uid="o")
    program = (
        "import sys, urllib.request as r; url, token = sys.argv[1:];"
        "print(r.urlopen(r.Request(url, headers={'Authorization': token})).status)"
    )
    arguments = [f"{server.url}/payments/find/o", server.issue_token()]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == "200\n"


def test_server_answers_several_event_loops(server: FakePortOne) -> None:
    server.add(merchant_uid="o")

    async def look_up() -> str:
        async with server.client(retry=AT_ONCE) as client:
            return (await client.payments.find("o")).merchant_uid

    assert [asyncio.run(look_up()) for _ in range(2)] == ["o", "o"]


def test_fault_sees_the_context_variables_of_the_test() -> None:
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("of the test")
    values: list[str] = []

    class Watching:
        async def meet(self, exchange: Exchange) -> Reply:
            values.append(variable.get())
            return exchange.reply()

    with FakePortOne() as server:
        server.fail(Watching())
        fetch(server)
    assert values == ["of the test"]


# Changes from other threads


@pytest.fixture
def _restless() -> Iterator[None]:
    """Switch threads as often as Python can, to provoke races."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def side_by_side(work: Callable[[int], object]) -> None:
    """Call ``work`` with its number in several threads, started together."""
    barrier = threading.Barrier(THREADS)

    def begin(number: int) -> None:
        barrier.wait()
        work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(begin, range(THREADS)))


@pytest.mark.usefixtures("_restless")
def test_no_payment_of_concurrent_threads_is_lost(server: FakePortOne) -> None:
    count = 300

    def add(number: int) -> None:
        for n in range(1, count + 1):
            if number == 0:
                server.add_many([{"merchant_uid": "o", "paid_at": n}])
            else:
                added = server.add(merchant_uid="o", paid_at=n)
                server.update(added.imp_uid, amount=n)
            if n % 100 == 1:
                assert fetch(server) == 200

    side_by_side(add)
    payments = server.payments
    assert len(payments.of_order("o")) == THREADS * count
    listed = payments.between(0, count, status="paid", sorting="paid")
    assert [entry.moment for entry in listed] == sorted([*range(1, count + 1)] * THREADS)


@pytest.mark.usefixtures("_restless")
def test_concurrent_threads_get_the_same_token() -> None:
    server = FakePortOne()
    for _ in range(200):
        issued: list[str] = []
        server.revoke_token()
        side_by_side(lambda _, issued=issued: issued.append(server.issue_token()))  # type: ignore[misc]  # bound now
        assert len(set(issued)) == 1


@pytest.mark.usefixtures("_restless")
def test_fault_is_met_once_by_concurrent_threads(server: FakePortOne) -> None:
    statuses: list[int] = []

    def fail_and_fetch(_: int) -> None:
        for _ in range(10):
            server.fail(Status(503), Status(502))
            statuses.extend((fetch(server), fetch(server)))

    side_by_side(fail_and_fetch)
    assert sorted(statuses) == [502] * 40 + [503] * 40
    assert server.count("/payments") == 80


def test_requests_are_answered_while_add_many_waits(server: FakePortOne) -> None:
    statuses: list[int] = []

    def payments() -> Iterator[dict[str, Any]]:
        yield {"merchant_uid": "o"}
        statuses.append(fetch(server, "o"))
        statuses.append(fetch(server, "p"))
        yield {"merchant_uid": "p"}

    server.add_many(payments())
    assert statuses == [200, 404]
    assert fetch(server, "p") == 200


# Closing


def open_files() -> set[str]:
    gc.collect()
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names only)


@pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")
@pytest.mark.parametrize("fault", [Hang(), Body(b"x" * (16 << 20))], ids=["hang", "unread"])
def test_close_leaves_no_thread_and_no_socket(fault: Any) -> None:
    threads, files = threading.enumerate(), open_files()
    with FakePortOne() as server:
        server.fail(fault, times=None)
        connections = [send_without_reading(server) for _ in range(3)]
        wait_for_requests(server, 3)

    assert threading.enumerate() == threads
    for connection in connections:
        connection.close()
    assert open_files() == files


@pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")
def test_close_frees_connections_that_have_just_arrived() -> None:
    files = open_files()
    for _ in range(5):
        with FakePortOne() as server:
            connections = [connect(server) for _ in range(4)]
        for connection in connections:
            connection.close()
    assert open_files() == files


def test_close_ends_waiting_connections() -> None:
    with FakePortOne() as server:
        server.fail(Hang())
        connection = send_without_reading(server)
        wait_for_requests(server, 1)
    with connection:
        assert connection.recv(1) == b""


def test_close_names_the_fault_that_blocks_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portone_async.testing.listener._CLOSE_TIMEOUT", 0.01)
    release = threading.Event()

    class Blocking:
        async def meet(self, exchange: Exchange) -> Reply:
            release.wait()
            return exchange.reply()

    server = FakePortOne().__enter__()
    server.fail(Blocking())
    connection = send_without_reading(server)
    wait_for_requests(server, 1)
    with pytest.raises(RuntimeError, match=r"a fault blocks its .*Blocking\.meet, .*:\d+\)"):
        server.__exit__(None, None, None)
    (thread,) = (t for t in threading.enumerate() if t.name == "FakePortOne")
    release.set()
    thread.join()
    connection.close()


def test_server_that_cannot_listen_leaves_no_thread(server: FakePortOne) -> None:
    before = threading.enumerate()
    with pytest.raises(OSError, match="address already in use"):
        FakePortOne(port=int(server.url.rpartition(":")[2])).__enter__()
    assert threading.enumerate() == before


# Exceptions in faults


class Broken:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def meet(self, _: Exchange) -> NoReturn:
        raise self.error


def statuses_with(*faults: Any) -> list[int]:
    """Return the statuses of one request per fault, and close the server."""
    with FakePortOne() as server:
        server.fail(*faults)
        return [fetch(server) for _ in faults]


def test_fault_error_is_raised_on_close() -> None:
    error = AssertionError("planted")
    with pytest.raises(AssertionError) as raised:
        statuses_with(Broken(error))
    assert raised.value is error
    assert error.__notes__ == [
        "FakePortOne: Broken failed on RecordedRequest(GET /payments/find/o -> None)"
    ]


def test_several_fault_errors_are_raised_as_a_group() -> None:
    with pytest.raises(BaseExceptionGroup) as raised:
        statuses_with(Broken(ValueError("one")), Broken(ValueError("two")))
    assert [str(error) for error in raised.value.exceptions] == ["one", "two"]


def test_error_of_the_test_names_the_fault_error() -> None:
    def fail() -> NoReturn:
        with FakePortOne() as server:
            server.fail(Broken(ValueError("planted")))
            raise LookupError(fetch(server))

    with pytest.raises(LookupError, match="500") as raised:
        fail()
    (note,) = raised.value.__notes__
    assert note.endswith("ValueError: planted")
    assert "Broken failed on" in note


def test_pytest_fail_in_a_fault_is_raised_on_close() -> None:
    class Failing:
        async def meet(self, _: Exchange) -> NoReturn:
            pytest.fail("failed in a fault")

    with pytest.raises(pytest.fail.Exception, match="failed in a fault"):
        statuses_with(Failing())


def test_fault_that_returns_no_reply_is_an_error() -> None:
    class Wordy:
        async def meet(self, _: Exchange) -> Any:
            return "200 OK"

    with pytest.raises(TypeError, match=r"Wordy\.meet\(\) returned str, not a Reply or None"):
        statuses_with(Wordy())


def test_cleared_errors_are_not_raised() -> None:
    with FakePortOne() as server:
        server.fail(Broken(ValueError()))
        assert fetch(server) == 500
        server.errors.clear()
    with server:  # opened again, without errors
        assert fetch(server) == 404


# Forks


@pytest.mark.skipif(sys.platform == "win32", reason="there are no forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fork_keeps_no_socket_or_lock_of_its_parent() -> None:
    release_reader, release_writer = os.pipe()
    with FakePortOne() as server:
        address = server.url.removeprefix("http://")
        server.fail(Hang())
        connection = send_without_reading(server)
        wait_for_requests(server, 1)
        child = os.fork()
        if not child:  # It can use the server over HTTP and close its copy.
            os.close(release_writer)
            is_good = False
            try:
                is_good = fetch(server) == 404 and server.count("/") == 1
                server.__exit__(None, None, None)
                os.read(release_reader, 1)
            finally:
                os._exit(0 if is_good else 1)
        wait_for_requests(server, 2)
        assert fetch(server) == 404

    # The child still lives: closing here closes the connection for both.
    connection.settimeout(60)
    assert connection.recv(1) == b""
    connection.close()
    with pytest.raises((OSError, HTTPException)):
        HTTPConnection(address, timeout=60).request("GET", "/")
    os.close(release_writer)
    os.close(release_reader)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
