"""``portone-async demo``: the client, the reconciliation and its report against the fake PortOne."""

from __future__ import annotations

import argparse
import asyncio
import logging
from gettext import gettext as _
from pathlib import Path
from tempfile import mkdtemp

from portone_async.cli.parser import Commands, set_command
from portone_async.policy import RateLimit

__all__ = ("add_to",)


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    orders: int
    rate: float
    seed: int
    report: str | None


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        prog="portone-async demo",
        help=_("watch the client at work; no account is needed"),
        description=_(
            """\
Watch the client look up orders at a fake PortOne that fails in many ways, and reconcile a
day with differences of every kind. No account is needed, and nothing leaves this machine."""
        ),
        epilog=_(
            """\
exit codes:
  0    all results were as planted
  1    some were not
  2    could not run
  130  interrupted
  141  the reader of the output closed it"""
        ),
    )
    parser.add_argument("--orders", type=_positive, default=300, help=_("look-ups (%(default)s)"))
    parser.add_argument("--rate", type=float, default=50, help=_("requests per second (50)"))
    parser.add_argument("--seed", type=int, default=1, help=_("the seed of the orders (1)"))
    parser.add_argument("--report", metavar="FILE", help=_("the report (in a temporary folder)"))
    set_command(parser, Arguments, _run)


def _run(arguments: Arguments) -> int:
    # Only the demo loads rich and the fake PortOne.
    from portone_async.cli.report import check_writable  # noqa: PLC0415

    from .run import run  # noqa: PLC0415

    rate_limit = RateLimit(arguments.rate)
    report = arguments.report or f"{mkdtemp(prefix='portone-demo-')}/portone-demo-report.html"
    log = logging.getLogger("portone_async")
    propagate, log.propagate = log.propagate, False  # The demo counts what the log warns of.
    try:
        check_writable(report)
        return asyncio.run(run(arguments.orders, rate_limit, arguments.seed, Path(report)))
    finally:
        log.propagate = propagate


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(_("must be 1 or more: {number}").format(number=number))
    return number
