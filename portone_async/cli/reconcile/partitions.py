"""Run ``portone-async reconcile`` in partitions, and write the results of their ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from gettext import gettext as _
from pathlib import Path
from tempfile import TemporaryDirectory

from portone_async._worded import Worded
from portone_async.cli.client import make_client
from portone_async.cli.console import make_console
from portone_async.cli.report.tier_finding import TierFinding
from portone_async.cli.streams import print_error
from portone_async.client import PortOneClient
from portone_async.errors import PortOneError
from portone_async.policy import RateLimit
from portone_async.reconcile import Finding, Ledger, Plan, Summary, Verdict
from portone_async.reconcile._shop import shop_of
from portone_async.reconcile.ledgers.opening import open_ledger
from portone_async.resources._windows import utc_now, windows

from .announcement import print_partitions
from .arguments import Arguments
from .notes import Notes
from .partition_orders import PartitionOrders, open_orders
from .partition_run import Failure, PartitionRun, Todo
from .partition_view import PartitionView, print_tiers
from .results import print_files, print_hint, write_results
from .view import print_summary

__all__ = ("run_partitions",)

_MAX_FAILURES = 20


def run_partitions(arguments: Arguments) -> Summary:
    """Reconcile all partitions that are not finished, then write and print the results of all.

    Raises:
        PortOneError: The run was ended, or some partitions failed.
        OrdersError: The source cannot be read.
    """
    client = make_client(PortOneClient, arguments.profile, **arguments.client_options)
    plan = arguments.plan(shop_of(client).tier)
    with ExitStack() as stack:
        ledger = stack.enter_context(_open_ledger(arguments, plan, stack))
        ledger.claim(plan)
        notes = Notes()
        stack.callback(notes.print)
        orders = open_orders(arguments, plan, notes, stack)
        _reconcile(client, arguments, plan, orders, ledger)
        summary, has_tiers = ledger.summary(), len(plan.tiers) > 1
        counts: Counter[tuple[str | None, Verdict]] = Counter()
        findings = orders.reasons.restore(_findings(ledger, counts, has_tiers=has_tiers))
        files = write_results(arguments, arguments.period, findings, summary, has_tiers=has_tiers)
        console = make_console(pipe_width=100)
        print_summary(console, summary)
        if has_tiers:
            print_tiers(console, counts)
        print_files(console, files)
        print_hint(console, arguments, summary)
    return summary


def _open_ledger(arguments: Arguments, plan: Plan, stack: ExitStack) -> Ledger:
    name = arguments.run_name or f"{plan.since.isoformat()}/{plan.until.isoformat()}"
    if arguments.ledger is None:
        folder = stack.enter_context(TemporaryDirectory(prefix="portone_async-"))
        arguments.temporary_ledger = str(Path(folder, "ledger.db"))
        return open_ledger(arguments.temporary_ledger, run=name)
    return open_ledger(arguments.ledger, run=name)


def _reconcile(
    client: PortOneClient,
    arguments: Arguments,
    plan: Plan,
    orders: PartitionOrders,
    ledger: Ledger,
) -> None:
    """Reconcile what is not finished, could not be checked, or has other orders now.

    Raises:
        PortOneError: The run was ended, or some partitions failed.
    """
    todo = Todo.of(ledger, asyncio.run(orders.changed(ledger)))
    print_partitions(
        plan,
        # Margins are outside of the period, and send no requests.
        unfinished=sum(not partition.is_margin for partition in todo.unfinished),
        requests=_least_requests(todo),
        changed=todo.changed,
        rate=arguments.rate or RateLimit().rate,
    )
    with PartitionView(make_console(), len(plan), len(plan) - len(todo.unfinished)) as view:
        run = PartitionRun(arguments, plan, orders, ledger, view)
        failures = asyncio.run(run.reconcile(client, todo))
    if failures:
        _print_failures(failures)
        raise PortOneError(Worded("{n} partitions could not be reconciled", n=f"{len(failures):,}"))


def _least_requests(todo: Todo) -> int:
    """Return the number of requests that list the payments, one page for each status and slice."""
    return sum(
        len(partition.statuses) * len(windows(partition.since, partition.until, utc_now()))
        for partition in todo.all
        if not partition.is_margin
    )


def _print_failures(failures: list[Failure]) -> None:
    for failure in failures[:_MAX_FAILURES]:
        print_error(f"{failure.partition.name}: {failure.reason}")
    if (more := len(failures) - _MAX_FAILURES) > 0:
        print_error(_("and {n} more").format(n=more))


def _findings(
    ledger: Ledger, counts: Counter[tuple[str | None, Verdict]], *, has_tiers: bool
) -> Iterator[Finding]:
    """Iterate over the findings with their Tiers, if there are several, and count them."""
    for entry in ledger.entries():
        counts[entry.tier, entry.finding.verdict] += 1
        yield TierFinding.of(entry.finding, entry.tier) if has_tiers else entry.finding
