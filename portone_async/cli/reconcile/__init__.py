"""``portone-async reconcile``: a shop's orders against PortOne, with files for people and programs."""

from __future__ import annotations

from datetime import datetime, tzinfo
from gettext import gettext as _

from portone_async.cli import spelling
from portone_async.cli.orders.formats import Format
from portone_async.cli.parser import Commands, set_command
from portone_async.cli.proxy import add_proxy
from portone_async.cli.zone import zone
from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit

from .arguments import Arguments

__all__ = ("add_to",)


def _description() -> str:
    return _(
        """\
Compare orders with their payments at PortOne, both ways, and say what differs.

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the V1
REST API pair). PORTONE_BASE_URL and PORTONE_TIER may be set as well.

With --since and --until all payments of that period are read, a thousand per request,
and payments that belong to no order are found, too. Without, each order is asked for, a
hundred per request."""
    )


def _epilog() -> str:
    store = _(
        """\
With --store a run that was stopped, killed or refused goes on where it was when the same
command is given again."""
    )
    codes = _(
        """\
exit codes:
  0    every order agrees with its payments, and no payment is without an order
  1    differences were found
  2    could not run: wrong usage, a missing environment variable, keys or proxy refused,
       a file that cannot be read or written, a store of another run
  3    some could not be checked, or some rows could not be read; wins over 1
  130  interrupted
  141  the reader of the output went away"""
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
    source = parser.add_argument_group(_("orders"))
    source.add_argument(
        "source",
        metavar="ORDERS",
        help=_(
            "a CSV, Excel, OpenDocument, JSON Lines, Parquet or SQLite file, or a postgresql:// "
            "address"
        ),
    )
    source.add_argument(
        "--query", metavar="SQL", help=_("the SELECT that gives a database's orders")
    )
    source.add_argument(
        "--columns",
        nargs="+",
        default=[],
        metavar="FIELD=COLUMN",
        help=_(
            "which column is merchant_uid, amount, currency, status, cancelled_amount; else the "
            "usual English and Korean names are looked for ('currency=' for no such column)"
        ),
    )
    source.add_argument(
        "--format",
        type=spelling.source_format,
        metavar=f"{{{','.join(Format)}}}",
        help=_("what ORDERS is; else its name tells"),
    )
    source.add_argument(
        "--delimiter",
        metavar="CHARACTER",
        help=_("between the fields of a CSV; else its header tells"),
    )
    source.add_argument(
        "--sheet",
        metavar="NAME|N",
        help=_("the sheet of a workbook; else the only one that has the known names"),
    )
    source.add_argument(
        "--header-row",
        type=int,
        metavar="N",
        help=_("the row of the header; else the first of 30 rows that has the known names"),
    )
    source.add_argument(
        "--strict", action="store_true", help=_("stop at the first row that cannot be read")
    )
    period = parser.add_argument_group(_("period"))
    period.add_argument("--since", metavar="TIME", help=_("its first moment, as in 2026-11-01"))
    period.add_argument("--until", metavar="TIME", help=_("the first moment after it"))
    period.add_argument(
        "--tz",
        type=zone,
        default="Asia/Seoul",
        metavar="ZONE",
        help=_("the zone of these times, and of all times in the results (%(default)s)"),
    )
    period.add_argument(
        "--statuses",
        nargs="+",
        type=spelling.listed_status,
        default=["paid", "cancelled"],
        metavar="STATUS",
        help=_("which payments of it are read (paid cancelled)"),
    )
    results = parser.add_argument_group(_("results"))
    results.add_argument("--store", metavar="FILE", help=_("keep the run here, to go on with it"))
    results.add_argument(
        "--fresh", action="store_true", help=_("forget what is in the store and begin anew")
    )
    results.add_argument("--out", metavar="FILE", help=_("all findings: .csv, .jsonl or .parquet"))
    results.add_argument("--report", metavar="FILE", help=_("a page for people, in HTML"))
    results.add_argument(
        "--language", choices=["ko", "en"], help=_("of the page; else the reader's browser decides")
    )
    parser.add_argument("--rate", type=float, metavar="N", help=_("requests per second (50)"))
    add_proxy(parser)
    set_command(parser, Arguments, _run)


def _run(arguments: Arguments) -> int:
    from .session import carry_out  # noqa: PLC0415 (rich is only for those who use the command)

    since, until = (_time(text, arguments.tz) for text in (arguments.since, arguments.until))
    if (since is None) != (until is None):
        raise InvalidRequestError(_("a period needs both its ends: --since and --until"))
    rate = None if arguments.rate is None else RateLimit(arguments.rate)
    return carry_out(arguments, None if since is None or until is None else (since, until), rate)


def _time(text: str | None, clock: tzinfo) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None:
        said = _("not a time like 2026-11-01 or 2026-11-01T09:00: {text}")
        raise InvalidRequestError(said.format(text=repr(text)))
    return time if time.tzinfo is not None else time.replace(tzinfo=clock)
