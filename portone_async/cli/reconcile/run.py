"""Run ``portone-async reconcile``: read the orders, compare, write and print the results."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Generator
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from gettext import gettext as _
from importlib import import_module
from itertools import islice
from pathlib import Path

from portone_async._worded import Worded
from portone_async.cli.advice import described, failure_lines
from portone_async.cli.client import make_client
from portone_async.cli.console import make_console
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.orders import BadRow, Item, Note, OrdersError
from portone_async.cli.orders.steps.temporary import temporary_database
from portone_async.cli.report import (
    NotWrittenError,
    check_writable,
    findings_writer,
)
from portone_async.cli.streams import print_error
from portone_async.cli.wording import localized
from portone_async.client import ClientOptions, PortOneClient
from portone_async.errors import AuthenticationError, InvalidRequestError, PortOneError
from portone_async.reconcile import (
    LedgerError,
    Order,
    Refund,
    Store,
    StoreError,
    Summary,
    UnreadableOrder,
    Verdict,
    reconcile,
)

from .announcement import print_announcement
from .arguments import Arguments
from .notes import Notes
from .partitions import run_partitions
from .results import has_differences, print_files, print_hint, source_name, write_results
from .row_reasons import RowReasons
from .source import read_source
from .view import View, print_summary

__all__ = ("Arguments", "run")

_ROWS_PER_BATCH = 2000


def run(arguments: Arguments) -> ExitCode:
    """Compare orders with their payments, write the results, and return the exit code."""
    try:
        _check_output(arguments)
        run_all = run_partitions if arguments.has_partitions else _run
        return _exit_code(run_all(arguments))
    except KeyboardInterrupt:
        print_error(" ".join((_("stopped."), _how_to_resume(arguments))))
        return ExitCode.INTERRUPTED
    except (OrdersError, NotWrittenError) as error:
        print_error(f"portone-async: {localized(error.reason)}")
    except StoreError as error:
        print_error(f"portone-async: {described(error)}")
    except PortOneError as error:
        print_error(*failure_lines(error))
        if _can_be_resumed(error, arguments):
            print_error(_how_to_resume(arguments))
    return ExitCode.COULD_NOT_RUN


def _run(arguments: Arguments) -> Summary:
    period, options = arguments.period, arguments.client_options
    orders = read_source(arguments)
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(arguments.store or _temporary_path(stack)))
        stack.enter_context(closing(orders))
        notes, reasons = Notes(), RowReasons(stack.enter_context(temporary_database()))
        stack.callback(notes.print)
        if arguments.fresh:
            store.clear()
        ended_at = store.ended_at
        with View(make_console(), store.progress()) as view:
            # A store with an identity has all orders of its run: the view's total has them, too.
            counter = view if store.identity is None else None
            items = _read(orders, counter, notes, reasons, is_strict=arguments.strict)
            if view.is_printed:
                options |= {"on_attempt": view.count_attempt}
            summary = asyncio.run(_compare(items, options, arguments, store, view))
        notes.add_repeated(source_name(arguments), store.progress()[1])
        files = write_results(arguments, period, reasons.restore(store.findings()), summary)
        if ended_at is not None:
            print_error(_repeated_result(ended_at.astimezone(arguments.tz)))
        console = make_console(pipe_width=100)
        print_summary(console, summary)
        print_files(console, files)
        print_hint(console, arguments, summary)
    return summary


def _check_output(arguments: Arguments) -> None:
    """Raise an error before the run if its results could not be written."""
    if arguments.report is not None:
        import_module("portone_async.cli.report.page.render")  # It needs jinja2.
    if arguments.out is not None:
        findings_writer(arguments.out)
    for path in (arguments.out, arguments.report):
        if path is not None:
            check_writable(path)


def _temporary_path(stack: ExitStack) -> str:
    return str(Path(stack.enter_context(tempfile.TemporaryDirectory()), "run.db"))


async def _read(
    orders: Generator[Item, None, None],
    view: View | None,
    notes: Notes,
    reasons: RowReasons,
    *,
    is_strict: bool,
) -> AsyncIterator[Order | Refund | UnreadableOrder]:
    """Read the orders of the source; ``view`` counts them unless it has their total."""
    while batch := await asyncio.to_thread(lambda: list(islice(orders, _ROWS_PER_BATCH))):
        bad = [item for item in batch if isinstance(item, BadRow)]
        if bad and is_strict:
            raise OrdersError(Worded("{name}: {reason}", name=bad[0].where, reason=bad[0].reason))
        count = sum(isinstance(item, Order) for item in batch)
        notes.orders += count
        if view is not None:
            view.add_orders(count)
        for item in batch:
            if isinstance(item, Note):
                notes.add(item)
            elif isinstance(item, BadRow):
                yield reasons.unreadable(item)
            else:
                yield item


async def _compare(
    orders: AsyncIterator[Order | Refund | UnreadableOrder],
    options: ClientOptions,
    arguments: Arguments,
    store: Store,
    view: View,
) -> Summary:
    since, until = arguments.period or (None, None)
    async with make_client(PortOneClient, arguments.profile, **options) as client:
        return await reconcile(
            client,
            orders,
            since=since,
            until=until,
            statuses=arguments.statuses,
            store=store,
            confirm=arguments.confirm,
            on_confirm=partial(print_announcement, confirm=arguments.confirm),
            on_finding=view.count_finding if view.is_printed else None,
            # Otherwise the findings of a million matched orders would be built to be counted.
            on_matched=view.count_matched if view.is_printed else None,
        )


def _repeated_result(ended_at: datetime) -> str:
    text = _(
        "This run ended at {time}: its result is printed, and orders that could not be checked were "
        "checked again. --fresh starts a new run."
    )
    return text.format(time=ended_at.isoformat(" ", "seconds"))


def _can_be_resumed(error: PortOneError, arguments: Arguments) -> bool:
    """Return whether the same run may succeed later, or from stored results."""
    if isinstance(error, AuthenticationError):
        # A run with refused keys has no results that --store or --ledger could have saved.
        return arguments.store is not None or arguments.ledger is not None
    # The advice of a LedgerError says how to resume.
    return not isinstance(error, (InvalidRequestError, LedgerError))


def _how_to_resume(arguments: Arguments) -> str:
    if arguments.has_partitions:
        return _how_to_resume_partitions(arguments)
    if arguments.store is None:
        return _("With --store FILE the next run can be resumed.")
    text = _("The results so far are in {file}: run the same command again to continue.")
    return text.format(file=arguments.store)


def _how_to_resume_partitions(arguments: Arguments) -> str:
    if arguments.ledger is None:
        return _("With --ledger FILE the next run can be resumed.")
    return _("Finished partitions are in the ledger: run the same command again to continue.")


def _exit_code(summary: Summary) -> ExitCode:
    if summary.counts.get(Verdict.NOT_CHECKED):
        return ExitCode.NOT_CHECKED
    return ExitCode.NO_MATCH if has_differences(summary) else ExitCode.OK
