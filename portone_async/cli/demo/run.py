"""Run the demo: look up orders, reconcile their day, and compare both with the scenario."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections import Counter
from datetime import datetime, timedelta
from gettext import gettext as _
from pathlib import Path
from tempfile import mkdtemp

from rich.console import Console
from rich.text import Text

from portone_async import Attempt, Failed, Found, Missing, PortOneClient, RateLimit, Timeouts
from portone_async.cli.bar import Bar
from portone_async.cli.console import make_console
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.find.outcome import Outcome
from portone_async.cli.find.table import print_table
from portone_async.cli.reconcile.view import View, print_summary
from portone_async.cli.report import check_writable, write_report
from portone_async.cli.zone import SEOUL
from portone_async.reconcile import Finding, Verdict, reconcile
from portone_async.testing import FakePortOne

from .scenario import Cases, add_faults, add_payments

__all__ = ("Arguments", "run")

_DAY = timedelta(days=1)
# Short, so that a request without a reply does not hold up the demo. At a low rate a retry may
# wait long for its permit, so a call as a whole has no timeout.
_TIMEOUTS = Timeouts(total=None, attempt=1.5)
# Any other order is found.
_EXPECTED = {Verdict.MISSING: Missing, Verdict.NOT_CHECKED: Failed}


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    orders: int
    rate: float
    seed: int
    report: str | None


def run(arguments: Arguments) -> ExitCode:
    """Look up orders, reconcile their day, write its report, and return the exit code."""
    rate_limit = RateLimit(arguments.rate)
    report = arguments.report or f"{mkdtemp(prefix='portone-demo-')}/portone-demo-report.html"
    log = logging.getLogger("portone_async")
    propagate, log.propagate = log.propagate, False  # The demo counts what the log warns of.
    try:
        check_writable(report)
        return asyncio.run(_run(arguments.orders, rate_limit, arguments.seed, Path(report)))
    finally:
        log.propagate = propagate


async def _run(look_ups: int, rate_limit: RateLimit, seed: int, report: Path) -> ExitCode:
    console = make_console()
    until = datetime.now(SEOUL).replace(hour=0, minute=0, second=0, microsecond=0)
    # The fake cancels payments at the time of its clock: in the last hour of the day.
    server = FakePortOne(now=until.timestamp() - 3600)
    async with server, server.client(rate_limit=rate_limit) as client:
        cases = add_payments(server, look_ups, until - _DAY, seed)
        orders = [order for order, verdict in cases.items() if verdict is not Verdict.ORPHAN]
        # Orders that differ come first: a few look-ups have results of every kind.
        looked_up = sorted(orders, key=lambda order: cases[order] is Verdict.MATCHED)[:look_ups]
        faults = add_faults(server, [o for o in looked_up if cases[o] is Verdict.MATCHED])
        introduction = _(
            """\
A fake PortOne runs on this machine, with the payments of {orders} orders.
One client looks up {n} of them over HTTP, at most {rate} requests a second,
and meets {faults} faults that pass, and some that last.
"""
        )
        introduction = introduction.format(
            orders=f"{len(orders):,}",
            n=f"{look_ups:,}",
            rate=f"{rate_limit.rate:g}",
            faults=faults,
        )
        console.print(introduction)
        wrong = await _look_up(console, client, {order: cases[order] for order in looked_up})
        wrong += await _reconcile(console, client, cases, until, report)
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
    verdicts = {order.merchant_uid: verdict for order, verdict in cases.items()}
    results: dict[str, Found | Missing | Failed] = {}
    attempts: list[Attempt] = []

    def counts() -> Text:
        kinds = Counter(map(type, results.values()))
        retries = sum(attempt.number > 1 for attempt in attempts)
        numbers = (kinds[Found], kinds[Missing], kinds[Failed], len(attempts), retries)
        text = _("found {}   not found {}   not checked {}   requests {}   retries {}")
        return Text(text.format(*numbers))

    view = client.with_options(timeouts=_TIMEOUTS, on_attempt=attempts.append)
    with Bar(console, counts, _("{:5.1f} calls/s"), total=len(verdicts)) as bar:
        async with view.payments.find_many(verdicts) as stream:
            async for result in stream:
                results[result.merchant_uid] = result
                bar.advance()

    wrong = sum(type(results[o]) is not _EXPECTED.get(v, Found) for o, v in verdicts.items())
    _print_headline(console, _("{n} look-ups").format(n=f"{len(verdicts):,}"), wrong)
    console.print(
        counts(), "", _("One of each kind, as 'portone-async find' prints it:\n"), sep="\n"
    )
    samples = {verdict: results[order] for order, verdict in verdicts.items()}
    print_table([_outcome(result) for result in samples.values()])
    console.print()
    return wrong


async def _reconcile(
    console: Console, client: PortOneClient, cases: Cases, until: datetime, report: Path
) -> int:
    """Reconcile the day, print and write the results, and return how many are not as planted."""
    since = until - _DAY
    orders = [order for order, verdict in cases.items() if verdict is not Verdict.ORPHAN]
    findings: list[Finding] = []
    console.print(_("Now all orders of that day against all payments of it, both ways.\n"))
    with View(console, (0, len(orders))) as view:

        def add(finding: Finding) -> None:
            findings.append(finding)
            view.count_finding(finding)

        observed = client.with_options(on_attempt=view.count_attempt)
        summary = await reconcile(observed, orders, since=since, until=until, on_finding=add)

    planted = Counter((order.merchant_uid, verdict) for order, verdict in cases.items())
    reported = Counter((finding.merchant_uid, finding.verdict) for finding in findings)
    wrong = max((planted - reported).total(), (reported - planted).total())
    _print_headline(console, _("{n} orders reconciled").format(n=f"{len(orders):,}"), wrong)
    print_summary(console, summary)
    write_report(report, summary=summary, findings=findings, period=(since, until))
    console.print(_("\nThe report of the day, a page for any browser:"))
    console.print(f"  {report}\n", soft_wrap=True)  # A path is one line, to be copied as a whole.
    return wrong


def _outcome(result: Found | Missing | Failed) -> Outcome:
    if isinstance(result, Found):
        return Outcome(result.merchant_uid, payment=result.payment)
    return Outcome(result.merchant_uid, error=result.error)


def _print_headline(console: Console, what: str, wrong: int) -> None:
    text = _("{what}: all results are as planted.")
    if wrong:
        text = _("{what}: {n} results are not as planted.")
    text = text.format(what=what, n=f"{wrong:,}")
    console.print(text, style="bold red" if wrong else "bold green")
