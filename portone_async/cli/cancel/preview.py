"""Print a cancellation before it is made."""

from __future__ import annotations

from decimal import Decimal
from gettext import gettext as _

from portone_async.cli.cells import cells
from portone_async.cli.escape import escape, escape_order_number
from portone_async.cli.labels import format_money, status_label
from portone_async.cli.streams import print_error
from portone_async.models import Payment
from portone_async.models._record import EXACT

__all__ = ("print_preview",)


def print_preview(payment: Payment, amount: Decimal, *, profile: str | None) -> None:
    """Print the payment, its balance and what will be cancelled to stderr, one per line.

    Args:
        payment: The payment.
        amount: What will be cancelled.
        profile: The profile of its shop, if the keys come from one.
    """
    left = EXACT.subtract(payment.balance, amount)
    status = status_label(payment)
    if payment.sandbox:
        status += " " + _("(test)")
    shop = () if profile is None else ((_("Profile"), escape(profile)),)
    lines = (
        *shop,
        (_("Order"), escape_order_number(payment.merchant_uid)),
        (_("PortOne id"), escape(payment.imp_uid)),
        (_("Status"), status),
        (_("Amount"), format_money(payment, payment.amount)),
        (_("Cancelled"), format_money(payment, payment.cancel_amount)),
        (_("Balance"), format_money(payment, payment.balance)),
        (_("To cancel"), format_money(payment, amount)),
        (_("Balance after that"), format_money(payment, left)),
    )
    width = max(cells(label) for label, _value in lines)
    for label, value in lines:
        print_error(f"{label}{' ' * (width - cells(label))}  {value}")
