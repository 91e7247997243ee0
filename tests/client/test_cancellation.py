"""A call that is cancelled at any await leaves nothing behind, and the client usable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from portone_async import PortOneClient, RateLimit, RetryPolicy
from portone_async.testing import Delay, FakePortOne, Hang, Status, Unauthorized
from tests.support.idle import assert_idle, leaves_nothing, turns, until
from tests.support.raw_server import raw_server
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import PAID, UID, reply, scripted_client, series, token_reply
from tests.support.stopwatch import Stopwatch
from tests.support.virtual_time import virtual_time
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

SCRIPTS: dict[str, Callable[[], Any]] = {
    # All of it within a few turns of the loop, so that a slot is handed over in one of them.
    "instant": lambda: series(PAID),
    "plain": lambda: series((0.01, PAID)),
    "renewal": lambda: series((0.01, reply(401)), (0.01, PAID)),
    "retry": lambda: series((0.01, reply(503)), (0.01, PAID)),
    "pause": lambda: series((0.01, reply(429, Retry_After="1")), (0.01, PAID)),
}


Find = Callable[[], Coroutine[Any, Any, None]]


class Cancelled:
    """A call in a task that is cancelled."""

    def __init__(self, find: Find) -> None:
        self.task = asyncio.create_task(self._run(find))

    async def _run(self, find: Find) -> None:
        await find()

    def cut_off(self) -> None:
        self.task.cancel()

    def is_over(self) -> bool:
        return self.task.done()

    def ended_as_caused(self) -> bool:
        """Return whether the caller sees its own cancellation, and no error of the client."""
        return self.task.cancelled()


class TimedOut(Cancelled):
    """A call inside ``asyncio.timeout``."""

    async def _run(self, find: Find) -> None:
        async with asyncio.timeout(None) as self._timeout:
            await find()

    def cut_off(self) -> None:
        self._timeout.reschedule(0.0)

    def ended_as_caused(self) -> bool:
        # It takes a turn: a call that ends in that very turn is over before.
        return self._timeout.expired() is (type(self.task.exception()) is TimeoutError)


class SiblingFailed(Cancelled):
    """A call in a ``TaskGroup`` with a sibling that fails."""

    async def _run(self, find: Find) -> None:
        self._fails = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            self._call = group.create_task(find())
            self._sibling = group.create_task(self._fail())
            self._call.add_done_callback(lambda _: self._sibling.cancel())

    async def _fail(self) -> None:
        await self._fails.wait()
        raise RuntimeError("sibling")

    def cut_off(self) -> None:
        self._fails.set()

    def is_over(self) -> bool:
        return self._call.done()

    def ended_as_caused(self) -> bool:
        if self._sibling.cancelled():
            return self._call.exception() is None  # Over before, as above.
        return repr(self.task.exception()) == repr(
            ExceptionGroup("unhandled errors in a TaskGroup", [RuntimeError("sibling")])
        )


@one_way
@pytest.mark.parametrize("ending", [Cancelled, TimedOut, SiblingFailed])
@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("script", SCRIPTS)
@virtual_time
async def test_call_cancelled_at_any_moment_leaves_nothing(
    script: str, ahead: int, ending: type[Cancelled]
) -> None:
    """Some number of turns of the loop, or some time on its clock, reaches every await.

    With others ahead of it the call also waits in the queue, for a slot and for a permit.
    """
    is_instant = script == "instant"

    async def cancel_after(wait: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        client, transport = scripted_client(
            SCRIPTS[script](),
            lambda n: (0.0 if is_instant else 0.01, token_reply(f"t{n}")),
            max_in_flight=1,
            rate_limit=None if is_instant else RateLimit(50, 1),
            retry=RetryPolicy(backoff_initial=0.02),
        )
        others = [asyncio.create_task(client.payments.find(UID)) for _ in range(ahead)]
        call = ending(partial(_is_paid, client))
        await wait()
        is_over = call.is_over()
        if is_over:
            await call.task
        else:
            call.cut_off()
            await asyncio.wait({call.task})
            assert call.ended_as_caused()
        for other in others:
            assert (await other).is_paid
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert transport.in_flight == 0
        assert_idle(client, max_in_flight=1)
        assert (await client.payments.find(UID)).is_paid
        return is_over

    ends = [await cancel_after(partial(turns, count)) for count in range(1, 40)]
    ends += [await cancel_after(partial(asyncio.sleep, n * 0.003)) for n in range(1, 60)]
    assert not any(ends[:3])


async def _is_paid(client: PortOneClient) -> None:
    assert (await client.payments.find(UID)).is_paid


@pytest.mark.parametrize(
    "fault",
    [Hang(), Delay(5), Status(503, headers={"Retry-After": "5"}), Unauthorized()],
    ids=lambda f: type(f).__name__,
)
async def test_cancelled_request_leaves_no_connection_and_no_task(
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
        assert_idle(client, max_in_flight=2)
        await until(lambda: asyncio.all_tasks() <= before | server_tasks(before))
        server.clear_faults()
        fresh = client.with_options(rate_limit=None)
        if not isinstance(fault, Status):
            assert (await fresh.payments.find("order-1")).is_paid


async def test_call_cancelled_on_a_real_connection_leaves_nothing() -> None:
    stages: set[str] = set()

    async def cancel_after(count: int) -> bool:
        stage = "connect"

        async def in_pieces(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
        ) -> None:
            nonlocal stage
            is_token = raw.requests[-1].startswith(b"POST")
            stage = "token" if is_token else "head"
            content = token_reply().body if is_token else ok(CARD_PAID)
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
            piece = len(answer) // 5
            for start in range(0, len(answer), piece):
                await turns(3)
                if writer.is_closing():
                    return
                writer.write(answer[start : start + piece])
                stage = stage if is_token else "body"

        async with (
            leaves_nothing(),
            raw_server(in_pieces) as raw,
            PortOneClient("k", "s", base_url=raw.url, max_in_flight=1, rate_limit=None) as client,
        ):
            call = asyncio.create_task(client.payments.find(UID))
            await turns(count)
            is_over = call.done()
            call.cancel()
            await asyncio.wait({call})
            if not is_over:
                assert call.cancelled()
                stages.add(stage)
            assert (await client.payments.find(UID)).is_paid
            return is_over

    count = 0
    while not await cancel_after(count):
        count += 1
    assert stages == {"connect", "token", "head", "body"}


def server_tasks(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Tasks of the fake, which runs in the same loop, for the connections it has."""
    return {
        task
        for task in asyncio.all_tasks() - before
        if "aiohttp/web" in repr(task.get_coro()) or "RequestHandler" in repr(task.get_coro())
    }


async def test_timeout_of_the_caller_cancels_a_call(server: FakePortOne) -> None:
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


async def test_failing_sibling_task_cancels_a_call_in_its_backoff(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")

    async def fail() -> None:
        await until(lambda: server.count("/payments") == 1)
        raise RuntimeError("sibling")

    async with server.client(retry=RetryPolicy(backoff_initial=60, backoff_max=60)) as client:
        server.fail(Status(503))
        with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="sibling")):
            async with asyncio.timeout(50), asyncio.TaskGroup() as group:
                group.create_task(client.payments.find("order-1"))
                group.create_task(fail())
        assert (await client.payments.find("order-1")).is_paid
