"""A process is killed by SIGKILL around its requests, and started again until its job is done."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from random import Random
from typing import Any, Literal, NamedTuple

import pytest

from portone_async.testing import Exchange, FakePortOne, Reply
from tests.support.forced_way import script_prelude
from tests.support.script import environment
from tests.support.ways import both_ways

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL"),
    both_ways,
]

SCRIPT = """
import asyncio
from portone_async import PortOneClient, RetryPolicy

async def main():
    async with PortOneClient.from_env(retry=RetryPolicy(backoff_initial=0.0)) as client:
        await client.{call}

asyncio.run(main())
"""
REFUND = 'payments.cancel("imp_1", amount=300, reason="단순 변심", key="R-1")'
REFUND_ALL = 'payments.cancel_all("imp_1", reason="단순 변심", key="R-1")'
CHARGE = 'charges.with_billing_key("key-1", merchant_uid="SUB1", amount=9900, name="월 이용료")'
RETRY = 'schedules.retry("SUB1")'
EXPECTED = {REFUND: [300], REFUND_ALL: [1000], CHARGE: [9900], RETRY: [9900]}

When = Literal["before", "after", "answered"]


def moved(call: str, server: FakePortOne) -> list[int]:
    """Return the amounts of the refunds or charges that the server has made."""
    return charges(server) if "payments.cancel" not in call else refunds(server)


def refunds(server: FakePortOne) -> list[int]:
    entry = server.payments.get("imp_1")
    assert entry is not None
    history: list[dict[str, Any]] = entry.record.get("cancel_history") or []
    return [int(refund["amount"]) for refund in history]


def charges(server: FakePortOne) -> list[int]:
    paid = server.payments.of_order("SUB1", status="paid")
    return [int(entry.record["amount"]) for entry in paid]


class Trigger(NamedTuple):
    """The request around which the client is killed."""

    method: str
    path: str
    when: When


class Kill:
    """Kills the client before a request is processed, after it, or after its answer was sent."""

    def __init__(self, when: When, victim: Victim) -> None:
        self._when = when
        self._victim = victim

    async def meet(self, exchange: Exchange) -> Reply | None:
        reply = None if self._when == "before" else exchange.reply()
        if self._when != "answered":
            self._victim.kill()
            return None
        asyncio.get_running_loop().call_soon(self._victim.kill)
        return reply


class Victim:
    """The process that performs the job now."""

    def __init__(self, call: str, server: FakePortOne) -> None:
        self._script = script_prelude() + SCRIPT.replace("{call}", call)
        self._environment = environment(server)
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> bool:
        """Run the job in a new process; return whether it reported it done before it was killed."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", self._script, env=self._environment
        )
        code = await self._process.wait()
        assert code in (0, -signal.SIGKILL)
        return code == 0

    def kill(self) -> None:
        """Kill it: called in the thread of the fake, so not by asyncio's transport."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)


async def run_until_done(call: str, server: FakePortOne, faults: list[Trigger]) -> int:
    """Kill the job around these requests, one a run; return the number of runs."""
    server.add(imp_uid="imp_1", amount=1000)
    server.billing_keys.add(customer_uid="key-1")
    if call is RETRY:
        server.schedules.decline("SUB1")
        server.schedules.add(
            merchant_uid="SUB1", customer_uid="key-1", schedule_at=int(server.now) + 1
        )
        server.advance(2)
        server.schedules.accept("SUB1")
    victim = Victim(call, server)
    for runs in range(1, len(faults) + 2):
        server.clear_faults()
        if runs <= len(faults):
            trigger = faults[runs - 1]
            server.fail(Kill(trigger.when, victim), on=trigger.path, method=trigger.method)
        is_done = await victim.run()
        done = moved(call, server)
        assert done in ([], EXPECTED[call])
        if is_done:
            assert done == EXPECTED[call]
            return runs
    raise AssertionError("the last run was killed, too")


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("before", marks=pytest.mark.slow),
        "after",
        pytest.param("answered", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("call", EXPECTED, ids=lambda call: call.partition("(")[0])
async def test_killed_job_is_carried_out_once(call: str, when: When, server: FakePortOne) -> None:
    act = "/payments/cancel" if "payments.cancel" in call else "/subscribe/payments"
    runs = await run_until_done(call, server, [Trigger("POST", act, when)])

    assert runs == 2 or when == "answered"  # It may read the answer and end first.
    assert server.count(act, "POST") == (2 if when == "before" else 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("call", EXPECTED, ids=lambda call: call.partition("(")[0])
async def test_job_killed_at_random_requests_is_carried_out_once(
    call: str, seed: int, server: FakePortOne
) -> None:
    draw = Random(seed)
    whens: tuple[When, ...] = ("before", "after", "answered")
    requests = [("POST", "/users/getToken"), ("GET", "/"), ("POST", "/payments"), ("POST", "/sub")]
    faults = [Trigger(*draw.choice(requests), draw.choice(whens)) for _ in range(6)]
    await run_until_done(call, server, faults)
