"""Enter findings into the lines of bridges, one finding at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from portone_async.models import PaymentStatus
from portone_async.models._record import EXACT

from .bridge import Bridge
from .compare import NEVER_CHARGED, is_charged, is_net_paid
from .finding import Finding, Order, PaymentSnapshot, Verdict
from .money import Sums, add_to, total

__all__ = ("BridgeSums", "Entry", "bridges", "entries")

Entry: TypeAlias = tuple[str, str, Decimal]
"""A currency, a field of ``Bridge``, and an amount."""

_ZERO = Decimal(0)
# Python 3.11 runs a function for each access to a member of an enumeration.
_PAID, _CANCELLED = PaymentStatus.PAID.value, PaymentStatus.CANCELLED.value
_NOT_CHECKED = Verdict.NOT_CHECKED


class _Charges(Struct, frozen=True):
    """The payments of a finding, and those that moved money."""

    payments: Sequence[PaymentSnapshot]
    """All of them."""
    charged: Sequence[PaymentSnapshot]
    """Those that were charged, cancelled since or not; tests are left out."""
    net_paid: Sequence[PaymentSnapshot]
    """Those that were charged and not fully cancelled."""
    balances: Sums
    """What was charged and not cancelled, by currency."""

    @classmethod
    def of(cls, payments: Sequence[PaymentSnapshot]) -> _Charges:
        charged = [
            payment for payment in payments if payment.sandbox is not True and is_charged(payment)
        ]
        return cls(payments, charged, [*filter(is_net_paid, charged)], _balances(charged))


def bridges(findings: Iterable[Finding]) -> dict[str, Bridge]:
    """Sum findings by currency; payments without a currency count under ``""``."""
    sums = BridgeSums()
    for finding in findings:
        sums.add(finding)
    return sums.bridges()


class BridgeSums:
    """The sums from which bridges are made."""

    def __init__(self) -> None:
        self._sums: dict[str, Sums] = {}
        # Most orders are paid in full, and two sums have all their lines.
        self._paid: Sums = {}
        self._refunded: Sums = {}

    def add(self, finding: Finding) -> None:
        """Enter a finding."""
        order = finding.order
        if order is not None and _is_paid_in_full(order, finding):
            self.add_paid(order.currency, order.amount, order.cancelled_amount)
        else:
            self.enter(entries(finding))

    def add_paid(self, currency: str, amount: Decimal, refunded: Decimal) -> None:
        """Enter a paid order that is matched: the amount due is the amount charged."""
        add_to(self._paid, currency, amount)
        if refunded:
            add_to(self._refunded, currency, refunded)

    def merge(self, other: BridgeSums) -> None:
        """Add other sums."""
        self.enter(other._entries())

    def bridges(self) -> dict[str, Bridge]:
        """Return the bridge of each currency, sorted by currency."""
        whole = BridgeSums()
        whole.merge(self)
        return {currency: Bridge(**lines) for currency, lines in sorted(whole._sums.items())}

    def enter(self, entries: Iterable[Entry]) -> None:
        """Add the entries of a finding."""
        for currency, line, amount in entries:
            if amount:
                add_to(self._sums.setdefault(currency, {}), line, amount)

    def _entries(self) -> Iterator[Entry]:
        for currency, lines in self._sums.items():
            for line, amount in lines.items():
                yield currency, line, amount
        for currency, amount in self._paid.items():
            refunded = self._refunded.get(currency, _ZERO)
            due = EXACT.subtract(amount, refunded)
            yield currency, "ordered", amount
            yield currency, "not_due", refunded
            yield currency, "matched", due
            yield currency, "charged", due


def _is_paid_in_full(order: Order, finding: Finding) -> bool:
    """Return whether the only payment of a paid order has its amounts: :meth:`BridgeSums.add_paid`."""
    if len(finding.payments) != 1 or finding.verdict is _NOT_CHECKED:
        return False
    (payment,) = finding.payments
    return (
        order.status == payment.status == _PAID
        and order.currency == payment.currency
        and order.amount == payment.amount
        and order.cancelled_amount == payment.cancel_amount <= payment.amount
        and payment.sandbox is not True
    )


def entries(finding: Finding) -> Iterator[Entry]:
    """Divide the money of a finding among the lines."""
    charges = _Charges.of(finding.payments)
    yield from _entries_of("charged", charges.balances)
    order = finding.order
    if order is None:
        line = "unassigned" if finding.verdict is _NOT_CHECKED else "orphans"
        yield from _entries_of(line, charges.balances)
        return
    due = _due(order, has_net_payment=bool(charges.net_paid))
    yield order.currency, "ordered", order.amount
    yield order.currency, "not_due", EXACT.subtract(order.amount, due)
    if finding.verdict is _NOT_CHECKED:
        yield order.currency, "not_checked", due
        yield from _entries_of("unassigned", charges.balances)
    else:
        yield from _compared_entries(order, due, charges)


def _compared_entries(order: Order, due: Decimal, charges: _Charges) -> Iterator[Entry]:
    """Divide the money of an order that was compared with its payments."""
    balances = {**charges.balances}
    balance = balances.pop(order.currency, _ZERO)
    matched = EXACT.min(due, balance)
    short = EXACT.subtract(due, matched)
    yield order.currency, "matched", matched
    if short and any(balances.values()):
        # The charge in the other currency may cover what is short; no exchange rate is known.
        yield order.currency, "other_currency", short
        yield from _entries_of("unassigned", balances)
        return
    if short:
        yield from _shortage_entries(order, short, charges)
    over = "paid_twice" if len(charges.net_paid) > 1 else "charged_more"
    yield order.currency, over, EXACT.subtract(balance, matched)
    yield from _entries_of(over, balances)


def _shortage_entries(order: Order, short: Decimal, charges: _Charges) -> Iterator[Entry]:
    """Divide a shortage into what was never charged and what was charged and then cancelled."""
    if not charges.charged:
        yield order.currency, "unpaid" if charges.payments else "missing", short
        return
    relevant = charges.net_paid or charges.charged
    gross = total(*(payment.amount for payment in relevant if payment.currency == order.currency))
    never_charged = EXACT.max(_ZERO, EXACT.subtract(order.amount, gross))
    charged_less = EXACT.min(short, never_charged)
    yield order.currency, "charged_less", charged_less
    yield order.currency, "cancelled_more", EXACT.subtract(short, charged_less)


def _due(order: Order, *, has_net_payment: bool) -> Decimal:
    """Return the money that PortOne should have for an order."""
    rest = EXACT.max(_ZERO, EXACT.subtract(order.amount, order.cancelled_amount))
    if order.status == _PAID:
        return rest
    if order.status == _CANCELLED:
        return rest if order.cancelled_amount else _ZERO
    if order.status in NEVER_CHARGED:
        return _ZERO
    # For an unknown status money is due only if a payment has some.
    return rest if has_net_payment else _ZERO


def _balances(payments: Iterable[PaymentSnapshot]) -> Sums:
    """Sum by currency what was charged and not cancelled."""
    sums: Sums = {}
    for payment in payments:
        balance = EXACT.subtract(payment.amount, payment.cancel_amount)
        add_to(sums, payment.currency or "", balance)
    return sums


def _entries_of(line: str, balances: Mapping[str, Decimal]) -> Iterator[Entry]:
    return ((currency, line, balance) for currency, balance in balances.items())
