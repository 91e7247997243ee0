"""The demo from its first line to its last."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from gettext import gettext as _
from pathlib import Path
from random import Random

from rich.console import Console

from portone_async.cli.console import make_console
from portone_async.cli.outcome import Outcome
from portone_async.cli.reconcile.view import View
from portone_async.cli.report import write_report
from portone_async.cli.zone import SEOUL
from portone_async.client import PortOneClient
from portone_async.errors import PortOneError
from portone_async.policy import RateLimit, Timeouts
from portone_async.reconcile import Finding, reconcile
from portone_async.testing import FakePortOne

from .comparison import Comparison
from .day import plant
from .live import LiveView
from .stage import set_stage
from .summary import Summary
from .tally import Tally
from .verdict import Verdict

__all__ = ("play",)

# A hanging request is given up soon, so that the demo is short. At a low rate a retry may queue
# for long, so the whole of a call is not bounded.
_TIMEOUTS = Timeouts(total=None, attempt=1.5)


async def play(orders: int, rate_limit: RateLimit, seed: int, report: Path) -> int:
    """Look up ``orders`` orders, reconcile a day, show how that goes, and give the exit code.

    Raises:
        NotWrittenError: There is no writing to ``report``.
    """
    console = make_console()
    random = Random(seed)  # noqa: S311 (no secret)
    is_looked_up = await _look_up_orders(console, orders, rate_limit, random)
    console.print()
    comparison = await _reconcile_a_day(console, rate_limit, random)
    await asyncio.to_thread(
        write_report,
        report,
        summary=comparison.summary,
        findings=comparison.findings,
        period=comparison.day.period,
    )
    console.print()
    console.print(_("The report for people, a page for any browser:"))
    # A path is one line, to be copied as a whole.
    console.print(f"  {report}", soft_wrap=True)
    console.print()
    console.print(_next())
    return 0 if is_looked_up and comparison.is_good else 1


async def _look_up_orders(
    console: Console, orders: int, rate_limit: RateLimit, random: Random
) -> bool:
    tally = Tally()
    async with FakePortOne() as server:
        scenes, faults = set_stage(server, orders, random)
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
    return verdict.is_good


async def _look_up(client: PortOneClient, order: str) -> Outcome:
    try:
        return Outcome(order, payment=await client.payments.find(order))
    except PortOneError as error:
        return Outcome(order, error=error)


async def _reconcile_a_day(console: Console, rate_limit: RateLimit, random: Random) -> Comparison:
    findings: list[Finding] = []
    async with FakePortOne() as server:
        day = plant(server, datetime.now(SEOUL).date(), random)
        since, until = day.period
        console.print(_what_comes(len(day.orders)))
        console.print()
        with View(console, (0, 0)) as view:
            view.read(len(day.orders))

            def found(finding: Finding) -> None:
                findings.append(finding)
                view.found(finding)

            async with server.client(rate_limit=rate_limit, on_attempt=view.asked) as client:
                summary = await reconcile(
                    client, day.orders, since=since, until=until, on_finding=found
                )
    comparison = Comparison(day, findings, summary)
    comparison.print(console)
    return comparison


def _introduce(
    console: Console, orders: int, payments: int, faults: int, rate_limit: RateLimit
) -> None:
    said = _(
        """\
A fake PortOne runs on this machine, with {payments} payments and {faults} faults to come.
One client looks up {orders} orders there, over HTTP, up to {rate} requests a second.
No account is needed, and nothing leaves this machine."""
    )
    rate = f"{rate_limit.rate:g}"
    console.print(said.format(payments=payments, faults=faults, orders=orders, rate=rate))
    console.print()


def _what_comes(orders: int) -> str:
    return _(
        """\
Now the shop's {orders} orders of yesterday, against all payments of that day,
with differences of every kind planted among them."""
    ).format(orders=f"{orders:,}")


def _next() -> str:
    return _(
        """\
To ask PortOne itself, set PORTONE_IMP_KEY and PORTONE_IMP_SECRET, then:
  portone-async find ORDER
  portone-async reconcile ORDERS.csv"""
    )
