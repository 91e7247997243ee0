"""Cancelled at any await, a call leaves nothing behind and the client as good as before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from portone_async import PortOneClient, RateLimit, RetryPolicy, Timeouts
from portone_async.testing import Delay, FakePortOne, Hang, Status, Unauthorized
from tests.stopwatch import Stopwatch

from .scripted import PAID, UID, reply, scripted_client, series, token_reply
from .virtual_time import run


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def places_free(client: PortOneClient) -> int:
    return client._shared.slots._free


SCRIPTS: dict[str, Callable[[], Any]] = {
    "plain": lambda: series((0.01, PAID)),
    "renewal": lambda: series((0.01, reply(401)), (0.01, PAID)),
    "retry": lambda: series((0.01, reply(503)), (0.01, PAID)),
    "pause": lambda: series((0.01, reply(429, Retry_After="1")), (0.01, PAID)),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_call_cancelled_after_any_number_of_turns_leaves_nothing_behind(script: str) -> None:
    """Every await is met by some number of turns of the loop, or some time on its clock."""

    async def one(wait: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        client, transport = scripted_client(
            SCRIPTS[script](),
            lambda n: (0.01, token_reply(f"t{n}")),
            max_in_flight=1,
            rate_limit=RateLimit(50, 1),
            retry=RetryPolicy(backoff_initial=0.02),
        )
        call = asyncio.create_task(client.payments.find(UID))
        await wait()
        is_over = call.done()
        call.cancel()
        await asyncio.wait({call})
        if not is_over:
            assert call.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert transport.under_way == 0
        assert places_free(client) == 1
        assert (await client.payments.find(UID)).is_paid
        return is_over

    async def main() -> None:
        for count in range(40):
            await one(partial(turns, count))
        ends = [await one(partial(asyncio.sleep, n * 0.003)) for n in range(60)]
        assert not ends[0]

    run(main())


@pytest.mark.parametrize(
    "fault",
    [Hang(), Delay(5), Status(503, headers={"Retry-After": "5"}), Unauthorized()],
    ids=lambda f: type(f).__name__,
)
async def test_a_cancelled_exchange_leaves_no_connection_and_no_task(
    server: FakePortOne, fault: Any
) -> None:
    server.add(merchant_uid="order-1")
    async with server.client(max_in_flight=2) as client:
        await client.payments.find("order-1")
        before = asyncio.all_tasks()
        server.fail(fault, times=4)
        calls = [asyncio.create_task(client.payments.find("order-1")) for _ in range(4)]
        await until(lambda: server.count("/payments") >= 3)
        await turns(5)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        session = client._shared.transport._session
        assert session is not None
        assert session.connector is not None
        assert not session.connector._acquired
        assert places_free(client) == 2
        await until(lambda: asyncio.all_tasks() <= before | server_tasks(before))
        server.heal()
        fresh = client.with_options(rate_limit=None)
        if not isinstance(fault, Status):
            assert (await fresh.payments.find("order-1")).is_paid


def server_tasks(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Tasks of the fake, which runs in the same loop, for the connections it has."""
    return {
        task
        for task in asyncio.all_tasks() - before
        if "aiohttp/web" in repr(task.get_coro()) or "RequestHandler" in repr(task.get_coro())
    }


async def test_a_timeout_of_the_callers_own_cuts_a_call_short(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with server.client(retry=RetryPolicy(backoff_initial=30, backoff_max=30)) as client:
        await client.payments.find("order-1")
        for fault in (Hang(), Status(503)):
            server.fail(fault)
            async with Stopwatch() as watch:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await client.payments.find("order-1")
            assert watch.net < 0.1
        assert (await client.payments.find("order-1")).is_paid


async def test_a_failing_sibling_ends_a_call_in_its_back_off(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")

    async def fail() -> None:
        await until(lambda: server.count("/payments") == 1)
        raise RuntimeError("sibling")

    async with server.client(retry=RetryPolicy(backoff_initial=60, backoff_max=60)) as client:
        server.fail(Status(503))
        with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="sibling")):
            async with asyncio.timeout(5), asyncio.TaskGroup() as group:
                group.create_task(client.payments.find("order-1"))
                group.create_task(fail())
        assert (await client.payments.find("order-1")).is_paid


async def test_two_thousand_calls_with_some_cancelled_at_random_lose_nothing(
    server: FakePortOne,
) -> None:
    server.add(merchant_uid="order-1")
    rng = random.Random(7)
    async with server.client(
        rate_limit=RateLimit(100_000, 50), max_in_flight=8, timeouts=Timeouts(total=30)
    ) as client:
        calls = [asyncio.create_task(client.payments.find("order-1")) for _ in range(2000)]
        doomed = rng.sample(calls, 100)
        while doomed:
            await turns(rng.randrange(20))
            doomed.pop().cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert places_free(client) == 8

    kinds = {type(each).__name__ for each in results}
    assert kinds <= {"Payment", "CancelledError"}
    assert sum(type(each).__name__ == "Payment" for each in results) >= 1900
    assert server.count("/users/getToken") == 1
