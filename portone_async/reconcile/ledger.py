"""Findings, entered line by line into bridges: pure, one finding at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from portone_async.models import PaymentStatus
from portone_async.models._record import EXACT

from .bridge import Bridge, total
from .compare import is_charged, is_net_paid
from .finding import Finding, Order, PaymentSnapshot, Verdict

__all__ = ("Entry", "Ledger", "bridges", "entries")

Entry: TypeAlias = tuple[str, str, Decimal]
"""A currency, a field of ``Bridge``, and an amount."""

_ZERO = Decimal(0)
_NO_MONEY = (PaymentStatus.READY, PaymentStatus.FAILED)


def bridges(findings: Iterable[Finding]) -> dict[str, Bridge]:
    """Sum findings up, by currency; payments without a currency count under ``""``."""
    ledger = Ledger()
    for finding in findings:
        ledger.add(finding)
    return ledger.bridges()


class Ledger:
    """The sums of bridges that are still growing."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[str, Decimal]] = {}

    def add(self, finding: Finding) -> None:
        """Enter a finding."""
        self.enter(entries(finding))

    def add_paid(self, currency: str, amount: Decimal, refunded: Decimal) -> None:
        """Enter a paid order that is matched: what it asks for is what was charged."""
        due = EXACT.subtract(amount, refunded)
        lines = (("ordered", amount), ("not_due", refunded), ("matched", due), ("charged", due))
        self.enter((currency, line, part) for line, part in lines)

    def merge(self, other: Ledger) -> None:
        """Add the sums of another ledger."""
        for currency, lines in other._sums.items():
            self.enter((currency, line, amount) for line, amount in lines.items())

    def bridges(self) -> dict[str, Bridge]:
        """The bridge of each currency so far, by currency."""
        return {currency: Bridge(**lines) for currency, lines in sorted(self._sums.items())}

    def enter(self, entries: Iterable[Entry]) -> None:
        """Add amounts to their lines."""
        for currency, line, amount in entries:
            if amount:
                lines = self._sums.setdefault(currency, {})
                lines[line] = EXACT.add(lines.get(line, _ZERO), amount)


def entries(finding: Finding) -> Iterator[Entry]:
    """Divide the money of a finding into lines."""
    live = [each for each in finding.payments if each.sandbox is not True and is_charged(each)]
    balances = _balances(live)
    for currency, balance in balances.items():
        yield currency, "charged", balance
    order = finding.order
    if order is None:
        line = "unassigned" if finding.verdict is Verdict.NOT_CHECKED else "orphans"
        yield from _all_of(line, balances)
        return
    due = _due(order, has_net_payment=any(map(is_net_paid, live)))
    yield order.currency, "ordered", order.amount
    yield order.currency, "not_due", EXACT.subtract(order.amount, due)
    if finding.verdict is Verdict.NOT_CHECKED:
        yield order.currency, "not_checked", due
        yield from _all_of("unassigned", balances)
    else:
        yield from _compared(order, due, finding.payments, live)


def _compared(
    order: Order, due: Decimal, payments: Sequence[PaymentSnapshot], live: Sequence[PaymentSnapshot]
) -> Iterator[Entry]:
    balances = _balances(live)
    balance = balances.pop(order.currency, _ZERO)
    matched = EXACT.min(due, balance)
    short = EXACT.subtract(due, matched)
    yield order.currency, "matched", matched
    if short and any(balances.values()):
        # What is short here may be what was charged there; no rate of exchange says so.
        yield order.currency, "other_currency", short
        yield from _all_of("unassigned", balances)
        return
    if short:
        yield from _shortage(order, short, payments, live)
    over = "paid_twice" if sum(map(is_net_paid, live)) > 1 else "charged_more"
    yield order.currency, over, EXACT.subtract(balance, matched)
    yield from _all_of(over, balances)


def _shortage(
    order: Order,
    short: Decimal,
    payments: Sequence[PaymentSnapshot],
    live: Sequence[PaymentSnapshot],
) -> Iterator[Entry]:
    """Tell what was never charged from what was charged and given back."""
    if not live:
        yield order.currency, "unpaid" if payments else "missing", short
        return
    spoken_for = [each for each in live if is_net_paid(each)] or live
    charged = total(*(each.amount for each in spoken_for if each.currency == order.currency))
    lacking = EXACT.max(_ZERO, EXACT.subtract(order.amount, charged))
    charged_less = EXACT.min(short, lacking)
    yield order.currency, "charged_less", charged_less
    yield order.currency, "cancelled_more", EXACT.subtract(short, charged_less)


def _due(order: Order, *, has_net_payment: bool) -> Decimal:
    """What the order should have at PortOne."""
    rest = EXACT.max(_ZERO, EXACT.subtract(order.amount, order.cancelled_amount))
    match order.status:
        case PaymentStatus.PAID:
            return rest
        case PaymentStatus.CANCELLED:
            return rest if order.cancelled_amount else _ZERO
        case status if status in _NO_MONEY:
            return _ZERO
        case _:
            # A word that is not known asks for money where its payment has some.
            return rest if has_net_payment else _ZERO


def _balances(live: Iterable[PaymentSnapshot]) -> dict[str, Decimal]:
    """What was charged and not given back, by currency."""
    found: dict[str, Decimal] = {}
    for each in live:
        currency = each.currency or ""
        balance = EXACT.subtract(each.amount, each.cancel_amount)
        found[currency] = EXACT.add(found.get(currency, _ZERO), balance)
    return found


def _all_of(line: str, balances: Mapping[str, Decimal]) -> Iterator[Entry]:
    return ((currency, line, balance) for currency, balance in balances.items())
