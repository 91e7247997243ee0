"""How much money a difference is about. Pure."""

from __future__ import annotations

from decimal import Decimal

from portone_async.models._record import EXACT
from portone_async.resources._minor_units import minor_units

from .bridges import entries
from .finding import Finding
from .money import Sums, add_to

__all__ = ("difference",)

# The lines of a bridge that agree with the orders.
_AGREEING = frozenset(("ordered", "not_due", "matched", "charged"))


def difference(finding: Finding) -> float:
    """Return the money that is short, over or unknown, in units of the currency's last decimal.

    Amounts of several currencies are not added: the largest counts. Without exchange rates cents
    and won are nearer to each other than dollars and won.

    It only decides which order comes first, so a float is exact enough.
    """
    sums: Sums = {}
    for currency, line, amount in entries(finding):
        if line not in _AGREEING:
            add_to(sums, currency, EXACT.abs(amount))
    return max((_in_minor_units(amount, currency) for currency, amount in sums.items()), default=0)


def _in_minor_units(amount: Decimal, currency: str) -> float:
    return float(amount.scaleb(minor_units(currency) or 0, EXACT))
