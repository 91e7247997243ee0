"""``portone-async find``: its parser."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async.cli import spelling
from portone_async.cli.client_options import add_client_options
from portone_async.cli.parser import Commands, set_command
from portone_async.cli.zone import parse_zone

__all__ = ("add_to",)


def _description() -> str:
    return _(
        """\
Look up the payments of orders concurrently, and print them in the given order.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair), with PORTONE_BASE_URL and PORTONE_TIER if they are set; or from a
profile: --profile, or PORTONE_PROFILE."""
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
receipt_url, cancel_receipt_urls, all reasons (free text), and the depositor_name of each
deposit."""
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
    add_client_options(parser)
    set_command(parser, _run)


def _run(parsed: argparse.Namespace) -> int:
    from .run import Arguments, run  # noqa: PLC0415 (loads the client)

    return run(Arguments(**vars(parsed)))
