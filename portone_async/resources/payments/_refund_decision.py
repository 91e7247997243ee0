"""Decide how a refund goes on, from what was sent, answered and looked up. Pure.

PortOne carries a refund out only while the payment's balance is its checksum, and every refund
lowers the balance. So of all requests with one checksum at most one is carried out, and none after
another refund. That makes it safe to send the same request again, and to refund again after
:attr:`Action.REFUSE`.

Source: https://developers.portone.io/opi/ko/integration/cancel/v1/basic
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from msgspec import Struct

from portone_async.models import Cancellation, Payment
from portone_async.models._record import EXACT

from ._refund_key import entries_of
from ._refund_units import is_refund_of, may_be_refund_of

__all__ = ("MIN_AGE", "Action", "Answer", "Refund", "Trace", "decide", "may_be_pending", "trace")

_RESENDS = 3
# The PGs of which PortOne documents that they refund virtual accounts days later.
_SLOW_FOR_ACCOUNTS = ("daou", "smartro_v2")
# A request is sent again only after as many look-ups in a row without a trace of the refund, and
# when it is as many seconds old. PortOne does not document whether it checks the balance and books
# in one step, so two requests must not be in processing at once, and a PG takes seconds.
_EMPTY_LOOKS = 2
MIN_AGE = 5.0


class Refund(Struct, frozen=True, kw_only=True):
    """A refund that was validated."""

    before: Payment
    """The payment before the refund."""
    amount: Decimal
    checksum: Decimal
    reason: str
    """As it is sent, with the key in it."""
    key: str | None = None

    def __repr__(self) -> str:
        return f"Refund({self.before.imp_uid!r}, amount={self.amount!r}, key={self.key!r})"


class Answer(Enum):
    """The answer to one request."""

    ACCEPTED = auto()
    """Code 0."""
    REFUSED = auto()
    """Another code."""
    LOST = auto()
    """No answer: the request may have been processed, or may still be."""


class Trace(Enum):
    """What a payment tells about the refund."""

    MADE = auto()
    """It is in the history."""
    ABSENT = auto()
    """The balance is unchanged."""
    OVERTAKEN = auto()
    """Something else changed the balance first: the refund can no longer be carried out."""
    UNCLEAR = auto()
    """The look-up failed, the history does not explain the balance, or the refund may be pending."""


class Action(Enum):
    """How to go on."""

    RETURN = auto()
    SEND = auto()
    WAIT = auto()
    """Look again after a pause."""
    PENDING = auto()
    """End: accepted, but not made yet."""
    REFUSE = auto()
    """End: not made."""
    UNKNOWN = auto()
    """End: the answer was lost, and the look-ups failed."""


def trace(refund: Refund, payment: Payment, answers: Collection[Answer]) -> Trace:
    """Tell from the payment whether the refund was made.

    Args:
        refund: The refund.
        payment: The payment as it is now.
        answers: The answers so far.
    """
    found = _trace(refund, payment, answers)
    is_hidden = Answer.LOST in answers and may_be_pending(refund.before)
    return Trace.UNCLEAR if is_hidden and found is not Trace.MADE else found


def may_be_pending(payment: Payment) -> bool:
    """Return whether a refund may be accepted first and made later.

    Until then no look-up finds it, and the balance is unchanged: a second request with the same
    checksum would be accepted, too.
    """
    if payment.pay_method == "vbank":
        return payment.pg_provider in _SLOW_FOR_ACCOUNTS
    return payment.pg_provider == "paypal_v2"


def _trace(refund: Refund, payment: Payment, answers: Collection[Answer]) -> Trace:
    before = refund.before
    grown = EXACT.subtract(payment.cancel_amount, before.cancel_amount)
    added = _added(before, payment)
    if any(
        grown >= entry.amount > 0 for entry in _own(refund, payment, grown=grown, answers=answers)
    ):
        return Trace.MADE
    is_same = payment.amount == before.amount
    if Answer.ACCEPTED in answers and is_same and not added and _is_explained(refund, grown):
        return Trace.MADE
    if grown == 0 and not added:
        return Trace.ABSENT if is_same else Trace.OVERTAKEN
    if _is_incomplete(payment) or sum((entry.amount for entry in added), Decimal(0)) != grown:
        return Trace.UNCLEAR
    possible = [entry for entry in added if may_be_refund_of(before, refund.amount, entry.amount)]
    # A key is in no reason that is absent.
    is_distinct = refund.key is not None and all(entry.reason for entry in possible)
    is_open = Answer.LOST in answers and not is_distinct
    return Trace.UNCLEAR if possible and is_open else Trace.OVERTAKEN


def decide(
    answers: Collection[Answer],
    found: Trace,
    *,
    empty_looks: int,
    age: float,
    has_time: bool,
    min_age: float = MIN_AGE,
) -> Action:
    """Choose the next action after a look-up.

    Args:
        answers: The answers to all requests so far, at least one.
        found: What the last look-up found.
        empty_looks: How many look-ups since the last request found :attr:`Trace.ABSENT`.
        age: The seconds since the last request was sent.
        has_time: Whether there is time for another look-up.
        min_age: The age from which on a request may be sent again.
    """
    is_lost = Answer.LOST in answers
    if found is Trace.MADE:
        return Action.RETURN
    if Answer.ACCEPTED in answers:
        return Action.WAIT if found is Trace.UNCLEAR and has_time else Action.PENDING
    if found is Trace.OVERTAKEN or (found is Trace.ABSENT and not is_lost):
        return Action.REFUSE
    is_old = age >= min_age
    if found is Trace.ABSENT and has_time and is_old and _may_send(answers, empty_looks):
        return Action.SEND
    if has_time:
        return Action.WAIT
    return Action.UNKNOWN if found is Trace.UNCLEAR and is_lost else Action.REFUSE


def _may_send(answers: Collection[Answer], empty_looks: int) -> bool:
    is_refused = Answer.REFUSED in answers
    return empty_looks >= _EMPTY_LOOKS and not is_refused and len(answers) <= _RESENDS


def _own(
    refund: Refund, payment: Payment, *, grown: Decimal, answers: Collection[Answer]
) -> list[Cancellation]:
    """Return the cancellations that are this refund."""
    before, amount = refund.before, refund.amount
    added = _added(before, payment)
    if refund.key is not None:
        keyed = entries_of(refund.key, payment.cancel_history)
        if keyed or Answer.ACCEPTED not in answers:
            return [entry for entry in keyed if may_be_refund_of(before, amount, entry.amount)]
        # PortOne has accepted it, and returns no reason: it is the only new one.
        added = [entry for entry in added if not entry.reason and entry.amount == grown]
    if Answer.ACCEPTED in answers:
        return [entry for entry in added if may_be_refund_of(before, amount, entry.amount)]
    own = [entry for entry in added if is_refund_of(before, amount, entry.amount)]
    if Answer.LOST in answers:
        return own
    # Every request was refused: an equal sum for another reason is another refund.
    return [entry for entry in own if entry.reason in (None, refund.reason)]


def _is_explained(refund: Refund, grown: Decimal) -> bool:
    """Return whether an accepted refund is in the sum, though the history does not have it."""
    return not may_be_pending(refund.before) and is_refund_of(refund.before, refund.amount, grown)


def _added(before: Payment, payment: Payment) -> list[Cancellation]:
    """Return the cancellations that were not there before."""
    known = Counter(map(_identity, before.cancel_history))
    added: list[Cancellation] = []
    for entry in payment.cancel_history:
        if known[_identity(entry)] > 0:
            known[_identity(entry)] -= 1
        else:
            added.append(entry)
    return added


def _identity(entry: Cancellation) -> tuple[Any, ...]:
    # Older ones have no id.
    if entry.cancellation_id is not None:
        return (entry.cancellation_id,)
    return (entry.amount, entry.cancelled_at, entry.reason)


def _is_incomplete(payment: Payment) -> bool:
    return any(path.startswith("cancel_history") for path in payment.unreadable)
