"""Many calls at once, in several loops, threads and processes, and a close among them."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from portone_async import (
    ClientClosedError,
    Payment,
    RateLimit,
    RetryPolicy,
    Timeouts,
    WrongLoopError,
)
from portone_async.testing import Delay, FakePortOne, Hang, Status, TooManyRequests
from portone_async.throttle import TokenBucket
from tests.support.idle import assert_idle, leaves_nothing, turns, until
from tests.support.script import run_script
from tests.support.scripted import PAID, UID, scripted_client, token_reply
from tests.support.stopwatch import Stopwatch
from tests.support.virtual_time import virtual_time
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

MANY = 10_000
DOOMED = MANY // 100
SLOW = RetryPolicy(backoff_initial=60, backoff_max=60)


@pytest.fixture(name="server")
async def _server() -> AsyncGenerator[FakePortOne]:
    async with leaves_nothing(), FakePortOne() as server:
        server.add(merchant_uid=UID)
        yield server


def most_in_any_window(times: list[float], rate: float) -> float:
    """Return the smallest ``burst`` that allows sends at these times with ``rate``."""
    surplus = [number - rate * time for number, time in enumerate(sorted(times))]
    lowest = surplus[0]
    most = 0.0
    for value in surplus:
        lowest = min(lowest, value)
        most = max(most, value - lowest + 1)
    return most


# Ten thousand


@one_way
@virtual_time
async def test_random_cancellations_keep_the_limit_and_other_calls() -> None:
    rng = random.Random(7)
    client, transport = scripted_client(
        lambda _: (rng.uniform(0.001, 0.05), PAID),
        lambda _: (0.05, token_reply("t", 7200)),
        rate_limit=RateLimit(500, 10),
        max_in_flight=40,
        timeouts=Timeouts(total=30),
    )
    calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(2000)]

    async def cancel(call: asyncio.Task[Any]) -> None:
        await asyncio.sleep(rng.uniform(0, 2000 / 500))
        call.cancel()

    await asyncio.gather(*[cancel(call) for call in rng.sample(calls, 20)])
    results = await asyncio.gather(*calls, return_exceptions=True)
    counts = Counter(type(result) for result in results)
    assert set(counts) == {Payment, asyncio.CancelledError}
    assert counts[Payment] >= 2000 - 20
    assert len(transport.tokens) == 1
    assert len(transport.times()) <= 2000
    assert most_in_any_window([at for at, _, _ in transport.sent], 500) <= 10 + 1
    assert transport.most_in_flight <= 40
    assert transport.in_flight == 0
    assert_idle(client, max_in_flight=40)
    await client.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


class RecordingThrottle:
    """A throttle that records when it grants permits."""

    def __init__(self, rate_limit: RateLimit) -> None:
        self._bucket = TokenBucket(rate_limit)
        self.granted_at: list[float] = []

    async def acquire(self, *, priority: bool = False) -> None:
        await self._bucket.acquire(priority=priority)
        self.granted_at.append(asyncio.get_running_loop().time())

    async def pause(self, seconds: float) -> None:
        await self._bucket.pause(seconds)

    async def close(self) -> None:
        await self._bucket.close()


@pytest.mark.slow
async def test_ten_thousand_calls_keep_the_limits_on_real_connections(server: FakePortOne) -> None:
    # Debug mode, which the tests run in, costs more than the calls.
    asyncio.get_running_loop().set_debug(False)
    rng = random.Random(7)
    throttle = RecordingThrottle(RateLimit(4000, 20))
    async with server.client(
        rate_limit=throttle, max_in_flight=8, timeouts=Timeouts(total=30)
    ) as client:
        calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(MANY)]
        doomed = rng.sample(calls, DOOMED)
        while doomed:
            await turns(rng.randrange(200))
            doomed.pop().cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert_idle(client, max_in_flight=8)
        assert (await client.payments.find(UID)).is_paid

    counts = Counter(type(result) for result in results)
    assert set(counts) == {Payment, asyncio.CancelledError}
    assert counts[Payment] >= MANY - DOOMED
    assert server.count("/users/getToken") == 1
    assert len(server.requests) <= len(throttle.granted_at) <= MANY + 2
    assert most_in_any_window(throttle.granted_at, 4000) <= 20 + 1


# Closed at any moment


async def test_close_at_any_moment_ends_every_call(server: FakePortOne) -> None:
    kinds: Counter[type] = Counter()
    for count in range(0, 120, 3):
        client = server.client(max_in_flight=2, rate_limit=RateLimit(1000, 2))
        calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(6)]
        await turns(count)
        await client.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
        kinds.update(map(type, results))
    assert set(kinds) <= {Payment, ClientClosedError}
    assert kinds[ClientClosedError]


STATES: dict[str, tuple[Callable[[FakePortOne], None], dict[str, Any]]] = {
    "token": (lambda server: server.fail(Hang(), times=None, on="/users/getToken"), {}),
    "answer": (lambda server: server.fail(Hang(), times=None), {}),
    "slot": (lambda server: server.fail(Hang(), times=None), {"max_in_flight": 1}),
    "permit": (lambda server: None, {"rate_limit": RateLimit(0.001, 3)}),
    "back-off": (lambda server: server.fail(Status(503), times=None), {"retry": SLOW}),
    "pause": (lambda server: server.fail(TooManyRequests("50"), times=None), {}),
    "token's back-off": (
        lambda server: server.fail(Status(503), times=None, on="/users/getToken"),
        {"retry": SLOW},
    ),
}


@pytest.mark.parametrize("state", STATES)
async def test_close_ends_waiting_calls_at_once(server: FakePortOne, state: str) -> None:
    prepare, options = STATES[state]
    prepare(server)
    client = server.client(**options)
    calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(5)]
    await until(lambda: server.count("/") >= (1 if "token" in state else 2))
    await turns(30)
    async with Stopwatch() as watch:
        await client.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert watch.net < 0.5
    kinds = {type(result) for result in results}
    assert ClientClosedError in kinds
    assert kinds <= {ClientClosedError, Payment}
    assert server.count("/payments") <= 5
    with pytest.raises(ClientClosedError):
        await client.payments.find(UID)


@pytest.mark.parametrize("state", ["permit", "back-off"])
async def test_cancelled_close_ends_waiting_calls(
    server: FakePortOne, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, options = STATES[state]
    prepare(server)
    client = server.client(**options)
    calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(5)]
    await until(lambda: server.count("/") >= 2)
    await turns(30)
    real, closing = ClientSession.close, asyncio.Event()

    async def hang(session: ClientSession) -> None:
        await real(session)
        closing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(ClientSession, "close", hang)
    close = asyncio.create_task(client.close())
    await closing.wait()
    close.cancel()
    await asyncio.wait({close})

    results = await asyncio.gather(*calls, return_exceptions=True)

    assert close.cancelled()
    assert ClientClosedError in {type(result) for result in results}


# Two loops


async def test_client_in_use_rejects_another_loop_and_continues(server: FakePortOne) -> None:
    problems: list[BaseException] = []

    async def use_elsewhere() -> None:
        for misuse in (client.payments.find(UID), client.__aenter__(), client.close()):
            try:
                await misuse
            except WrongLoopError as error:
                problems.append(error)

    async with server.client(rate_limit=None) as client:
        await client.payments.find(UID)
        server.fail(Delay(0.2))
        call = asyncio.create_task(client.payments.find(UID))
        await until(lambda: server.count("/payments") == 2)
        thread = threading.Thread(target=asyncio.run, args=[use_elsewhere()])
        thread.start()
        await asyncio.to_thread(thread.join)
        assert (await call).is_paid
        assert server.count("/payments") == 2
        assert (await client.payments.find(UID)).is_paid
    assert len(problems) == 3
    assert all("event loop" in str(problem) for problem in problems)


# Two processes

FORKING = """
import asyncio, gc, os
from portone_async import PortOneClient, PortOneError, RetryPolicy, Timeouts

