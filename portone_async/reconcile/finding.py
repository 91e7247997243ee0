"""The input and the results of a reconciliation. None of them holds personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct, field

from portone_async.models import Payment
from portone_async.resources.payments._words import STATUSES, refuse_misspelling

from .bridge import Bridge

if TYPE_CHECKING:
    from portone_async.resources.payments._words import PaymentStatusLike
else:
    # msgspec, which reads findings back from JSON, takes one kind of text in a union.
    PaymentStatusLike = str

__all__ = (
    "AssumedEmpty",
    "Finding",
    "Order",
    "PaymentSnapshot",
    "Refund",
    "Summary",
    "UnreadableOrder",
    "Verdict",
    "VerdictLike",
)

_ZERO = Decimal(0)


class Order(Struct, frozen=True):
    """An order as the shop has it: what should be true of its payment."""

    merchant_uid: str
    """The order number."""
    amount: Decimal
    """What should have been charged, in :attr:`currency`."""
    currency: str = "KRW"
    status: PaymentStatusLike = "paid"
    """The status that its payment should have: ``paid``, ``cancelled``, …

    A known word in another spelling, as ``PAID``, is an ``InvalidRequestError``.
    """
    cancelled_amount: Decimal = _ZERO
    """What the shop has refunded of it so far, in :attr:`currency`; 0 if nothing."""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            refuse_misspelling("status", self.status)


class Refund(Struct, frozen=True):
    """A refund that the shop lists apart from its order: a row with a minus in an order file.

    All refunds of an order number are added up, and are what the order's
    :attr:`Order.cancelled_amount` should be. They may come before or after the order.
    """

    merchant_uid: str
    """The number of the order."""
    amount: Decimal
    """How much was refunded, in :attr:`currency`; above 0."""
    currency: str
    row: str
    """Where it is listed, such as ``orders.csv:12``.

    It tells two equal refunds of an order from one that is read again: within one run every
    refund has its own, and keeps it when the run is resumed.
    """


class UnreadableOrder(Struct, frozen=True):
    """An order that could not be read: it becomes a finding ``not_checked``."""

    where: str
    """Names the place, as in ``orders.csv:12``: a run has one finding for each place."""
    reason: str
    """What is wrong, without personal data."""
    merchant_uid: str = ""
    """Its order number, if that could be read."""


class AssumedEmpty(Struct, frozen=True):
    """A period that PortOne refused to list and that is taken to hold no payment of a status."""

    status: str
    since: datetime
    until: datetime
    """The first moment after it."""


class PaymentSnapshot(Struct, frozen=True, kw_only=True):
    """The fields of a payment that a comparison uses."""

    imp_uid: str
    merchant_uid: str
    status: str
    amount: Decimal
    cancel_amount: Decimal = _ZERO
    currency: str | None = None
    sandbox: bool | None = None
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None

    @classmethod
    def of(cls, payment: Payment) -> PaymentSnapshot:
        """Take what matters from a payment, and leave the buyer out."""
        return cls(
            imp_uid=payment.imp_uid,
            merchant_uid=payment.merchant_uid,
            status=payment.status.value,
            amount=payment.amount,
            cancel_amount=payment.cancel_amount,
            currency=payment.currency,
            sandbox=payment.sandbox,
            paid_at=payment.paid_at,
            cancelled_at=payment.cancelled_at,
        )


class Verdict(StrEnum):
    """The result of comparing an order with its payments: always exactly one."""

    MATCHED = "matched"
    MISSING = "missing"
    """PortOne says that the order has no payment."""
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    STATUS_DIFFERS = "status_differs"
    PARTIALLY_CANCELLED = "partially_cancelled"
    """A part was refunded, and more than the order says."""
    PAID_TWICE = "paid_twice"
    """More than one payment of the order was charged."""
    TEST_PAYMENT = "test_payment"
    """The payment was made in a test channel: no money has moved."""
    ORPHAN = "orphan"
    """A payment that belongs to no order."""
    NOT_CHECKED = "not_checked"
    """Nothing is known: the look-up failed, or the order could not be read."""


VerdictLike: TypeAlias = (
    Verdict
    | Literal[
        "matched",
        "missing",
        "amount_differs",
        "currency_differs",
        "status_differs",
        "partially_cancelled",
        "paid_twice",
        "test_payment",
        "orphan",
        "not_checked",
    ]
    | str
)
"""A verdict: ``Verdict.MISSING`` or ``"missing"``."""


class Finding(Struct, frozen=True, kw_only=True):
    """One order, or one payment without an order, with its verdict."""

    merchant_uid: str
    verdict: Verdict
    order: Order | None = None
    """``None`` for an orphan, and for an order that could not be read."""
    payments: tuple[PaymentSnapshot, ...] = ()
    """All payments of the order that were seen, the newest first."""
    error: str | None = None
    """Why it could not be checked."""


class Summary(Struct, frozen=True, kw_only=True):
    """A whole run in figures."""

    counts: Mapping[Verdict, int]
    amounts: Mapping[Verdict, Mapping[str, Decimal]]
    """Money by verdict and currency: amounts ordered; for orphans, amounts paid.

    They are gross: refunds and cancellations are not taken off, and they are not what differs. For
    differences see :attr:`bridge`.
    """
    requests: int
    """Requests sent for payments, retries counted."""
    retries: int
    seconds: float
    """How long the run took, all its parts together when it was resumed."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """When the run first came to its end: the time that its findings are from."""
    assumed_empty: tuple[AssumedEmpty, ...] = ()
    """Periods that PortOne answered with an error where an empty list was expected."""
    bridge: Mapping[str, Bridge] = field(default_factory=dict[str, Bridge])
    """By currency, how the money ordered becomes the money charged: every line adds up."""
    unreadable: int = 0
    """Rows of orders, and payments, that could not be read: no line of the bridge has them."""
