"""``portone-async reconcile``: its parser."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async._redact import Secret
from portone_async.cli import spelling
from portone_async.cli.client_options import add_client_options
from portone_async.cli.parser import Commands, Parser, set_command
from portone_async.cli.source_format import Format
from portone_async.cli.zone import parse_zone

__all__ = ("add_to",)


def _description() -> str:
    return _(
        """\
Compare orders with their payments at PortOne, both ways, and report differences.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair), with PORTONE_BASE_URL and PORTONE_TIER if they are set; or from a
profile: --profile, or PORTONE_PROFILE.

With --since and --until all payments of that period are read, a thousand per request,
and payments without an order are reported, too. Without a period the payments of the
orders are requested, a hundred orders per request."""
    )


def _epilog() -> str:
    store = _(
        """\
With --store or --ledger a run that was stopped, killed or refused is resumed when the
same command is run again."""
    )
    codes = _(
        """\
exit codes:
  0    every order agrees with its payments, and no payment is without an order
  1    differences were found
  2    could not run: wrong usage, a missing environment variable, keys or proxy refused,
       a file that cannot be read or written, a store of another run
  3    some could not be checked, or some rows could not be read; takes
       precedence over 1
  130  interrupted
  141  the reader of the output closed it"""
    )
    return f"{store}\n\n{codes}"


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "reconcile",
        prog="portone-async reconcile",
        help=_("compare orders with their payments"),
        description=_description(),
        epilog=_epilog(),
    )
    _add_source(parser)
    _add_period(parser)
    _add_partitions(parser)
    _add_results(parser)
    parser.add_argument(
        "--confirm",
        choices=["single", "batch"],
        default="single",
        help=_(
            "how an order that differs is confirmed: by a request of its own (single), or by one "
            "for a hundred orders, which PortOne does not document to list all of their payments "
            "(batch); 'portone-async doctor' checks whether it does"
        ),
    )
    parser.add_argument("--rate", type=float, metavar="N", help=_("requests per second (50)"))
    add_client_options(parser)
    set_command(parser, _run)


def _add_source(parser: Parser) -> None:
    source = parser.add_argument_group(_("orders"))
    source.add_argument(
        "source",
        metavar="ORDERS",
        help=_(
            "a CSV, Excel, OpenDocument, JSON Lines, Parquet or SQLite file, or a postgresql:// "
            "address; for partitions also module:function, which returns the orders of one"
        ),
    )
    source.add_argument(
        "--query", metavar="SQL", help=_("the SELECT that returns the orders of a database")
    )
    source.add_argument(
        "--columns",
        nargs="+",
        default=[],
        metavar="FIELD=COLUMN",
        help=_(
            "the columns of merchant_uid, amount, currency, status, cancelled_amount, for "
            "partitions also tier and ordered_at (default: the usual English and Korean names; "
            "'currency=' for no such column); put ORDERS before it"
        ),
    )
    source.add_argument(
        "--format",
        type=spelling.parse_format,
        metavar=f"{{{','.join(Format)}}}",
        help=_("the format of ORDERS (default: that of its name)"),
    )
    source.add_argument(
        "--delimiter",
        metavar="CHARACTER",
        help=_("the delimiter of a CSV (default: that of its header)"),
    )
    source.add_argument(
        "--sheet",
        metavar="NAME|N",
        help=_("the sheet of a workbook (default: the only one with known column names)"),
    )
    source.add_argument(
        "--header-row",
        type=int,
        metavar="N",
        help=_("the row of the header (default: the first of 30 rows with known column names)"),
    )
    source.add_argument("--strict", action="store_true", help=_("stop at the first unreadable row"))


def _add_period(parser: Parser) -> None:
    period = parser.add_argument_group(_("period"))
    period.add_argument(
        "--since", metavar="TIME", help=_("the start of the period, as in 2026-11-01")
    )
    period.add_argument("--until", metavar="TIME", help=_("the end of the period, exclusive"))
    period.add_argument(
        "--tz",
        type=parse_zone,
        default="Asia/Seoul",
        metavar="ZONE",
        help=_("the zone of these times, and of all times in the results (%(default)s)"),
    )
    period.add_argument(
        "--statuses",
        type=spelling.parse_statuses,
        default=["paid", "cancelled"],
        metavar="STATUS,...",
        help=_("the statuses of the payments to read (paid,cancelled)"),
    )


def _add_partitions(parser: Parser) -> None:
    partitions = parser.add_argument_group(
        _("partitions"),
        _("Each of these options divides the run by Tier and time; it needs a period."),
    )
    partitions.add_argument(
        "--tiers",
        metavar="FILE",
        help=_("the Tiers (sub-merchants), one a line; '-' for the shop of the keys itself"),
    )
    partitions.add_argument(
        "--every", metavar="LENGTH", help=_("the length of a partition: 1d (default), 7d, 12h")
    )
    partitions.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help=_("the number of processes (1); more need the extra dask"),
    )
    partitions.add_argument(
        "--ledger",
        type=Secret,  # It may contain a password.
        metavar="FILE|ADDRESS",
        help=_(
            "store finished partitions here, so that the run can be resumed: a file, or a "
            "postgresql:// address; those whose orders have changed since are reconciled again, "
            "except with module:function, which is not called for them"
        ),
    )
    partitions.add_argument(
        "--run",
        dest="run_name",
        metavar="NAME",
        help=_("the name of the run in the ledger (default: its period)"),
    )


def _add_results(parser: Parser) -> None:
    results = parser.add_argument_group(_("results"))
    results.add_argument(
        "--store", metavar="FILE", help=_("store the run here, so that it can be resumed")
    )
    results.add_argument(
        "--fresh", action="store_true", help=_("discard the stored run and start again")
    )
    results.add_argument(
        "--out", metavar="FILE", help=_("all findings: .csv, .jsonl, .parquet or .xlsx")
    )
    results.add_argument("--report", metavar="FILE", help=_("the report for people, an HTML page"))
    results.add_argument(
        "--language",
        choices=["ko", "en"],
        help=_("the language of the report (default: that of the browser) and of a workbook"),
    )


def _run(parsed: argparse.Namespace) -> int:
    from .run import Arguments, run  # noqa: PLC0415 (loads the client)

    return run(Arguments(**vars(parsed)))
