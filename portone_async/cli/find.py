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
from .answers import Answers
from .outcome import Outcome
from .parser import Commands, set_command
from .proxy import add_proxy
from .stdin import stdin_lines
from .zone import zone

__all__ = ("add_to",)

# One that hangs holds up those behind it: at 50 requests a second that many would be answered
# in the meantime. It also bounds what is in memory.
_AT_ONCE = 1000
_ROWS_OF_A_TABLE = 1000


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
Look up the payments of orders, all at once, and show them in the order given.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair). PORTONE_BASE_URL and PORTONE_TIER may be set as well."""
    )


def _epilog() -> str:
    stdin = _(
        """\
An order number that begins with '-' goes behind '--', as in: find -- -123

Orders on stdin are looked up while it is read, and answered in their order. With --json
each answer comes as soon as it and those before it are known; a table comes for each
thousand orders, or for each line that is typed."""
    )
    json = _(
        """\
--json prints one object per line:
  {"merchant_uid": ..., "found": true, "payment": {all that PortOne sent}}
  {"merchant_uid": ..., "found": false, "error": ..., "message": ...}
"found" is false when PortOne itself says that there is no such payment, and null when
that could not be found out. Left out unless --personal-data is given: buyer_*,
card_number, vbank_num, vbank_holder, custom_data, user_agent, customer_uid, extension,
all reasons (free text), and the depositor_name of each deposit."""
    )
    codes = _(
        """\
exit codes:
  0    all orders were found
  1    some were not found: PortOne itself says so
  2    could not run: wrong usage, a missing environment variable, keys or proxy refused
  3    some could not be checked (network, server ...), so nothing is known about them;
       wins over 1
  130  interrupted
  141  the reader of the output went away"""
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
        help=_("an order number (merchant_uid); '-' reads them from stdin, one a line"),
    )
    parser.add_argument(
        "--status",
        metavar="STATUS",
        type=spelling.status,
        help=_("only payments of this status: ready, paid, failed, cancelled or pending"),
    )
    parser.add_argument(
        "--sorting",
        type=spelling.sorting,
        metavar="SORTING",
        help=_(
            "which of several payments of an order is shown: started, paid or updated for the "
            "oldest, --sorting=-paid for the one that was paid last (default: -started, the newest)"
        ),
    )
    parser.add_argument(
        "--tz",
        type=zone,
        default="Asia/Seoul",
        metavar="ZONE",
        help=_("the zone of the table's times (%(default)s)"),
    )
    parser.add_argument("--json", action="store_true", help=_("print JSON, one object per line"))
    parser.add_argument(
        "--personal-data", action="store_true", help=_("leave personal data in the JSON")
    )
    add_proxy(parser)
    set_command(parser, Arguments, _run)


def _run(arguments: Arguments) -> int:
    return asyncio.run(_find(arguments, _answers(arguments)))


def _answers(arguments: Arguments) -> Answers:
    if arguments.json:
        return Answers(partial(_print_json, arguments), at_once=1)
    # Import rich before the first request, so that its absence is reported at once.
    from .table import print_table  # noqa: PLC0415 (rich is only for those who want a table)

    is_typed = "-" in arguments.order and sys.stdin is not None and sys.stdin.isatty()
    return Answers(
        partial(print_table, clock=arguments.tz), at_once=1 if is_typed else _ROWS_OF_A_TABLE
    )


def _print_json(arguments: Arguments, outcomes: Sequence[Outcome]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for outcome in outcomes:
        line = outcome.json(personal_data=arguments.personal_data, encoding=encoding)
        sys.stdout.write(f"{line}\n")


async def _find(arguments: Arguments, answers: Answers) -> int:
    """Look up all orders, many at once, and tell the answers in the order given."""
    async with PortOneClient.from_env(proxy=arguments.proxy) as client:
        look_up = partial(_look_up, client, arguments)
        orders = _orders(arguments.order)
        async with Stream(orders, look_up, in_flight=_AT_ONCE, is_ordered=True) as outcomes:
            async for outcome in outcomes:
                answers.add(outcome)
    return answers.end()


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
        raise  # All the others will meet it, too.
    except PortOneError as error:
        return (Outcome(order, error=error),)
    return (Outcome(order, payment=payment),)
