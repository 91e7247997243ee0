"""Run ``portone-async cancel``: cancel a payment, whole or in part, after a question."""

from __future__ import annotations

import argparse
import asyncio
from decimal import Decimal
from gettext import gettext as _
from typing import Any

from portone_async._core.environment import chosen_profile
from portone_async._redact import Secret
from portone_async._worded import Worded
from portone_async.cli.client import make_client
from portone_async.cli.confirm import can_confirm, confirm
from portone_async.cli.escape import escape_order_number
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.labels import format_money
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

from .preview import print_preview
from .result import Result

__all__ = ("Arguments", "run")


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
    profile: str | None
    proxy: str | None


def run(arguments: Arguments) -> ExitCode:
    """Cancel the payment, print the result, and return the exit code."""
    if not arguments.yes and not can_confirm():
        raise InvalidRequestError(Worded("stdin is not a terminal to ask on: pass --yes to cancel"))
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
        print_preview(payment, amount, profile=chosen_profile(arguments.profile))
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
        raise InvalidRequestError(
            Worded(
                "{amount} cannot be cancelled: the balance is {balance}",
                amount=format_money(payment, amount),
                balance=format_money(payment, payment.balance),
            )
        )


def _question(payment: Payment, amount: Decimal) -> str:
    text = _("Cancel {amount} of order {order}?")
    order = escape_order_number(payment.merchant_uid)
    return text.format(amount=format_money(payment, amount), order=order)


async def _look_up(arguments: Arguments) -> Payment:
    async with make_client(PortOneClient, arguments.profile, proxy=arguments.proxy) as client:
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
    async with make_client(PortOneClient, arguments.profile, proxy=arguments.proxy) as client:
        if arguments.amount is None:
            return await client.payments.cancel_all(seen.imp_uid, **given)
        return await client.payments.cancel(seen.imp_uid, amount=arguments.amount, **given)
