"""The command from its first line to its last."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Generator
from contextlib import ExitStack, closing
from datetime import datetime
from gettext import gettext as _
from itertools import islice
from pathlib import Path

from portone_async.cli.console import make_console
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.orders import BadRow, Columns, Item, Note, OrdersError, read_orders
from portone_async.cli.report import (
    NotWrittenError,
    check_writable,
    findings_writer,
)
from portone_async.cli.streams import complain
from portone_async.client import ClientOptions, PortOneClient
from portone_async.errors import InvalidRequestError, PortOneError
from portone_async.policy import RateLimit
from portone_async.reconcile import (
    Order,
    Refund,
    Store,
    StoreError,
    Summary,
    UnreadableOrder,
    Verdict,
    reconcile,
)

from .arguments import Arguments
from .notes import Notes
from .results import print_files, source_name, write_results
from .view import View, print_summary

__all__ = ("carry_out",)

_ROWS_AT_ONCE = 2000

Period = tuple[datetime, datetime]


def carry_out(arguments: Arguments, period: Period | None, rate: RateLimit | None) -> int:
    """Compare, write what was asked for, and give the exit code."""
    try:
        if arguments.out is not None:
            findings_writer(arguments.out)
        orders = _orders(arguments)
        for path in (arguments.out, arguments.report):
            if path is not None:
                check_writable(path)
        with ExitStack() as stack:
            path = arguments.store or str(
                Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run.db"
            )
            store = stack.enter_context(Store.open(path))
            stack.enter_context(closing(orders))
            notes = Notes()
            stack.callback(notes.print)
            if arguments.fresh:
                store.clear()
            ended_at = store.ended_at
            with View(make_console(), store.progress()) as view:
                counted = view if store.identity is None else None
                read = _read(orders, counted, notes, is_strict=arguments.strict)
                summary = asyncio.run(
                    _compare(arguments, period, _options(arguments, rate), read, (store, view))
                )
            notes.add_repeated(source_name(arguments), store.progress()[1])
            files = write_results(arguments, period, store, summary)
            if ended_at is not None:
                complain(_old_result(ended_at.astimezone(arguments.tz)))
            console = make_console(pipe_width=100)
            print_summary(console, summary)
            print_files(console, files)
    except KeyboardInterrupt:
        complain(" ".join((_("stopped."), _how_to_go_on(arguments))))
        return ExitCode.INTERRUPTED
    except (StoreError, OrdersError, NotWrittenError) as error:
        complain(f"portone-async: {error}")
        return ExitCode.COULD_NOT_RUN
    except PortOneError as error:
        complain(f"portone-async: {error}")
        if not isinstance(error, InvalidRequestError):
            complain(_how_to_go_on(arguments))
        return ExitCode.COULD_NOT_RUN
    return _exit_code(summary)


async def _read(
    orders: Generator[Item, None, None], view: View | None, notes: Notes, *, is_strict: bool
) -> AsyncIterator[Order | Refund | UnreadableOrder]:
    """Read the orders of the source; a view counts those of a new run."""
    while batch := await asyncio.to_thread(lambda: list(islice(orders, _ROWS_AT_ONCE))):
        bad = [each for each in batch if isinstance(each, BadRow)]
        if bad and is_strict:
            raise OrdersError(f"{bad[0].where}: {bad[0].reason}")
        count = sum(isinstance(each, Order) for each in batch)
        notes.orders += count
        if view is not None:
            view.read(count)
        for each in batch:
            if isinstance(each, Note):
                notes.add(each)
            elif isinstance(each, BadRow):
                yield UnreadableOrder(each.where, each.reason, each.merchant_uid)
            else:
                yield each


async def _compare(
    arguments: Arguments,
    period: Period | None,
    options: ClientOptions,
    orders: AsyncIterator[Order | Refund | UnreadableOrder],
    kept: tuple[Store, View],
) -> Summary:
    store, view = kept
    since, until = period or (None, None)
    async with PortOneClient.from_env(**(options | {"on_attempt": view.asked})) as client:
        return await reconcile(
            client,
            orders,
            since=since,
            until=until,
            statuses=arguments.statuses,
            store=store,
            on_finding=view.found,
        )


def _options(arguments: Arguments, rate: RateLimit | None) -> ClientOptions:
    options: ClientOptions = {"proxy": arguments.proxy}
    return options if rate is None else options | {"rate_limit": rate}


def _orders(arguments: Arguments) -> Generator[Item, None, None]:
    fields: dict[str, str] = {}
    for pair in arguments.columns:
        name, equals, column = pair.partition("=")
        if not equals or name not in Columns.__struct_fields__:
            raise InvalidRequestError(
                f"--columns takes FIELD=COLUMN with a field of "
                f"{', '.join(Columns.__struct_fields__)}, not {pair!r}"
            )
        fields[name] = column
    return read_orders(
        arguments.source,
        query=arguments.query,
        columns=Columns(**fields),
        source_format=arguments.format,
        delimiter=arguments.delimiter,
        sheet=arguments.sheet,
        header_row=arguments.header_row,
    )


def _old_result(ended_at: datetime) -> str:
    said = _(
        "This run ended at {time}: its result is shown, and what could not be checked was checked "
        "again. --fresh begins anew."
    )
    return said.format(time=ended_at.isoformat(" ", "seconds"))


def _how_to_go_on(arguments: Arguments) -> str:
    if arguments.store is None:
        return _("With --store FILE the next run could be stopped and go on.")
    said = _("The results so far are in {file}: run the same command again to continue.")
    return said.format(file=arguments.store)


def _exit_code(summary: Summary) -> ExitCode:
    if summary.counts.get(Verdict.NOT_CHECKED):
        return ExitCode.NOT_CHECKED
    has_differences = any(
        n for verdict, n in summary.counts.items() if verdict is not Verdict.MATCHED
    )
    return ExitCode.NO_MATCH if has_differences else ExitCode.OK
