"""``portone-async find``: look up orders with the keys from the environment."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from typing import TextIO

from portone_async._words import canonical, checked_status
from portone_async.client import PortOneClient
from portone_async.errors import AuthenticationError, InvalidRequestError, PortOneError
from portone_async.models import Sorting

from .arguments import Arguments, Commands
from .outcome import Outcome

__all__ = ("add_to",)

_DESCRIPTION = """\
Look up the payments of orders, all at once, and show them in the order given.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair). PORTONE_BASE_URL and PORTONE_TIER may be set as well."""

_EPILOG = """\
An order number that begins with '-' goes behind '--', as in: find -- -123

--json prints one object per line, each as soon as it and those before it are known:
  {"merchant_uid": ..., "found": true, "payment": {all that PortOne sent}}
  {"merchant_uid": ..., "found": false, "error": ..., "message": ...}
"found" is false when PortOne itself says that there is no such payment, and null when
that could not be found out. Left out unless --personal-data is given: buyer_*,
card_number, vbank_num, vbank_holder, custom_data, user_agent, customer_uid, extension,
all reasons (free text), and the depositor_name of each deposit.

exit codes:
  0    all orders were found
  1    some were not found: PortOne itself says so
  2    could not run: wrong usage, a missing environment variable, keys refused
  3    some could not be checked (network, server ...), so nothing is known about them;
       wins over 1
  130  interrupted
  141  the reader of the output went away"""


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "find",
        prog="portone-async find",
        help="look up the payments of orders",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument(
        "order",
        metavar="ORDER",
        nargs="+",
        help="an order number (merchant_uid); '-' reads them from stdin, one a line",
    )
    parser.add_argument(
        "--status",
        type=_status,
        help="only payments of this status: ready, paid, failed, cancelled or pending",
    )
    parser.add_argument(
        "--sorting",
        choices=[sorting.value for sorting in Sorting],
        help="which of several payments of an order is shown: --sorting=-paid for the one that "
        "was paid last (default: -started, the newest)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, one object per line")
    parser.add_argument(
        "--personal-data", action="store_true", help="leave personal data in the JSON"
    )
    parser.set_defaults(run=run)


def run(arguments: Arguments) -> int:
    orders = list(_orders(arguments.order))
    if not orders:
        raise InvalidRequestError("there are no order numbers on stdin")
    if arguments.json:
        outcomes = asyncio.run(_find(arguments, orders, _print_json))
    else:
        # Before anything is asked, so that a missing rich is told at once.
        from .table import print_table  # noqa: PLC0415 (rich is only for those who want a table)

        outcomes = asyncio.run(_find(arguments, orders))
        print_table(outcomes)
    sys.stdout.flush()
    for outcome in outcomes:
        if outcome.error is not None:
            sys.stderr.write(f"{outcome.complaint}\n")
    for advice in dict.fromkeys(outcome.advice for outcome in outcomes):
        if advice:
            sys.stderr.write(f"hint: {advice}\n")
    return max(outcome.exit_code for outcome in outcomes)


def _orders(arguments: Sequence[str]) -> Iterator[str]:
    for argument in arguments:
        if argument == "-":
            yield from _lines(sys.stdin)
        else:
            yield argument


def _lines(stdin: TextIO) -> Iterator[str]:
    if isinstance(stdin, TextIOWrapper):
        # What is no UTF-8 is one order that cannot be looked up, not the end of all.
        stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")
    for line in stdin:
        if order := line.rstrip("\r\n"):
            yield order


def _status(word: str) -> str:
    try:
        return checked_status(canonical(word) or word)
    except InvalidRequestError as error:
        raise argparse.ArgumentTypeError(error.reason) from None


def _print_json(arguments: Arguments, outcome: Outcome) -> None:
    sys.stdout.write(f"{outcome.json(personal_data=arguments.personal_data)}\n")
    sys.stdout.flush()


async def _find(
    arguments: Arguments,
    orders: Sequence[str],
    show: Callable[[Arguments, Outcome], None] | None = None,
) -> list[Outcome]:
    """Look up all orders at once; each is shown when it and those before it are known."""
    async with PortOneClient.from_env() as client:
        tasks = [asyncio.create_task(_look_up(client, arguments, order)) for order in orders]
        try:
            outcomes: list[Outcome] = []
            for task in tasks:
                outcome = await task
                outcomes.append(outcome)
                if show is not None:
                    show(arguments, outcome)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return outcomes


async def _look_up(client: PortOneClient, arguments: Arguments, order: str) -> Outcome:
    try:
        payment = await client.payments.find(
            order, status=arguments.status, sorting=arguments.sorting
        )
    except AuthenticationError:
        raise  # All the others will meet it, too.
    except PortOneError as error:
        return Outcome(order, error=error)
    return Outcome(order, payment=payment)