def new_client():
    once = RetryPolicy(attempts=1)
    return PortOneClient.from_env(retry=once, timeouts=Timeouts(attempt=60), rate_limit=None)

async def find(client):
    try:
        return (await client.payments.find({uid!r})).status
    except PortOneError as error:
        return type(error).__name__

async def find_with_new_client():
    async with new_client() as client:
        return await find(client)

def fork():
    global client
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        {in_child}
    finally:
        os._exit(0)

def say(who, what):
    os.write(1, f"{{who}} {{what}}\\n".encode())

async def fork_inside():
    say("parent", await find(client))
    fork()
    say("parent", await find(client))

client = new_client()
with asyncio.Runner() as runner:
    if {is_inside}:
        runner.run(fork_inside())
    else:
        say("parent", runner.run(find(client)))
        fork()
        say("parent", runner.run(find(client)))
    runner.run(client.close())
"""


async def forked(server: FakePortOne, in_child: str, *, is_inside: bool = False) -> list[str]:
    """Return what parent and child print: the parent looks up before and after the fork."""
    script = FORKING.format(uid=UID, in_child=in_child, is_inside=is_inside)
    return await run_script(script, server)


@pytest.mark.parametrize("is_inside", [False, True])
async def test_client_in_a_forked_child_raises_wrong_loop_error(
    server: FakePortOne, is_inside: bool
) -> None:
    lines = await forked(server, 'say("child", asyncio.run(find(client)))', is_inside=is_inside)
    assert lines == ["parent paid", "child WrongLoopError", "parent paid"]
    assert server.count("/payments") == 2


async def test_forked_child_can_use_its_own_client(server: FakePortOne) -> None:
    lines = await forked(server, 'say("child", asyncio.run(find_with_new_client()))')
    assert lines == ["parent paid", "child paid", "parent paid"]


async def test_forked_child_does_not_share_connections(server: FakePortOne) -> None:
    lines = await forked(server, 'say("child", runner.run(find(client)))')
    assert lines == ["parent paid", "child WrongLoopError", "parent paid"]


async def test_client_dropped_in_a_fork_leaves_the_parent_connected(server: FakePortOne) -> None:
    lines = await forked(server, "del client; gc.collect()")
    assert lines == ["parent paid", "parent paid"]
