"""``portone-async cancel``: cancel a payment, whole or in part, after a question."""

from __future__ import annotations

import argparse
import asyncio
from decimal import Decimal
from gettext import gettext as _
from typing import Any

from portone_async._redact import Secret
from portone_async.cli.confirm import can_confirm, confirm
from portone_async.cli.escape import escape_order_number
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.parser import Commands, Parser, set_command
from portone_async.cli.proxy import add_proxy_option
from portone_async.cli.streams import print_error
from portone_async.client import PortOneClient
from portone_async.errors import (
    AuthenticationError,
    InvalidRequestError,
    PortOneError,
    ProxyError,
)
from portone_async.models import Payment
from portone_async.resources.payments._refund_key import entries_of

from .money import format_money, parse_amount, parse_money
from .preview import print_preview
from .result import Result

__all__ = ("add_to",)


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    imp_uid: str
    amount: Decimal | None
    all: bool
    reason: str
    key: str | None
    checksum: Decimal | None
    tax_free: Decimal | None
    vat_amount: Decimal | None
    refund_holder: Secret | None
    refund_bank: str | None
    refund_account: Secret | None
    refund_tel: Secret | None
    requester: str | None
    retain_promotion: bool | None
    enable_webhook: bool | None
    settle: float
    yes: bool
    json: bool
    personal_data: bool
    proxy: str | None


def _description() -> str:
    return _(
        """\
Cancel a payment, whole or in part. The command shows the payment, its balance
and what it will cancel, and asks before it acts.

  portone-async cancel imp_123456789012 --amount 5000 --reason returned
  portone-async cancel imp_123456789012 --all --reason returned --key R-1 --yes

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the
V1 REST API pair). PORTONE_BASE_URL and PORTONE_TIER may be set as well."""
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
    add_proxy_option(parser)
    set_command(parser, Arguments, _run)


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


def _run(arguments: Arguments) -> ExitCode:
    if not arguments.yes and not can_confirm():
        raise InvalidRequestError(_("stdin is no terminal to ask on: pass --yes to cancel"))
    try:
        result = _result(arguments)
    except (AuthenticationError, ProxyError, InvalidRequestError):
        raise
    except PortOneError as error:
        result = Result.of_error(arguments.imp_uid, error)
    if result is None:
        return ExitCode.COULD_NOT_RUN
    if arguments.json:
        result.print_json(personal_data=arguments.personal_data)
    else:
        result.print()
    return result.ending.exit_code


def _result(arguments: Arguments) -> Result | None:
    """Show the payment, ask, and cancel it; return ``None`` if the answer is not yes.

    The question is outside of the event loop, so each part opens another client.
    """
    payment = asyncio.run(_look_up(arguments))
    if payment.balance > 0 and not _is_done(arguments, payment):
        amount = _amount(arguments, payment)
        _validate(payment, amount)
        print_preview(payment, amount)
        if not arguments.yes and not confirm(_question(payment, amount)):
            return None
    try:
        cancelled = asyncio.run(_cancel(arguments, payment))
    except KeyboardInterrupt:
        again = _("run the same command again") if arguments.key else _("look it up first")
        print_error(_("interrupted: it may have been cancelled; {advice}").format(advice=again))
        raise
    return Result.of_payment(cancelled, before=payment)


def _is_done(arguments: Arguments, payment: Payment) -> bool:
    """Return whether an earlier call with the same key has cancelled: then nothing is sent."""
    key = arguments.key
    return key is not None and bool(entries_of(key, payment.cancel_history))


def _amount(arguments: Arguments, payment: Payment) -> Decimal:
    """Return what will be cancelled."""
    if arguments.amount is not None:
        return arguments.amount
    # With a promotion, only the caller knows the balance in the unit of a request.
    if payment.promotion is not None and arguments.checksum is not None:
        return arguments.checksum
    return payment.balance


def _validate(payment: Payment, amount: Decimal) -> None:
    """Reject what the balance does not have, before the question.

    Raises:
        InvalidRequestError: The amount is above the balance.
    """
    # With a promotion, the balance may be in another unit than the amount.
    if amount > payment.balance and payment.promotion is None:
        text = _("{amount} cannot be cancelled: the balance is {balance}")
        raise InvalidRequestError(
            text.format(
                amount=format_money(payment, amount),
                balance=format_money(payment, payment.balance),
            )
        )


def _question(payment: Payment, amount: Decimal) -> str:
    text = _("Cancel {amount} of order {order}?")
    order = escape_order_number(payment.merchant_uid)
    return text.format(amount=format_money(payment, amount), order=order)


async def _look_up(arguments: Arguments) -> Payment:
    async with PortOneClient.from_env(proxy=arguments.proxy) as client:
        return await client.payments.get(arguments.imp_uid, include_sandbox=True)


async def _cancel(arguments: Arguments, seen: Payment) -> Payment:
    checksum = arguments.checksum
    if checksum is None and seen.promotion is None:
        checksum = seen.balance
    given: dict[str, Any] = {
        "reason": arguments.reason,
        "key": arguments.key,
        "checksum": checksum,
        "tax_free": arguments.tax_free,
        "vat_amount": arguments.vat_amount,
        "refund_holder": arguments.refund_holder,
        "refund_bank": arguments.refund_bank,
        "refund_account": arguments.refund_account,
        "refund_tel": arguments.refund_tel,
        "requester": arguments.requester,
        "retain_promotion": arguments.retain_promotion,
        "enable_webhook": arguments.enable_webhook,
        "settle": arguments.settle,
    }
    async with PortOneClient.from_env(proxy=arguments.proxy) as client:
        if arguments.amount is None:
            return await client.payments.cancel_all(seen.imp_uid, **given)
        return await client.payments.cancel(seen.imp_uid, amount=arguments.amount, **given)
