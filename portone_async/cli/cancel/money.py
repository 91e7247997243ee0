"""Amounts of a cancellation, as arguments.

The parser of the command imports this module; the rules for amounts are imported with an amount.
"""

from __future__ import annotations

import argparse
from decimal import Decimal
from gettext import gettext as _

__all__ = ("parse_amount", "parse_money")


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
