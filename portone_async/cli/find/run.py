"""Run ``portone-async find``: look up orders with the keys from the environment."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import tzinfo
from functools import partial

from portone_async.cli.client import make_client
from portone_async.cli.exit_codes import ExitCode
from portone_async.client import PortOneClient
from portone_async.errors import AuthenticationError, PortOneError, ProxyError
from portone_async.resources._stream import Stream

from .outcome import Outcome
from .printer import OutcomePrinter
from .stdin import stdin_lines

__all__ = ("Arguments", "run")

# Outcomes are printed in order, so a look-up that hangs delays those behind it; with this many in
# flight, the requests go on meanwhile. It also bounds the memory.
_MAX_IN_FLIGHT = 1000
_ROWS_PER_TABLE = 1000


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    order: list[str]
    status: str | None
    sorting: str | None
    tz: tzinfo
    json: bool
    personal_data: bool
    profile: str | None
    proxy: str | None


def run(arguments: Arguments) -> ExitCode:
    """Look up the orders, print the outcomes, and return the exit code."""
    return asyncio.run(_find(arguments, _printer(arguments)))


def _printer(arguments: Arguments) -> OutcomePrinter:
    if arguments.json:
        return OutcomePrinter(partial(_print_json, arguments), group_size=1)
    # Import rich before the first request, so that a missing rich is reported at once.
    from .table import print_table  # noqa: PLC0415 (--json works without rich)

    is_typed = "-" in arguments.order and sys.stdin is not None and sys.stdin.isatty()
    return OutcomePrinter(
        partial(print_table, zone=arguments.tz), group_size=1 if is_typed else _ROWS_PER_TABLE
    )


def _print_json(arguments: Arguments, outcomes: Sequence[Outcome]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for outcome in outcomes:
        line = outcome.to_json(personal_data=arguments.personal_data, encoding=encoding)
        sys.stdout.write(f"{line}\n")


async def _find(arguments: Arguments, printer: OutcomePrinter) -> ExitCode:
    """Look up all orders concurrently, and print the outcomes in the given order."""
    async with make_client(PortOneClient, arguments.profile, proxy=arguments.proxy) as client:
        look_up = partial(_look_up, client, arguments)
        orders = _orders(arguments.order)
        async with Stream(orders, look_up, in_flight=_MAX_IN_FLIGHT, is_ordered=True) as outcomes:
            async for outcome in outcomes:
                printer.add(outcome)
    return printer.finish()


async def _orders(arguments: Sequence[str]) -> AsyncGenerator[str, None]:
    for argument in arguments:
        if argument != "-":
            yield argument
            continue
        async with aclosing(stdin_lines()) as lines:
            async for line in lines:
                yield line


async def _look_up(client: PortOneClient, arguments: Arguments, order: str) -> tuple[Outcome]:
    try:
        payment = await client.payments.find(
            order, status=arguments.status, sorting=arguments.sorting
        )
    except (AuthenticationError, ProxyError):
        raise  # Every other look-up would fail in the same way.
    except PortOneError as error:
        return (Outcome(order, error=error),)
    return (Outcome(order, payment=payment),)
