"""``portone-async demo``: its parser."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async.cli.parser import Commands, set_command

__all__ = ("add_to",)


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
    set_command(parser, _run)


def _run(parsed: argparse.Namespace) -> int:
    from .run import Arguments, run  # noqa: PLC0415 (loads the client and the fake PortOne)

    return run(Arguments(**vars(parsed)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(_("must be 1 or more: {number}").format(number=number))
    return number
