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

from portone_async.cli.arguments import Arguments
from portone_async.cli.console import make_console
from portone_async.cli.orders import BadRow, Columns, Item, Note, OrdersError, read_orders
from portone_async.cli.orders.formats import Format, format_of
from portone_async.cli.report import (
    NotWrittenError,
    checked_writer,
    refuse_unwritable,
)
from portone_async.cli.streams import complain
from portone_async.client import ClientOptions, PortOneClient
from portone_async.errors import InvalidRequestError, PortOneError
from portone_async.policy import RateLimit
from portone_async.reconcile import (
    Finding,
    Order,
    Refund,
    Store,
    StoreError,
    Summary,
    Verdict,
    reconcile,
)

from .notes import Notes
from .results import print_files, write_results
from .view import View, print_summary

__all__ = ("carry_out",)

_ROWS_AT_ONCE = 2000
_COULD_NOT_RUN = 2
_INTERRUPTED = 130

Period = tuple[datetime, datetime]


def carry_out(arguments: Arguments, period: Period | None, rate: RateLimit | None) -> int:
    """Compare, write what was asked for, and give the exit code."""
    try:
        if arguments.out is not None:
            checked_writer(arguments.out)
        orders = _orders(arguments)
        for path in (arguments.out, arguments.report):
            if path is not None:
                refuse_unwritable(path)
        with ExitStack() as stack:
            path = arguments.store or str(
                Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run.db"
            )
            store = stack.enter_context(Store.open(path, parameters=_parameters(arguments, period)))
            stack.enter_context(closing(orders))
            notes = Notes()
            stack.callback(notes.print)
            with View(make_console(), store.progress()) as view:
                read = _read(orders, store, view, notes, is_strict=arguments.strict)
                summary = asyncio.run(
                    _compare(arguments, period, _options(arguments, rate), read, (store, view))
                )
            files = write_results(arguments, period, store, summary)
            console = make_console(pipe_width=100)
            print_summary(console, summary)
            print_files(console, files)
    except KeyboardInterrupt:
        complain(" ".join((_("stopped."), _how_to_go_on(arguments))))
        return _INTERRUPTED
    except (StoreError, OrdersError, NotWrittenError) as error:
        complain(f"portone-async: {error}")
        return _COULD_NOT_RUN
    except PortOneError as error:
        complain(f"portone-async: {error}")
        if not isinstance(error, InvalidRequestError):
            complain(_how_to_go_on(arguments))
        return _COULD_NOT_RUN
    return _exit_code(summary)


async def _read(
    orders: Generator[Item, None, None], store: Store, view: View, notes: Notes, *, is_strict: bool
) -> AsyncIterator[Order | Refund]:
    """The orders of the source; what is none goes to the findings as such."""
    while batch := await asyncio.to_thread(lambda: list(islice(orders, _ROWS_AT_ONCE))):
        bad = [each for each in batch if isinstance(each, BadRow)]
        if bad and is_strict:
            raise OrdersError(f"{bad[0].where}: {bad[0].reason}")
        findings = [_unread(each) for each in bad]
        await asyncio.to_thread(store.record, findings)
        for finding in findings:
            view.found(finding)
        for note in batch:
            if isinstance(note, Note):
                notes.add(note)
        read = [each for each in batch if isinstance(each, Order | Refund)]
        view.read(sum(isinstance(each, Order) for each in read))
        for order in read:
            yield order


async def _compare(
    arguments: Arguments,
    period: Period | None,
    options: ClientOptions,
    orders: AsyncIterator[Order | Refund],
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


def _parameters(arguments: Arguments, period: Period | None) -> dict[str, str]:
    """What makes a run this run. An address may hold a password: it is not kept."""
    is_address = (arguments.format or format_of(arguments.source)) is Format.POSTGRESQL
    return {
        "orders": "postgresql" if is_address else str(Path(arguments.source).absolute()),
        "query": arguments.query or "",
        "period": "" if period is None else " ".join(time.isoformat() for time in period),
        "statuses": " ".join(arguments.statuses),
    }


def _unread(row: BadRow) -> Finding:
    return Finding(
        merchant_uid=row.merchant_uid,
        verdict=Verdict.NOT_CHECKED,
        error=f"{row.where}: {row.reason}",
    )


def _how_to_go_on(arguments: Arguments) -> str:
    if arguments.store is None:
        return _("With --store FILE the next run could be stopped and go on.")
    said = _("What was found is kept in {file}: the same command goes on from there.")
    return said.format(file=arguments.store)


def _exit_code(summary: Summary) -> int:
    if summary.counts.get(Verdict.NOT_CHECKED):
        return 3
    return int(any(n for verdict, n in summary.counts.items() if verdict is not Verdict.MATCHED))
