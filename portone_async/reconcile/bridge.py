"""The bridge from the money ordered to the money charged, in an accountant's terms.

Two sums, each of one currency, that hold for any run:

```text
ordered - not due = matched + short + unknown
matched + over + unassigned = charged
```

Money that is short and money that is over belong to different orders: they are never netted.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from portone_async.models._record import EXACT

from .money import total

__all__ = ("Bridge",)

_ZERO = Decimal(0)


class Bridge(Struct, frozen=True, kw_only=True):
    """Money of one currency, from the orders to the payments; exact.

    No line is negative, except where PortOne reports more cancelled than charged.
    """

    ordered: Decimal = _ZERO
    """Amounts of all orders."""
    not_due: Decimal = _ZERO
    """The part for which no money is due: refunded by the shop, or of an order that is not paid."""
    matched: Decimal = _ZERO
    """Ordered and charged; includes the matching part of orders that differ."""

    missing: Decimal = _ZERO
    """Short: PortOne has no payment of the order."""
    unpaid: Decimal = _ZERO
    """Short: there are payments, but none was charged (waiting, failed, or a test)."""
    charged_less: Decimal = _ZERO
    """Short: less was charged than ordered."""
    cancelled_more: Decimal = _ZERO
    """Short: more was cancelled than the order declares."""

    not_checked: Decimal = _ZERO
    """Unknown: the order could not be checked."""
    other_currency: Decimal = _ZERO
    """Unknown: the order was charged in another currency."""

    orphans: Decimal = _ZERO
    """Over: payments that belong to no order."""
    paid_twice: Decimal = _ZERO
    """Over: further payments of an order."""
    charged_more: Decimal = _ZERO
    """Over: more was charged, or less cancelled, than the order declares."""

    unassigned: Decimal = _ZERO
    """Charged for an order of another currency, or for one that could not be checked."""
    charged: Decimal = _ZERO
    """Charged at PortOne and not cancelled; tests are not counted."""

    @property
    def due(self) -> Decimal:
        """The money that PortOne should have: :attr:`ordered` less :attr:`not_due`."""
        return EXACT.subtract(self.ordered, self.not_due)

    @property
    def short(self) -> Decimal:
        """The money that is due and that PortOne does not have."""
        return total(self.missing, self.unpaid, self.charged_less, self.cancelled_more)

    @property
    def unknown(self) -> Decimal:
        """The money that is due and that PortOne may or may not have."""
        return total(self.not_checked, self.other_currency)

    @property
    def over(self) -> Decimal:
        """The money that PortOne has and that is not due."""
        return total(self.orphans, self.paid_twice, self.charged_more)

    @property
    def adds_up(self) -> bool:
        """Whether both sums hold."""
        return (
            self.due == total(self.matched, self.short, self.unknown)
            and total(self.matched, self.over, self.unassigned) == self.charged
        )
