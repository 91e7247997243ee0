"""Forked processes, and the exit of the interpreter: nothing hangs, and nothing is reported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from portone_async.testing import FakePortOne, Hang, Reset
from tests.support.script import environment
from tests.support.scripted import UID

BEGIN = f"""
import asyncio, gc, os, sys, threading
from portone_async import PortOneError, RateLimit, TokenBucket
from portone_async.blocking import PortOneClient

UID = "{UID}"

def find(client, who, order=UID):
    try:
        status = client.payments.find(order).status
    except PortOneError as error:
        status = type(error).__name__ + ": " + error.reason
    os.write(1, (who + " " + status + "\\n").encode())

def wait_for(child):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, status
"""


def run(script: str, server: FakePortOne, *, first: str = "") -> list[str]:
    """Run a script; return its lines, after it has ended without a word of complaint.

    Args:
        script: The script, after :data:`BEGIN`.
        server: The server of its environment.
        first: What runs before anything is imported.
    """
    # Python 3.12 and newer warn about each fork of a process with threads.
    allowed = "ignore:This process:DeprecationWarning"
    # Not "-X dev": asyncio would report a slow machine.
    process = subprocess.run(
        [sys.executable, "-W", "error", "-W", allowed, "-c", first + BEGIN + script],
        env=os.environ | environment(server),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout.splitlines()


FORK = """
client = PortOneClient.from_env()
view = client.with_options(rate_limit=RateLimit(1000, 9))
find(client, "parent")
child = os.fork()
if not child:
    find(client, "child")
    find(view, "view of the child")
    assert view.rate_limit == RateLimit(1000, 9)
    client.close()
    sys.exit()
wait_for(child)
find(client, "parent")
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")


def test_forked_child_has_its_own_loop_connections_and_token(server: FakePortOne) -> None:
    lines = run(FORK, server)

    assert lines == ["parent paid", "child paid", "view of the child paid", "parent paid"]
    assert server.count("/users/getToken") == 2


def test_child_forked_without_the_hooks_of_python_works(server: FakePortOne) -> None:
    script = """
import ctypes
client = PortOneClient.from_env()
find(client, "parent")
if not (child := ctypes.PyDLL(None).fork()):  # As uWSGI does.
    find(client, "child")
    os._exit(0)
wait_for(child)
find(client, "parent")
"""
    assert run(script, server) == ["parent paid", "child paid", "parent paid"]


def test_child_that_does_not_use_the_client_leaves_the_parents(server: FakePortOne) -> None:
    script = """
client = PortOneClient.from_env()
pages = client.payments.find_all(UID)
find(client, "parent")
for how in ("exit", "drop", "close"):
    if not (child := os.fork()):
        if how == "drop":
            del client, pages
            gc.collect()
        if how == "close":
            client.close()
        sys.exit()
    wait_for(child)
    find(client, "parent")
"""
    assert run(script, server) == ["parent paid"] * 4
    assert server.count("/users/getToken") == 1


def test_child_forked_during_calls_of_other_threads_works(server: FakePortOne) -> None:
    script = """
client = PortOneClient.from_env(rate_limit=None)
client.payments.find(UID)
stop = threading.Event()
def work():
    while not stop.is_set():
        client.payments.find(UID)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(5):
    if not (child := os.fork()):
        find(client, "child")
        os._exit(0)
    wait_for(child)
stop.set()
for thread in threads:
    thread.join()
find(client, "parent")
"""
    assert run(script, server) == ["child paid"] * 5 + ["parent paid"]


def test_bucket_of_the_parent_is_refused_in_the_child(server: FakePortOne) -> None:
    script = """
client = PortOneClient.from_env(rate_limit=TokenBucket(RateLimit(1000, 9)))
find(client, "parent")
if not (child := os.fork()):
    find(client, "child")
    sys.exit()
wait_for(child)
find(client, "parent")
"""
    first, child, last = run(script, server)

    assert (first, last) == ("parent paid", "parent paid")
    assert "WrongLoopError: this TokenBucket was used before the process forked" in child


