"""``portone-async call``: its parser."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async._redact import Secret
from portone_async.cli.client_options import add_client_options
from portone_async.cli.parser import Commands, set_command

__all__ = ("add_to",)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _description() -> str:
    return _(
        """\
Make any call of PortOne V1, and print the response as JSON.

  portone-async call GET /banks
  portone-async call GET /payments/status/paid --query limit=3
  portone-async call PUT /payments/prepare --body @new-amount.json

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the
V1 REST API pair), with PORTONE_BASE_URL and PORTONE_TIER if they are set; or
from a profile: --profile, or PORTONE_PROFILE."""
    )


def _epilog() -> str:
    requests = _(
        """\
Each part of PATH is quoted, so an order number may be plain text, as in
'/payments/find/A 1', or as in a URL: /payments/find/A%201. '%' is %25, '?' is
%3F.

A GET is repeated after a temporary failure. Any other request is sent again
only if PortOne certainly has not processed it. On a terminal the command asks
before it sends one; a script is not asked. To cancel a payment, prefer
'portone-async cancel': if the answer is lost, it looks up what happened."""
    )
    output = _(
        """\
The output is the "response" of PortOne's envelope with every digit as it was
sent, indented on a terminal, on one line in a pipe. It is complete, so it may
contain personal data. Pass card numbers with --body @FILE or --body -: other
users of this machine can see a command line."""
    )
    codes = _(
        """\
exit codes:
  0    PortOne reports success
  1    PortOne refused the call; nothing was changed
  2    could not run: wrong usage, keys or proxy refused, answered with 'no',
       or a request other than a GET could not be sent; nothing was changed
  3    no reliable answer: a request other than a GET may have been carried
       out, so look before you repeat it; or PortOne reports that a part failed
       (HTTP 207)
  130  interrupted
  141  the reader of the output closed it"""
    )
    return f"{requests}\n\n{output}\n\n{codes}"


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "call",
        prog="portone-async call",
        help=_("make any call of the API, with JSON in and out"),
        description=_description(),
        epilog=_epilog(),
    )
    parser.add_argument(
        "method",
        metavar="METHOD",
        type=str.upper,
        choices=_METHODS,
        help=_("GET, POST, PUT, PATCH or DELETE"),
    )
    parser.add_argument("path", metavar="PATH", help=_("the path, as in /banks"))
    parser.add_argument(
        "--query",
        type=_parse_query,
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=_("a parameter of the query; repeatable, as in --query 'imp_uid[]=imp_1'"),
    )
    parser.add_argument(
        "--body",
        type=Secret,  # It may contain card numbers.
        metavar="JSON",
        help=_("the body: JSON, @FILE for a file with it, or '-' for stdin"),
    )
    parser.add_argument(
        "--yes", action="store_true", help=_("do not ask before a request other than a GET")
    )
    add_client_options(parser)
    set_command(parser, _run)


def _parse_query(text: str) -> tuple[str, Secret]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(_("must be NAME=VALUE"))
    return name, Secret(value)


def _run(parsed: argparse.Namespace) -> int:
    from .run import Arguments, run  # noqa: PLC0415 (loads the client)

    return run(Arguments(**vars(parsed)))
