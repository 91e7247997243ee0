"""The input and the results of a reconciliation. They contain no personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct, field, to_builtins

from portone_async.models import Payment
from portone_async.resources.payments._words import STATUSES, refuse_misspelling

from .bridge import Bridge
from .money import ZERO

if TYPE_CHECKING:
    from portone_async.models import PaymentStatusLike
else:
    # msgspec, which decodes findings from JSON, allows one string type in a union.
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

_EXACT = (Decimal, datetime)


UNREAD_ORDER = "a row or a payment with its order number could not be read"
"""The error of a payment without an order that may have one, in such a row."""


class Order(Struct, frozen=True, gc=False):
    """An order in the shop's books: what its payment should be."""

    merchant_uid: str
    """The order number."""
    amount: Decimal
    """The amount that should have been charged, in :attr:`currency`."""
    currency: str = "KRW"
    """The currency of all its amounts, as in ``KRW``."""
    status: PaymentStatusLike = "paid"
    """The status that its payment should have: ``paid``, ``cancelled``, …

    A known status in another spelling, such as ``PAID``, is an ``InvalidRequestError``.
    """
    cancelled_amount: Decimal = ZERO
    """The amount that the shop has refunded so far, in :attr:`currency`; 0 if nothing."""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            refuse_misspelling("status", self.status)


class Refund(Struct, frozen=True):
    """A refund listed apart from its order, such as a row with a negative amount in a file.

    The sum of all refunds of an order number becomes the order's
    :attr:`Order.cancelled_amount`. They may come before or after the order.
    """

    merchant_uid: str
    """The number of the order."""
    amount: Decimal
    """The refunded amount, in :attr:`currency`; above 0."""
    currency: str
    """The currency of the order."""
    row: str
    """Where it is listed, such as ``orders.csv:12``.

    It distinguishes two equal refunds of an order from one that is read twice: it must be unique
    within a run, and the same when the run is resumed.
    """


class UnreadableOrder(Struct, frozen=True):
    """An order that could not be read: it becomes a finding ``not_checked``."""

    where: str
    """The place, such as ``orders.csv:12``: a run has one finding for each place."""
    reason: str
    """The problem, without personal data."""
    merchant_uid: str = ""
    """Its order number, if that could be read."""


class AssumedEmpty(Struct, frozen=True):
    """A period that PortOne refused to list, assumed to have no payment of a status."""

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
    cancel_amount: Decimal = ZERO
    currency: str | None = None
    sandbox: bool | None = None
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None

    @classmethod
    def of(cls, payment: Payment) -> PaymentSnapshot:
        """Copy the fields that a comparison uses, none of the buyer's."""
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
    """PortOne reports that the order has no payment."""
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    STATUS_DIFFERS = "status_differs"
    PARTIALLY_CANCELLED = "partially_cancelled"
    """A part was cancelled, and more than the order declares."""
    PAID_TWICE = "paid_twice"
    """More than one payment of the order was charged."""
    TEST_PAYMENT = "test_payment"
    """The payment was made in a test channel: no money has moved."""
    ORPHAN = "orphan"
    """A payment that belongs to no order."""
    NOT_CHECKED = "not_checked"
    """Unknown: the look-up failed, or the order could not be read."""

    # As its value, which it equals, and without the call of a Python function for each use as a key.
    __hash__ = str.__hash__


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
    """The order number, for an orphan that of its payment."""
    verdict: Verdict
    """The result of the comparison."""
    order: Order | None = None
    """``None`` for an orphan, and for an order that could not be read."""
    payments: tuple[PaymentSnapshot, ...] = ()
    """All payments of the order that PortOne returned, the newest first."""
    error: str | None = None
    """The reason why it could not be checked."""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a new flat dict: a row with the columns of ``--out`` in Parquet.

        The keys are those of :meth:`columns`. ``order_*`` are the fields of :attr:`order`, and
        ``None`` without one; ``payments`` is a list of dicts. Money is an exact ``Decimal``, a time
        is an aware datetime, a verdict or status is a plain ``str``. It has no personal data.
        """
        order = self.order
        return {
            "merchant_uid": self.merchant_uid,
            "verdict": self.verdict.value,
            "order_amount": order and order.amount,
            "order_currency": order and order.currency,
            "order_status": order and str(order.status),
            "order_cancelled_amount": order and order.cancelled_amount,
            "payments": [to_builtins(part, builtin_types=_EXACT) for part in self.payments],
            "error": self.error,
        }

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the keys of :meth:`to_dict` in their order."""
        return (
            *("merchant_uid", "verdict", "order_amount", "order_currency", "order_status"),
            *("order_cancelled_amount", "payments", "error"),
        )


class Summary(Struct, frozen=True, kw_only=True):
    """The totals of a whole run."""

    counts: Mapping[Verdict, int]
    """The number of findings by verdict."""
    amounts: Mapping[Verdict, Mapping[str, Decimal]]
    """Money by verdict and currency: amounts ordered; for orphans, amounts paid.

    They are gross: refunds and cancellations are not subtracted. For differences see
    :attr:`bridge`.
    """
    requests: int
    """Requests sent for payments, retries included."""
    retries: int
    """Those of them that were retries."""
    seconds: float
    """The duration of the run; the sum of its parts if it was resumed."""
    started_at: datetime | None = None
    """When the run first began, in UTC."""
    ended_at: datetime | None = None
    """When the run first ended: the time of its findings."""
    assumed_empty: tuple[AssumedEmpty, ...] = ()
    """Periods for which PortOne returned an error where an empty list was expected."""
    bridge: Mapping[str, Bridge] = field(default_factory=dict[str, Bridge])
    """By currency, the steps from the money ordered to the money charged."""
    unreadable: int = 0
    """The number of orders and payments that could not be read and are in no bridge."""
