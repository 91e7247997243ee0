"""Amounts of a cancellation, as arguments and as text.

The parser of the command imports this module; the rules for amounts are imported with an amount.
"""

from __future__ import annotations

import argparse
from decimal import Decimal
from gettext import gettext as _
from typing import TYPE_CHECKING

from portone_async.cli.escape import escape

if TYPE_CHECKING:
    from portone_async.models import Payment

__all__ = ("format_money", "parse_amount", "parse_money")


def parse_money(text: str) -> Decimal:
    """Return an amount; the type of an argument."""
    from portone_async.errors import InvalidRequestError
    from portone_async.resources._request import money

    try:
        return money("it", text)
    except InvalidRequestError:
        problem = _("write an amount in digits without commas, as in 5000 or 9.90")
        raise argparse.ArgumentTypeError(problem) from None


def parse_amount(text: str) -> Decimal:
    """Return an amount above 0; the type of an argument."""
    amount = parse_money(text)
    if amount == 0:
        raise argparse.ArgumentTypeError(_("must be more than 0; --all cancels the balance"))
    return amount


def format_money(payment: Payment, amount: Decimal) -> str:
    """Format an amount in the currency of a payment: ``15,000 KRW``."""
    currency = f" {escape(payment.currency)}" if payment.currency else ""
    return f"{amount:,f}{currency}"
