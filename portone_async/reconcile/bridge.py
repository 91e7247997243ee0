"""The bridge from what was ordered to what was charged, as an accountant reads it.

Two sums, each of one currency, that hold for any run:

```text
ordered - not due = matched + short + unknown
matched + over + unassigned = charged
```

Money that is short and money that is over belong to different orders: they stay apart.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from portone_async.models._record import EXACT

__all__ = ("Bridge", "total")

_ZERO = Decimal(0)


class Bridge(Struct, frozen=True, kw_only=True):
    """Money of one currency, from the orders to the payments; exact.

    No line is negative, except where PortOne reports more cancelled than charged.
    """

    ordered: Decimal = _ZERO
    """Amounts of all orders."""
    not_due: Decimal = _ZERO
    """The part that asks for no money: refunded by the shop, or of an order that is not paid."""
    matched: Decimal = _ZERO
    """Ordered and charged; includes the matching part of orders that differ."""

    missing: Decimal = _ZERO
    """Short: PortOne has no payment of the order."""
    unpaid: Decimal = _ZERO
    """Short: there are payments, but none was charged (waiting, failed, or a test)."""
    charged_less: Decimal = _ZERO
    """Short: less was charged than ordered."""
    cancelled_more: Decimal = _ZERO
    """Short: more was cancelled than the order says."""

    not_checked: Decimal = _ZERO
    """Unknown: the order could not be checked."""
    other_currency: Decimal = _ZERO
    """Unknown: the order was charged in another currency."""

    orphans: Decimal = _ZERO
    """Over: payments that belong to no order."""
    paid_twice: Decimal = _ZERO
    """Over: further payments of an order."""
    charged_more: Decimal = _ZERO
    """Over: more was charged, or less cancelled, than the order says."""

    unassigned: Decimal = _ZERO
    """Charged for an order of another currency, or for one that could not be checked."""
    charged: Decimal = _ZERO
    """Charged at PortOne and not cancelled; tests are not counted."""

    @property
    def due(self) -> Decimal:
        """What should be at PortOne: :attr:`ordered` less :attr:`not_due`."""
        return EXACT.subtract(self.ordered, self.not_due)

    @property
    def short(self) -> Decimal:
        """What should be at PortOne and is not."""
        return total(self.missing, self.unpaid, self.charged_less, self.cancelled_more)

    @property
    def unknown(self) -> Decimal:
        """What should be at PortOne, where it is not known whether it is."""
        return total(self.not_checked, self.other_currency)

    @property
    def over(self) -> Decimal:
        """What is at PortOne and should not be."""
        return total(self.orphans, self.paid_twice, self.charged_more)

    @property
    def adds_up(self) -> bool:
        """Whether both sums hold."""
        return (
            self.due == total(self.matched, self.short, self.unknown)
            and total(self.matched, self.over, self.unassigned) == self.charged
        )


def total(*amounts: Decimal) -> Decimal:
    """Add amounts to the last digit."""
    found = _ZERO
    for amount in amounts:
        found = EXACT.add(found, amount)
    return found
