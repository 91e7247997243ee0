"""Run the demo: look up orders, reconcile their day, and compare both with the scenario."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from pathlib import Path
from random import Random

from rich.console import Console
from rich.text import Text

from portone_async.cli.bar import Bar
from portone_async.cli.console import make_console
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.outcome import Outcome
from portone_async.cli.reconcile.view import View, print_summary
from portone_async.cli.report import write_report
from portone_async.cli.table import print_table
from portone_async.cli.zone import SEOUL
from portone_async.client import PortOneClient
from portone_async.errors import Attempt
from portone_async.models import Failed, Found, Missing
from portone_async.policy import RateLimit, Timeouts
from portone_async.reconcile import Finding, Verdict, reconcile
from portone_async.testing import FakePortOne

from .scenario import Cases, add_faults, add_payments

__all__ = ("run",)

# Short, so that a request without a reply does not hold up the demo. At a low rate a retry may
# wait long for its permit, so a call as a whole has no timeout.
_TIMEOUTS = Timeouts(total=None, attempt=1.5)
# Any other order is found.
_EXPECTED = {
    Verdict.MISSING: ExitCode.NO_MATCH,
    Verdict.NOT_CHECKED: ExitCode.NOT_CHECKED,
}


async def run(look_ups: int, rate_limit: RateLimit, seed: int, report: Path) -> ExitCode:
    """Look up orders, reconcile their day, write its report, and return the exit code.

    Raises:
        NotWrittenError: ``report`` cannot be written.
    """
    console = make_console()
    random = Random(seed)  # noqa: S311 (not a secret)
    until = datetime.now(SEOUL).replace(hour=0, minute=0, second=0, microsecond=0)
    period = (until - timedelta(days=1), until)
    async with FakePortOne() as server, server.client(rate_limit=rate_limit) as client:
        cases = add_payments(server, look_ups, period[0], random)
        in_shop = [order for order, verdict in cases.items() if verdict is not Verdict.ORPHAN]
        # Orders that differ come first: a few look-ups have results of every kind.
        in_shop.sort(key=lambda order: cases[order] is Verdict.MATCHED)
        looked_up = {order: cases[order] for order in in_shop[:look_ups]}
        introduction = _(
            """\
A fake PortOne runs on this machine, with the payments of {orders} orders.
One client looks up {n} of them over HTTP, at most {rate} requests a second,
and meets {passing} faults that pass and {lasting} that last.
No account is needed, and nothing leaves this machine.
"""
        ).format(
            orders=f"{len(in_shop):,}",
            passing=add_faults(server, looked_up, random),
            lasting=list(cases.values()).count(Verdict.NOT_CHECKED),
            n=f"{len(looked_up):,}",
            rate=f"{rate_limit.rate:g}",
        )
        console.print(introduction)
        wrong = await _look_up(console, client, looked_up)
        wrong += await _reconcile(console, client, cases, period, report)
    next_steps = _(
        """\
To ask PortOne itself, set PORTONE_IMP_KEY and PORTONE_IMP_SECRET, then:
  portone-async find ORDER
  portone-async reconcile ORDERS.csv"""
    )
    console.print(next_steps)
    return ExitCode.NO_MATCH if wrong else ExitCode.OK


async def _look_up(console: Console, client: PortOneClient, cases: Cases) -> int:
    """Look up the orders of the cases, print the results, and return how many are not as planted."""
    attempts: list[Attempt] = []
    outcomes: dict[str, Outcome] = {}

    def line() -> Text:
        return _counts(outcomes.values(), attempts)

    view = client.with_options(timeouts=_TIMEOUTS, on_attempt=attempts.append)
    with Bar(console, line, _("{:5.1f} calls/s"), total=len(cases)) as bar:
        orders = [order.merchant_uid for order in cases]
        async with view.payments.find_many(orders) as results:
            async for result in results:
                outcomes[result.merchant_uid] = _outcome(result)
                bar.advance()

    wrong = sum(
        outcomes[order.merchant_uid].exit_code != _EXPECTED.get(verdict, ExitCode.OK)
        for order, verdict in cases.items()
    )
    console.print(_headline(_("{n} look-ups").format(n=f"{len(cases):,}"), wrong))
    console.print(line(), "", _("One of each kind, as 'portone-async find' prints it:\n"), sep="\n")
    samples = {verdict: outcomes[order.merchant_uid] for order, verdict in cases.items()}
    print_table(list(samples.values()))
    console.print()
    return wrong


async def _reconcile(
    console: Console,
    client: PortOneClient,
    cases: Cases,
    period: tuple[datetime, datetime],
    report: Path,
) -> int:
    """Reconcile the day, print and write the results, and return how many are not as planted."""
    orders = [order for order, verdict in cases.items() if verdict is not Verdict.ORPHAN]
    findings: list[Finding] = []
    console.print(_("Now all orders of that day against all payments of it, both ways.\n"))
    with View(console, (0, 0)) as view:
        view.add_orders(len(orders))

        def add(finding: Finding) -> None:
            findings.append(finding)
            view.count_finding(finding)

        since, until = period
        observed = client.with_options(on_attempt=view.count_attempt)
        summary = await reconcile(observed, orders, since=since, until=until, on_finding=add)

    planted = Counter((order.merchant_uid, verdict) for order, verdict in cases.items())
    found = Counter((finding.merchant_uid, finding.verdict) for finding in findings)
    wrong = max((planted - found).total(), (found - planted).total())
    what = _("{n} orders reconciled").format(n=f"{len(orders):,}")
    console.print(_headline(what, wrong))
    print_summary(console, summary)
    await asyncio.to_thread(write_report, report, summary=summary, findings=findings, period=period)
    console.print(_("\nThe report of the day, a page for any browser:"))
    console.print(f"  {report}\n", soft_wrap=True)  # A path is one line, to be copied as a whole.
    return wrong


def _outcome(result: Found | Missing | Failed) -> Outcome:
    if isinstance(result, Found):
        return Outcome(result.merchant_uid, payment=result.payment)
    return Outcome(result.merchant_uid, error=result.error)


def _counts(outcomes: Collection[Outcome], attempts: Sequence[Attempt]) -> Text:
    codes = Counter(outcome.exit_code for outcome in outcomes)
    counts = {
        _("found"): codes[ExitCode.OK],
        _("not found"): codes[ExitCode.NO_MATCH],
        _("not checked"): codes[ExitCode.NOT_CHECKED],
        _("requests"): len(attempts),
        _("retries"): sum(attempt.number > 1 for attempt in attempts),
    }
    parts = [Text.assemble((f"{name} ", "dim"), f"{n:,}") for name, n in counts.items()]
    return Text("   ").join(parts)


def _headline(what: str, wrong: int) -> Text:
    if not wrong:
        return Text(_("{what}: all results are as planted.").format(what=what), "bold green")
    return Text(
        _("{what}: {n} results are not as planted.").format(what=what, n=f"{wrong:,}"), "bold red"
    )
