"""``portone-async doctor``: its parser."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async.cli.client_options import add_client_options
from portone_async.cli.parser import Commands, set_command

__all__ = ("add_to",)


def _description() -> str:
    return _(
        """\
Check this machine's connection to PortOne, and what this package assumes about
the API where PortOne's documentation is silent. It only reads: it sends GET
requests, and POST /users/getToken for a token, and prints all of them before
the first one. It is done in about a minute.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair), with PORTONE_BASE_URL and PORTONE_TIER if they are set; or from a
profile: --profile, or PORTONE_PROFILE."""
    )


def _epilog() -> str:
    report = _(
        """\
--report FILE writes what was found as JSON, to be attached to an issue: names of
checks, fields and types, HTTP statuses, counts, times of answers, and versions.
It has no key, token, order number, imp_uid, amount, name or address."""
    )
    codes = _(
        """\
exit codes:
  0    everything agrees, or cannot be observed with this account
  1    PortOne differs from what this package assumes
  2    could not run: wrong usage, a missing environment variable, no connection,
       keys or proxy refused
  3    some checks could not be done; takes precedence over 1
  130  interrupted
  141  the reader of the output closed it"""
    )
    return f"{report}\n\n{codes}"


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        prog="portone-async doctor",
        help=_("check the connection, and what is assumed about the API; reads only"),
        description=_description(),
        epilog=_epilog(),
    )
    parser.add_argument(
        "--plan", action="store_true", help=_("print what would be sent, send nothing, and exit")
    )
    parser.add_argument("--json", action="store_true", help=_("print JSON, one object"))
    parser.add_argument(
        "--report", metavar="FILE", help=_("write an anonymous report to FILE, as JSON")
    )
    parser.add_argument(
        "--wait-for-extension",
        action="store_true",
        help=_("wait until the token is in its last minute, up to half an hour, and extend it"),
    )
    parser.add_argument(
        "--rate", type=float, default=10.0, metavar="N", help=_("requests per second (10)")
    )
    add_client_options(parser)
    set_command(parser, _run)


def _run(parsed: argparse.Namespace) -> int:
    from .run import Arguments, run  # noqa: PLC0415 (loads the client)

    return run(Arguments(**vars(parsed)))
