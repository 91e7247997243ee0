"""The demo from its first line to its last."""

from __future__ import annotations

import asyncio
import time
from random import Random

from rich.console import Console

from portone_async.cli.console import make_console
from portone_async.cli.outcome import Outcome
from portone_async.client import PortOneClient
from portone_async.errors import PortOneError
from portone_async.policy import RateLimit, Timeouts
from portone_async.testing import FakePortOne

from .live import LiveView
from .stage import set_stage
from .summary import Summary
from .tally import Tally
from .verdict import Verdict

__all__ = ("play",)

# A hanging request is given up soon, so that the demo is short. At a low rate a retry may queue
# for long, so the whole of a call is not bounded.
_TIMEOUTS = Timeouts(total=None, attempt=1.5)


async def play(orders: int, rate_limit: RateLimit, seed: int) -> int:
    """Look up ``orders`` orders, show how that goes, and give the exit code."""
    console = make_console()
    tally = Tally()
    async with FakePortOne() as server:
        scenes, faults = set_stage(server, orders, Random(seed))  # noqa: S311 (no secret)
        payments = sum(scene.payment is not None for scene in scenes)
        _introduce(console, orders, payments, faults, rate_limit)
        async with server.client(
            rate_limit=rate_limit, timeouts=_TIMEOUTS, on_attempt=tally.record
        ) as client:
            began_at = time.perf_counter()
            with LiveView(console, tally, orders) as view:

                async def look_up(order: str) -> Outcome:
                    outcome = await _look_up(client, order)
                    view.advance()
                    return outcome

                outcomes = await asyncio.gather(*(look_up(scene.order) for scene in scenes))
            seconds = time.perf_counter() - began_at
        received_at = [request.at for request in server.requests]

    verdict = Verdict(scenes, outcomes)
    Summary(
        look_ups=orders,
        seconds=seconds,
        verdict=verdict,
        tally=tally,
        received_at=received_at,
        rate_limit=rate_limit,
    ).print(console)
    return 0 if verdict.is_good else 1


async def _look_up(client: PortOneClient, order: str) -> Outcome:
    try:
        return Outcome(order, payment=await client.payments.find(order))
    except PortOneError as error:
        return Outcome(order, error=error)


def _introduce(
    console: Console, orders: int, payments: int, faults: int, rate_limit: RateLimit
) -> None:
    console.print(
        f"A PortOne runs on this machine, with {payments} payments and {faults} faults to come.\n"
        f"One client looks up {orders} orders there, over HTTP, "
        f"up to {rate_limit.rate:g} requests a second.\n"
        "No account is needed, and nothing leaves this machine.\n"
    )
