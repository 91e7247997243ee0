"""``portone-async demo``: the client at work on a PortOne that fails in every way there is."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from gettext import gettext as _
from pathlib import Path
from tempfile import mkdtemp

from portone_async.cli.arguments import Arguments
from portone_async.cli.parser import Commands
from portone_async.cli.streams import complain
from portone_async.policy import RateLimit

__all__ = ("add_to",)

_COULD_NOT_RUN = 2
_REPORT = "portone-demo-report.html"


def _description() -> str:
    return _(
        """\
Watch the client look up a few hundred orders of a PortOne that runs on this machine and
fails in every way there is, and then reconcile a day in which differences of every kind
are planted. No account is needed, and nothing leaves the machine."""
    )


def _epilog() -> str:
    return _(
        """\
exit codes:
  0    every answer and every verdict was right, and nothing failed that was not scripted
       to fail for good
  1    otherwise
  2    could not run
  130  interrupted
  141  the reader of the output went away"""
    )


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        prog="portone-async demo",
        help=_("watch the client at work; no account is needed"),
        description=_description(),
        epilog=_epilog(),
    )
    parser.add_argument(
        "--orders",
        type=_positive,
        default=300,
        metavar="N",
        help=_("look-ups (default: %(default)s)"),
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=f"{RateLimit().rate:g}",
        metavar="R",
        help=_("requests a second (default: %(default)s)"),
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="S",
        help=_(
            "which payments there are, and which look-ups meet which fault (default: %(default)s)"
        ),
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help=_("the page about the day, in HTML (default: in a new temporary folder)"),
    )
    parser.set_defaults(run=run)


def run(arguments: Arguments) -> int:
    from portone_async.cli.report import (  # noqa: PLC0415 (only for those who watch, as below)
        NotWrittenError,
        check_writable,
    )

    from .play import play  # noqa: PLC0415 (rich, and the server, are only for those who watch)

    rate_limit = RateLimit(rate=arguments.rate)
    try:
        with _silent_log():
            report = arguments.report or Path(mkdtemp(prefix="portone-demo-"), _REPORT)
            check_writable(report)
            return asyncio.run(play(arguments.orders, rate_limit, arguments.seed, Path(report)))
    except NotWrittenError as error:
        complain(f"portone-async: {error}")
        return _COULD_NOT_RUN


@contextmanager
def _silent_log() -> Generator[None]:
    """Keep the library's warnings off the screen: the display counts what they tell."""
    log = logging.getLogger("portone_async")
    was = log.propagate
    log.propagate = False
    try:
        yield
    finally:
        log.propagate = was


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(_("must be 1 or more: {number}").format(number=number))
    return number
