"""``portone-async cancel``: its parser."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async._redact import Secret
from portone_async.cli.client_options import add_client_options
from portone_async.cli.parser import Commands, Parser, set_command

from .money import parse_amount, parse_money

__all__ = ("add_to",)


def _description() -> str:
    return _(
        """\
Cancel a payment, whole or in part. The command shows the payment, its balance
and what it will cancel, and asks before it acts.

  portone-async cancel imp_123456789012 --amount 5000 --reason returned
  portone-async cancel imp_123456789012 --all --reason returned --key R-1 --yes

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the
V1 REST API pair), with PORTONE_BASE_URL and PORTONE_TIER if they are set; or
from a profile: --profile, or PORTONE_PROFILE."""
    )


def _epilog() -> str:
    once = _(
        """\
It cancels once: if the answer is lost, it looks the payment up until it knows.
With --key, a short name of this refund, you can run the same command again at
any time: a refund whose key is in the payment's history is not made again.
Without --key, look the payment up before you repeat a command that was killed.

The balance that was shown is sent as the checksum, so PortOne cancels nothing
if it has changed since then. If the payment has a promotion, pass --checksum
yourself. Amounts are in the payment's currency, with digits and a point only.
IMP_UID is the PortOne id that 'portone-async find ORDER' prints."""
    )
    output = _(
        """\
The payment and the question go to stderr, the result to stdout. --json prints
one object:

  {"imp_uid": ..., "outcome": ..., "payment": ..., "error": ..., "message": ...}

"outcome" is done, done_before (with this key), refused, not_sent, unknown or
pending. Personal data is left out without --personal-data. Other users of this
machine can see a command line, and so the account of --refund-account."""
    )
    codes = _(
        """\
exit codes:
  0    cancelled, now or by an earlier call with the same key
  1    refused: PortOne has no such payment, or refused; nothing was cancelled
  2    could not run: wrong usage, keys or proxy refused, answered with 'no',
       an amount above the balance, or the payment could not be looked up;
       nothing was cancelled
  3    unknown: it may have been cancelled, and no look-up has answered; with
       --key run the same command again, otherwise look the payment up
  4    pending: PortOne accepted it, but has not made it yet; do not repeat it,
       wait for the webhook
  130  interrupted
  141  the reader of the output closed it"""
    )
    return f"{once}\n\n{output}\n\n{codes}"


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "cancel",
        prog="portone-async cancel",
        help=_("cancel a payment, whole or in part"),
        description=_description(),
        epilog=_epilog(),
    )
    parser.add_argument(
        "imp_uid", metavar="IMP_UID", help=_("PortOne's id of the payment, as in imp_123456789012")
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--amount", type=parse_amount, metavar="N", help=_("cancel this amount"))
    what.add_argument("--all", action="store_true", help=_("cancel the whole balance"))
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help=_("why; PortOne stores it with the payment")
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help=_("a short name of this refund, unique for the payment: it is never made twice"),
    )
    parser.add_argument("--yes", action="store_true", help=_("do not ask (for scripts)"))
    _add_rest(parser)
    add_client_options(parser)
    set_command(parser, _run)


def _add_rest(parser: Parser) -> None:
    """Add the options that few cancellations need."""
    for name, text in (
        ("--checksum", _("the balance before this cancellation (default: the one that is shown)")),
        ("--tax-free", _("the tax-free part of the amount")),
        ("--vat-amount", _("the VAT in the amount")),
    ):
        parser.add_argument(name, type=parse_money, metavar="N", help=text)
    for name, kind, text in (
        ("--refund-holder", Secret, _("virtual accounts: the holder of the account to refund to")),
        ("--refund-bank", str, _("virtual accounts: the PG's own code of its bank")),
        ("--refund-account", Secret, _("virtual accounts: its number")),
        ("--refund-tel", Secret, _("virtual accounts: the holder's phone number")),
        ("--requester", str, _("Naver Pay: who asks for it, customer or admin")),
    ):
        parser.add_argument(name, type=kind, metavar="TEXT", help=text)
    for name, text in (
        ("--retain-promotion", _("keep the promotion even if the rest does not qualify for it")),
        ("--enable-webhook", _("let PortOne send a webhook about the cancellation")),
    ):
        parser.add_argument(name, action="store_true", default=None, help=text)
    parser.add_argument(
        "--settle",
        type=float,
        default=90,
        metavar="SECONDS",
        help=_("how long to look a cancellation up whose answer was lost (%(default)s)"),
    )
    parser.add_argument("--json", action="store_true", help=_("print the result as JSON"))
    parser.add_argument(
        "--personal-data", action="store_true", help=_("keep personal data in the JSON")
    )


def _run(parsed: argparse.Namespace) -> int:
    from .run import Arguments, run  # noqa: PLC0415 (loads the client)

    return run(Arguments(**vars(parsed)))
