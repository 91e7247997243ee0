"""Whether an order and its payments agree: one pure function, money before words.

An order number may have many payments: each failed or abandoned try repeats it. What a payment
is to the shop, PortOne's word alone does not say:

- **test**: ``sandbox`` is true: no money. ``None`` (payments of before 2026-01-26 do not say) is
  held to be live here, since nothing is shipped because of a comparison, and old books would
  raise an alarm for each payment. Before shipping use ``client.payments.verify``.
- **kept**: live, charged, and not wholly given back: the shop has money of it. Charged is what is
  ``paid``, and what bears another word but ``ready`` and ``failed`` and has a ``paid_at`` or a
  ``cancel_amount``. So a virtual account that was revoked before any deposit is no money, and a
  word that PortOne may add one day is taken by what it did.

The verdict on an order is the first of these that holds. It is about the one payment that is kept;
when none is, about the live one that comes nearest to the order.

- ``missing``: no payment at all
- ``paid_twice``: two payments or more are kept, whatever their amounts and currencies
- ``test_payment``: none is kept, no live one has the order's status, a test payment exists
- ``status_differs``: the status is another, or its word and its ``cancel_amount`` disagree; a
  part given back of a ``paid`` or ``cancelled`` order is no such thing; an order that is ``paid``
  and wholly refunded should be ``cancelled``
- ``currency_differs``: currencies are not the same text; PortOne's ``None`` is another, too
- ``amount_differs``: what was charged is not what was ordered, less was refunded than the order
  says, or more than was charged
- ``partially_cancelled``: a part was refunded and a part kept, and the order says of no or of a
  smaller refund
- ``matched``: everything agrees

Payments that belong to no order are an ``orphan`` when one of them is kept or may come to be
(``pending``, or a word not known yet). The others, tests among them, are ``matched``: no
money was ordered and none was kept.

``not_checked`` is never the outcome of a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portone_async.models import PaymentStatus

from .finding import Finding, Order, PaymentSnapshot, Verdict

__all__ = ("compare", "is_charged", "is_net_paid", "stage")

_STAGES = {
    PaymentStatus.READY.value: 0,
    PaymentStatus.FAILED.value: 2,
    PaymentStatus.PAID.value: 3,
    PaymentStatus.CANCELLED.value: 4,
}
_NEVER_CHARGED = (PaymentStatus.READY, PaymentStatus.FAILED)
# From near to far: of several tries that moved no money, the best speaks for the order.
_NEARNESS = (
    Verdict.MATCHED,
    Verdict.AMOUNT_DIFFERS,
    Verdict.CURRENCY_DIFFERS,
    Verdict.STATUS_DIFFERS,
)


def compare(order: Order | None, payments: Sequence[PaymentSnapshot]) -> Finding:
    """Judge an order by all payments that PortOne has for its number.

    Args:
        order: What the shop expects; ``None`` for payments that belong to no order.
        payments: Those of this order number, in any order. A payment seen twice, in two states,
            counts once, in the later one. Their ``merchant_uid`` is not looked at.

    Returns:
        A finding with exactly one verdict, by the list at the top of this module.
    """
    seen = _each_once(payments)
    if order is None:
        merchant_uid = seen[0].merchant_uid if seen else ""
        is_orphan = any(map(_may_be_money, seen))
        verdict = Verdict.ORPHAN if is_orphan else Verdict.MATCHED
    else:
        merchant_uid = order.merchant_uid
        verdict = _verdict(order, seen)
    return Finding(merchant_uid=merchant_uid, verdict=verdict, order=order, payments=seen)


def stage(status: str) -> int:
    """How far a payment of this status has come: of two states of it, the higher is the later.

    ``failed`` comes before ``paid``: at some PGs a failed payment is paid days later.
    """
    return _STAGES.get(status, 1)


def _verdict(order: Order, payments: Sequence[PaymentSnapshot]) -> Verdict:
    if not payments:
        return Verdict.MISSING
    live = [payment for payment in payments if payment.sandbox is not True]
    kept = [payment for payment in live if is_net_paid(payment)]
    if len(kept) > 1:
        return Verdict.PAID_TWICE
    if kept:
        return _verdict_on_one(order, kept[0])
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
    # Shops keep "paid" for a sale that they refunded; PortOne calls it cancelled.
    is_refunded = order.status == PaymentStatus.PAID and 0 < order.amount <= order.cancelled_amount
    return PaymentStatus.CANCELLED.value if is_refunded else order.status


def _has_status(payment: PaymentSnapshot, status: str) -> bool:
    """Whether the payment's status is this one, in word and in money."""
    if _is_partial(payment):
        return status in {PaymentStatus.PAID, PaymentStatus.CANCELLED}
    if payment.status != status:
        return False
    if payment.status == PaymentStatus.CANCELLED:
        return not is_net_paid(payment)
    return payment.cancel_amount == 0


def is_charged(payment: PaymentSnapshot) -> bool:
    """Whether money was taken, given back since or not."""
    return payment.status == PaymentStatus.PAID or (
        payment.status not in _NEVER_CHARGED
        and (payment.paid_at is not None or payment.cancel_amount > 0)
    )


def is_net_paid(payment: PaymentSnapshot) -> bool:
    """Whether money was taken and not wholly given back."""
    if not is_charged(payment):
        return False
    is_given_back = payment.cancel_amount >= payment.amount and (
        # A payment of nothing that is paid has not been given back.
        payment.cancel_amount > 0 or payment.status == PaymentStatus.CANCELLED
    )
    return not is_given_back


def _is_partial(payment: PaymentSnapshot) -> bool:
    # PortOne calls it cancelled as soon as a part is given back.
    return payment.cancel_amount > 0 and is_net_paid(payment)


def _may_be_money(payment: PaymentSnapshot) -> bool:
    if payment.sandbox is True:
        return False
    is_settled = is_charged(payment) or payment.status in _STAGES
    return is_net_paid(payment) or not is_settled


def _each_once(payments: Iterable[PaymentSnapshot]) -> tuple[PaymentSnapshot, ...]:
    """Each payment in its latest state, the newest first."""
    latest: dict[str, PaymentSnapshot] = {}
    for payment in payments:
        known = latest.get(payment.imp_uid)
        if known is None or _lateness(payment) > _lateness(known):
            latest[payment.imp_uid] = payment
    return tuple(sorted(latest.values(), key=_newest_first))


def _lateness(payment: PaymentSnapshot) -> tuple[object, ...]:
    # The text settles what is left, so that the order of arrival never decides.
    return (stage(payment.status), payment.cancel_amount, repr(payment))


def _newest_first(payment: PaymentSnapshot) -> tuple[float, str]:
    times = (payment.paid_at, payment.cancelled_at)
    newest = max((time.timestamp() for time in times if time is not None), default=0.0)
    return (-newest, payment.imp_uid)
