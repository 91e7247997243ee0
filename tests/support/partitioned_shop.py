"""Shops with orders and payments at any time of some days, for runs in partitions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from portone_async.reconcile import Finding, Order, Partition, PaymentSnapshot, Summary, Verdict
from portone_async.reconcile.compare import is_net_paid
from portone_async.testing import FakePortOne

__all__ = ("DAYS", "FIRST", "HOUR", "Charge", "Sale", "comparable", "shops", "totals")

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = 4
_HOURS = st.integers(0, 24 * DAYS - 1)


class Charge(Struct, frozen=True):
    """A payment: its hour, status, amount, the part of it that is cancelled, and the hour of that."""

    hour: int
    status: str = "paid"
    amount: int = 1000
    cancelled: int = 0
    cancel_hour: int = 0
    currency: str = "KRW"


class Sale(Struct, frozen=True):
    """An order, its hour, and its payments. Without an order they are orphans."""

    tier: str | None
    number: str
    hour: int
    charges: tuple[Charge, ...] = ()
    order: Order | None = None

    def is_in(self, partition: Partition) -> bool:
        """Whether the order belongs to a partition."""
        time = FIRST + self.hour * HOUR
        return self.tier == partition.tier and partition.since <= time < partition.until

    def add_to(self, server: FakePortOne) -> None:
        """Add the payments to a fake."""
        for charge in self.charges:
            server.add(**_fields(self, charge))


def _fields(sale: Sale, charge: Charge) -> dict[str, Any]:
    time = FIRST + charge.hour * HOUR
    fields: dict[str, Any] = {
        "merchant_uid": sale.number,
        "amount": Decimal(charge.amount),
        "currency": charge.currency,
        "status": charge.status,
        "started_at": time,
    }
    if charge.status in {"paid", "cancelled"}:
        fields["paid_at"] = time
    if charge.status == "failed":
        fields["failed_at"] = time
    if charge.status == "cancelled":
        fields["cancelled_at"] = FIRST + max(charge.hour, charge.cancel_hour) * HOUR
        fields["cancel_amount"] = Decimal(charge.cancelled)
    return fields if sale.tier is None else {**fields, "tier": sale.tier}


@st.composite
def _charges(draw: st.DrawFn) -> Charge:
    status = draw(st.sampled_from(["paid", "paid", "paid", "cancelled", "failed", "ready"]))
    amount = draw(st.sampled_from([1000, 1000, 1000, 700]))
    return Charge(
        draw(_HOURS),
        status,
        amount,
        draw(st.sampled_from([amount, 300])) if status == "cancelled" else 0,
        draw(_HOURS),
        draw(st.sampled_from(["KRW", "KRW", "KRW", "USD"])),
    )


def _orders(number: str) -> st.SearchStrategy[Order]:
    return st.builds(
        Order,
        st.just(number),
        st.just(Decimal(1000)),
        st.sampled_from(["KRW", "KRW", "USD"]),
        st.sampled_from(["paid", "paid", "cancelled"]),
        st.sampled_from([Decimal(0), Decimal(0), Decimal(300)]),
    )


@st.composite
def _sales(draw: st.DrawFn) -> Sale:
    # Few numbers, so that both Tiers have the same ones.
    number = f"주문-{draw(st.integers(1, 9))}"
    order = draw(st.one_of(_orders(number), _orders(number), _orders(number), st.none()))
    charges = draw(st.lists(_charges(), max_size=3))
    tier = draw(st.sampled_from([None, "A01"]))
    return Sale(tier, number, draw(_HOURS), tuple(charges), order)


def shops() -> st.SearchStrategy[list[Sale]]:
    """Generate sales whose numbers are unique within each Tier."""
    return st.lists(
        _sales(), min_size=1, max_size=8, unique_by=lambda sale: (sale.tier, sale.number)
    )


def comparable(finding: Finding) -> tuple[object, ...]:
    """Return what is equal for any partitions: a matched order lists what was read of it."""
    payments: Sequence[PaymentSnapshot] = finding.payments
    if finding.verdict is Verdict.MATCHED:
        payments = tuple(filter(is_net_paid, payments))
    states = [(p.imp_uid, p.status, p.amount, p.cancel_amount, p.currency) for p in payments]
    return (finding.merchant_uid, finding.verdict, finding.order, states, finding.error)


def totals(summary: Summary) -> tuple[object, ...]:
    """Return the totals that are equal for any partitions."""
    return (summary.counts, summary.amounts, summary.bridge, summary.unreadable)
