"""Join the findings of one order number that several partitions of a Tier have. Pure.

An order belongs to one partition; its payments may be in the periods of others, where they are
orphans. A payment that the order's verdict considers, in the same state, is not a separate finding.
A payment that it does not consider may be a second charge: the order is ``not_checked`` until it is
compared with all of its payments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from portone_async.reconcile._store.order_rows import contradiction
from portone_async.reconcile.compare import compare, status_rank
from portone_async.reconcile.finding import (
    UNREAD_ORDER,
    Finding,
    Order,
    PaymentSnapshot,
    Verdict,
)
from portone_async.reconcile.partition import MARGIN_REASON

from ._rows import Row
from .protocol import Unconfirmed

__all__ = ("Joined", "join", "provisional")

_UNCONFIRMED = "it has payments in other partitions, and has not been compared with them yet"
_INCOMPLETE = "its order may be in a partition that is not finished"


class Joined(Struct, frozen=True):
    """The joined findings of one order number."""

    rows: tuple[Row, ...]
    """The findings to report, each in the place of a stored one."""
    unconfirmed: Unconfirmed | None = None
    """The order, if it must be looked up."""


def join(rows: Sequence[Row], confirmed: Finding | None) -> Joined:
    """Join the findings of one order number of a Tier.

    Args:
        rows: The findings, in the sequence of the run.
        confirmed: The finding of the order's last look-up.
    """
    orders = [row for row in rows if row.finding.order is not None]
    own = [row for row in orders if not row.partition.is_margin]
    if not orders:
        latest = _latest(rows)
        is_unread = any(not row.finding.payments for row in rows)
        return Joined(tuple(map(_unread, latest)) if is_unread else latest)
    first = (own or orders)[0]
    if not own and not any(map(_is_payment, rows)):
        # An order of a margin that has no payment in the period.
        return Joined(tuple(row for row in rows if row.is_own))
    others = [row for row in rows if row.finding.order is None and _concerns(row, first)]
    finding, unconfirmed = _judge(own or orders, others, confirmed)
    reported = [row for row in rows if row.finding.order is None and not _is_folded(row, others)]
    if own:
        reported.append(replace(first, finding=finding))
    elif finding.verdict is not Verdict.MATCHED:
        # A margin has no findings: the order is reported in the place of its payment.
        payment = next(row for row in others if _is_payment(row))
        reported.append(replace(payment, finding=finding))
    return Joined(tuple(sorted(reported, key=lambda row: row.place)), unconfirmed)


def provisional(row: Row) -> Row:
    """Return a row as it is reported while a partition of its Tier is unfinished."""
    return _not_an_orphan(row, _INCOMPLETE)


def _unread(row: Row) -> Row:
    """Return a row as it is reported if something with its order number could not be read."""
    return _not_an_orphan(row, UNREAD_ORDER)


def _not_an_orphan(row: Row, error: str) -> Row:
    if row.finding.verdict is not Verdict.ORPHAN:
        return row
    finding = replace(row.finding, verdict=Verdict.NOT_CHECKED, error=error)
    return replace(row, finding=finding)


def _judge(
    orders: Sequence[Row], others: Sequence[Row], confirmed: Finding | None
) -> tuple[Finding, Unconfirmed | None]:
    """Return the finding of an order, and the order if it must be looked up."""
    finding, order = _of_order(orders)
    payments = _payments([*orders[1:], *others])
    if confirmed is not None:
        # A payment that was confirmed stays known when its partition loses it.
        payments += confirmed.payments
    if _is_final(finding):
        return finding, None
    has_unreadable = any(not row.finding.payments for row in others)
    if not has_unreadable and _considers(finding, payments):
        return finding, None
    merged = compare(None, [*finding.payments, *payments]).payments
    unconfirmed = Unconfirmed(orders[0].partition.tier, order, merged)
    if confirmed is None or confirmed.order != order:
        error: str | None = _UNCONFIRMED
    elif confirmed.verdict is Verdict.NOT_CHECKED:
        error = confirmed.error
    elif _considers(confirmed, merged):
        return confirmed, None
    else:
        error = _UNCONFIRMED
    not_checked = replace(finding, verdict=Verdict.NOT_CHECKED, payments=merged, error=error)
    return not_checked, unconfirmed


def _of_order(orders: Sequence[Row]) -> tuple[Finding, Order]:
    """Return the finding of an order that one or, by mistake, several partitions have."""
    first = orders[0].finding
    assert first.order is not None
    for row in orders:
        assert row.finding.order is not None
        if row.finding.order != first.order:
            error = contradiction(first.order, row.finding.order)
            return _not_checked(first.order, error), first.order
    final = next((row.finding for row in orders if _is_final(row.finding)), first)
    return final, first.order


def _is_final(finding: Finding) -> bool:
    """Return whether an order could not be checked in its own partition.

    The rows of the order may contradict each other, which a look-up does not change.
    """
    return finding.verdict is Verdict.NOT_CHECKED and finding.error != MARGIN_REASON


def _considers(finding: Finding, payments: Iterable[PaymentSnapshot]) -> bool:
    """Return whether a verdict was made with these payments, in these states or later ones."""
    states = {payment.imp_uid: _state(payment) for payment in finding.payments}
    return all(
        payment.imp_uid in states and states[payment.imp_uid] >= _state(payment)
        for payment in payments
    )


def _state(payment: PaymentSnapshot) -> tuple[int, Decimal]:
    return (status_rank(payment.status), payment.cancel_amount)


def _latest(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows; of those of one payment, only that with its latest state.

    A payment that is refunded between the runs of two partitions may be in both.
    """
    latest: dict[str, Row] = {}
    for row in filter(_is_payment, rows):
        imp_uid = row.finding.payments[0].imp_uid
        latest[imp_uid] = max(latest.get(imp_uid, row), row, key=_row_state)
    places = {row.place for row in latest.values()}
    return tuple(
        row for row in rows if row.is_own and (not _is_payment(row) or row.place in places)
    )


def _row_state(row: Row) -> tuple[tuple[int, Decimal], bool]:
    """Return the state of a row's payment; of equal states, one that was checked is the later."""
    return (_state(row.finding.payments[0]), row.finding.verdict is not Verdict.NOT_CHECKED)


def _is_payment(row: Row) -> bool:
    """Return whether a finding is of a payment without an order in its partition."""
    return row.finding.order is None and bool(row.finding.payments)


def _concerns(row: Row, order: Row) -> bool:
    """Return whether a finding without an order is of a partition that does not have the order."""
    return row.partition != order.partition


def _is_folded(row: Row, others: Sequence[Row]) -> bool:
    """Return whether a finding is reported as a part of the finding of its order, or not at all.

    A row or a payment that cannot be read stays a separate finding: the look-up of the order may
    not include it. A row of a margin is not a finding.
    """
    return not row.is_own or (_is_payment(row) and row in others)


def _payments(rows: Iterable[Row]) -> list[PaymentSnapshot]:
    return [payment for row in rows for payment in row.finding.payments]


def _not_checked(order: Order, error: str) -> Finding:
    return Finding(
        merchant_uid=order.merchant_uid, verdict=Verdict.NOT_CHECKED, order=order, error=error
    )