def test_iterator_of_the_parent_is_refused_in_the_child(server: FakePortOne) -> None:
    script = """
client = PortOneClient.from_env()
pages = client.payments.find_all(UID, page_size=1)
stream = client.payments.find_many([UID] * 100)
for iterator in (pages, stream):
    next(iterator)
if not (child := os.fork()):
    client.payments.find(UID)
    for iterator in (pages, stream):
        try:
            list(iterator)
        except PortOneError as error:
            os.write(1, (type(error).__name__ + "\\n").encode())
    stream.close()
    del pages, stream, iterator
    sys.exit()
wait_for(child)
print(len([*pages]), len([*stream]))
"""
    server.add(merchant_uid=UID)
    assert run(script, server) == ["WrongLoopError", "WrongLoopError", "1 99"]


def test_child_leaves_an_exclusive_block_of_its_parent(server: FakePortOne) -> None:
    script = """
client = PortOneClient.from_env()
with client.exclusive("order-1"):
    if not (child := os.fork()):
        sys.exit()
    wait_for(child)
    find(client, "parent")
"""
    assert run(script, server) == ["parent paid"]


IN_FLIGHT = """
begun = threading.Event()
class Observer:
    def call_started(self, call):
        begun.set()
view = client.with_options(observers=(Observer(),))
threading.Thread(target=find, args=(view, "thread", "hanging"), daemon=True).start()
begun.wait()
"""


OPEN = """
other = PortOneClient.from_env()
find(other, "other")
stream = client.payments.find_many([UID] * 9)
next(stream)
client.run(lambda _: asyncio.to_thread(int))
"""


@pytest.mark.parametrize(
    "end",
    [
        OPEN,
        IN_FLIGHT,
        "del client; gc.collect()",
        "import atexit; atexit.register(client.close)",
    ],
    ids=["open", "in flight", "dropped", "closed at the exit"],
)
def test_interpreter_exits_without_a_warning(server: FakePortOne, end: str) -> None:
    server.fail(Hang(), on="/payments/find/hanging")
    lines = run(f"client = PortOneClient.from_env()\nfind(client, 'script')\n{end}", server)

    assert lines[0] == "script paid"


LAST = """
import atexit, os
# Handlers are called in the reverse order: this one after those of the package.
clients = []
atexit.register(lambda: os.write(1, b"closed" if "closed" in repr(clients[0]) else b"open"))
"""


def test_open_client_is_closed_at_the_exit(server: FakePortOne) -> None:
    script = """
client = PortOneClient.from_env()
find(client, "script")
clients.append(client._async)
"""
    assert run(script, server, first=LAST) == ["script paid", "closed"]


# Handlers are called in the reverse order: this one after those of the package.
WAIT = """
import atexit, threading
ended = threading.Event()
atexit.register(ended.wait, 60)
"""


REFUND = """
client = PortOneClient.from_env()
payment = client.payments.find(UID)
waiting = threading.Event()
sent = []
class Observer:
    def call_started(self, call):
        sent.append(call.route)
        return self
    def attempt_started(self, number): ...
    def attempt_ended(self, attempt): ...
    def call_ended(self, error):
        if "/payments/cancel" in sent[:-1]:
            waiting.set()  # Until the next look-up.
def refund():
    view = client.with_options(observers=(Observer(),))
    try:
        view.payments.cancel_all(payment.imp_uid, reason="sold out")
    except PortOneError as error:
        os.write(1, type(error).__name__.encode())
    ended.set()
threading.Thread(target=refund, daemon=True).start()
waiting.wait()
"""


def test_refund_that_is_looked_up_at_the_exit_has_an_unknown_outcome(server: FakePortOne) -> None:
    server.fail(Reset(), times=None, on="/payments/cancel")

    assert run(REFUND, server, first=WAIT) == ["OutcomeUnknownError"]
