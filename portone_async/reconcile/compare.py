"""Compare an order with its payments: one pure function, money before status words.

An order number may have many payments, since each failed or abandoned attempt of a customer
repeats it. The status alone does not tell whether the shop has received money:

- **test**: ``sandbox`` is true: no money. ``None`` (payments from before 2026-01-26) counts as live
  here, since nothing is shipped because of a comparison, and old books would raise an alarm for
  each payment. Before shipping use ``client.payments.verify``.
- **charged**: its status is ``paid``; or its status is neither ``ready`` nor ``failed`` and it has
  a ``paid_at`` or a ``cancel_amount``. So a virtual account that was revoked before any deposit was
  not charged, and a status that PortOne may add later is judged by the payment's other fields.
- **net paid**: live, charged, and not fully cancelled: the shop has received its money.

The verdict on an order is the first in this list whose condition holds. It compares the order with
its only net paid payment; if there is none, with the live payment that is nearest to the order.

- ``missing``: no payment at all
- ``paid_twice``: two or more payments are net paid, whatever their amounts and currencies
- ``test_payment``: none is net paid, no live one has the order's status, a test payment exists
- ``status_differs``: the status is another, or it contradicts ``cancel_amount``; a partial
  cancellation of a ``paid`` or ``cancelled`` order is not a difference; an order that is ``paid``
  and fully refunded should be ``cancelled``
- ``currency_differs``: the currencies are not the same text; ``None`` differs as well
- ``amount_differs``: the amount charged is not the amount ordered, less was refunded than the
  order declares, or more than was charged
- ``partially_cancelled``: a part was cancelled and a part is net paid, and the order declares no
  refund or a smaller one
- ``matched``: everything agrees

Payments that belong to no order are an ``orphan`` when one of them is net paid or may still become
so (``pending``, or an unknown status). The others, tests among them, are ``matched``: no money was
ordered and none was received.

``not_checked`` is never the outcome of a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

from portone_async.models import PaymentStatus

from .finding import Finding, Order, PaymentSnapshot, Verdict

__all__ = ("NEVER_CHARGED", "compare", "is_charged", "is_net_paid", "status_rank")

# Python 3.11 runs a function for each access to a member of an enumeration.
_PAID, _CANCELLED = PaymentStatus.PAID.value, PaymentStatus.CANCELLED.value
_STATUS_RANKS = {
    PaymentStatus.READY.value: 0,
    PaymentStatus.FAILED.value: 2,
    _PAID: 3,
    _CANCELLED: 4,
}
_UNKNOWN_STATUS_RANK = 1
NEVER_CHARGED = (PaymentStatus.READY.value, PaymentStatus.FAILED.value)
# From near to far: if no payment is net paid, the verdict is that of the nearest one.
_NEARNESS = (
    Verdict.MATCHED,
    Verdict.AMOUNT_DIFFERS,
    Verdict.CURRENCY_DIFFERS,
    Verdict.STATUS_DIFFERS,
)


def compare(order: Order | None, payments: Sequence[PaymentSnapshot]) -> Finding:
    """Compare an order with all payments that PortOne has for its number.

    Args:
        order: What the shop expects; ``None`` for payments that belong to no order.
        payments: The payments of this order number, in any sequence. A payment that is listed
            twice, in two states, counts once, in the later one. Their ``merchant_uid`` is not
            compared.

    Returns:
        A finding with exactly one verdict, by the list at the top of this module.
    """
    latest = _latest_states(payments)
    if order is None:
        merchant_uid = latest[0].merchant_uid if latest else ""
        is_orphan = any(map(_may_hold_money, latest))
        verdict = Verdict.ORPHAN if is_orphan else Verdict.MATCHED
    else:
        merchant_uid = order.merchant_uid
        verdict = _verdict(order, latest)
    return Finding(merchant_uid=merchant_uid, verdict=verdict, order=order, payments=latest)


def status_rank(status: str) -> int:
    """Return how far a payment of this status has come: of two states, the higher is the later.

    ``failed`` comes before ``paid``: at some PGs a failed payment is paid days later.
    """
    return _STATUS_RANKS.get(status, _UNKNOWN_STATUS_RANK)


def _verdict(order: Order, payments: Sequence[PaymentSnapshot]) -> Verdict:
    if not payments:
        return Verdict.MISSING
    live = [payment for payment in payments if payment.sandbox is not True]
    net_paid = [payment for payment in live if is_net_paid(payment)]
    if len(net_paid) > 1:
        return Verdict.PAID_TWICE
    if net_paid:
        return _verdict_on_one(order, net_paid[0])
    nearest = min(
        (_verdict_on_one(order, payment) for payment in live),
        key=_NEARNESS.index,
        default=Verdict.STATUS_DIFFERS,
    )
    if nearest is Verdict.STATUS_DIFFERS and len(live) < len(payments):
        return Verdict.TEST_PAYMENT
    return nearest


def _verdict_on_one(order: Order, payment: PaymentSnapshot) -> Verdict:
    if not _has_status(payment, _expected_status(order)):
        return Verdict.STATUS_DIFFERS
    if payment.currency != order.currency:
        return Verdict.CURRENCY_DIFFERS
    if payment.amount != order.amount or payment.cancel_amount > payment.amount:
        return Verdict.AMOUNT_DIFFERS
    if _is_partial(payment) and payment.cancel_amount > order.cancelled_amount:
        return Verdict.PARTIALLY_CANCELLED
    if order.cancelled_amount and payment.cancel_amount != order.cancelled_amount:
        return Verdict.AMOUNT_DIFFERS
    return Verdict.MATCHED


def _expected_status(order: Order) -> str:
    # Shops keep the status "paid" for a refunded sale; PortOne's status is "cancelled".
    is_refunded = order.status == _PAID and 0 < order.amount <= order.cancelled_amount
    return _CANCELLED if is_refunded else order.status


def _has_status(payment: PaymentSnapshot, status: str) -> bool:
    """Whether the payment has this status, and its amounts agree with it."""
    if _is_partial(payment):
        return status in {_PAID, _CANCELLED}
    if payment.status != status:
        return False
    if payment.status == _CANCELLED:
        return not is_net_paid(payment)
    return payment.cancel_amount == 0


def is_charged(payment: PaymentSnapshot) -> bool:
    """Whether money was charged, cancelled since or not."""
    return payment.status == _PAID or (
        payment.status not in NEVER_CHARGED
        and (payment.paid_at is not None or payment.cancel_amount > 0)
    )


def is_net_paid(payment: PaymentSnapshot) -> bool:
    """Whether money was charged and not fully cancelled."""
    if not is_charged(payment):
        return False
    is_fully_cancelled = payment.cancel_amount >= payment.amount and (
        # A paid payment of amount 0 is not cancelled although 0 of 0 is cancelled.
        payment.cancel_amount > 0 or payment.status == _CANCELLED
    )
    return not is_fully_cancelled


def _is_partial(payment: PaymentSnapshot) -> bool:
    # PortOne sets the status "cancelled" as soon as a part is cancelled.
    return payment.cancel_amount > 0 and is_net_paid(payment)


def _may_hold_money(payment: PaymentSnapshot) -> bool:
    """Whether a payment is net paid, or may still become so."""
    if payment.sandbox is True:
        return False
    # An unknown status without a charge, such as "pending": the charge may follow.
    is_open = payment.status not in _STATUS_RANKS and not is_charged(payment)
    return is_net_paid(payment) or is_open


def _latest_states(payments: Sequence[PaymentSnapshot]) -> tuple[PaymentSnapshot, ...]:
    """Return each payment once, in its latest state, the newest first."""
    if len(payments) < 2:
        return tuple(payments)
    latest: dict[str, PaymentSnapshot] = {}
    for payment in payments:
        other = latest.get(payment.imp_uid)
        if other is None or _state_key(payment) > _state_key(other):
            latest[payment.imp_uid] = payment
    return tuple(sorted(latest.values(), key=_newest_first))


def _state_key(payment: PaymentSnapshot) -> tuple[object, ...]:
    # The text breaks ties, so that the sequence of the payments never decides.
    return (status_rank(payment.status), payment.cancel_amount, repr(payment))


def _newest_first(payment: PaymentSnapshot) -> tuple[float, str]:
    times = (payment.paid_at, payment.cancelled_at)
    newest = max((time.timestamp() for time in times if time is not None), default=0.0)
    return (-newest, payment.imp_uid)
