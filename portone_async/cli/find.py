"""``portone-async find``: look up orders with the keys from the environment."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import tzinfo
from functools import partial
from gettext import gettext as _

from portone_async.client import PortOneClient
from portone_async.errors import AuthenticationError, PortOneError, ProxyError
from portone_async.resources._stream import Stream

from . import spelling
from .exit_codes import ExitCode
from .outcome import Outcome
from .outcome_printer import OutcomePrinter
from .parser import Commands, set_command
from .proxy import add_proxy_option
from .stdin import stdin_lines
from .zone import parse_zone

__all__ = ("add_to",)

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
    proxy: str | None


def _description() -> str:
    return _(
        """\
Look up the payments of orders concurrently, and print them in the given order.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair). PORTONE_BASE_URL and PORTONE_TIER may be set as well."""
    )


def _epilog() -> str:
    stdin = _(
        """\
An order number that begins with '-' must follow '--', as in: find -- -123

Orders on stdin are looked up while stdin is read, and printed in its order. With --json
a line is printed as soon as the look-ups up to it are done; a table is printed for each
thousand orders, or for each line that is typed."""
    )
    json = _(
        """\
--json prints one object per line:
  {"merchant_uid": ..., "found": true, "payment": {all that PortOne sent}}
  {"merchant_uid": ..., "found": false, "error": ..., "message": ...}
"found" is false when PortOne itself reports that there is no such payment, and null when
the order could not be checked. Left out without --personal-data: buyer_*,
card_number, vbank_num, vbank_holder, custom_data, user_agent, customer_uid, extension,
all reasons (free text), and the depositor_name of each deposit."""
    )
    codes = _(
        """\
exit codes:
  0    all orders were found
  1    some were not found: PortOne itself reports it
  2    could not run: wrong usage, a missing environment variable, keys or proxy refused
  3    some could not be checked (network, server ...), so nothing is known about them;
       takes precedence over 1
  130  interrupted
  141  the reader of the output closed it"""
    )
    return f"{stdin}\n\n{json}\n\n{codes}"


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "find",
        prog="portone-async find",
        help=_("look up the payments of orders"),
        description=_description(),
        epilog=_epilog(),
    )
    parser.add_argument(
        "order",
        metavar="ORDER",
        nargs="+",
        help=_("an order number (merchant_uid); '-' reads them from stdin, one per line"),
    )
    parser.add_argument(
        "--status",
        metavar="STATUS",
        type=spelling.parse_status,
        help=_("only payments of this status: ready, paid, failed, cancelled or pending"),
    )
    parser.add_argument(
        "--sorting",
        type=spelling.parse_sorting,
        metavar="SORTING",
        help=_(
            "which of several payments of an order is printed: started, paid or updated for the "
            "oldest, --sorting=-paid for the one that was paid last (default: -started, the newest)"
        ),
    )
    parser.add_argument(
        "--tz",
        type=parse_zone,
        default="Asia/Seoul",
        metavar="ZONE",
        help=_("the zone of the table's times (%(default)s)"),
    )
    parser.add_argument("--json", action="store_true", help=_("print JSON, one object per line"))
    parser.add_argument(
        "--personal-data", action="store_true", help=_("keep personal data in the JSON")
    )
    add_proxy_option(parser)
    set_command(parser, Arguments, _run)


def _run(arguments: Arguments) -> int:
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
    async with PortOneClient.from_env(proxy=arguments.proxy) as client:
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
