"""Schedules: charges of billing keys that PortOne makes at a time in the future.

Source: ``ScheduleResultAnnotation`` and ``ScheduleAnnotation`` of PortOne's V1 REST API
(``GET /subscribe/payments/schedule/{merchant_uid}``,
https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe.payment).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from msgspec import field

from ._item import Item
from ._listing import Listing, PageOrArray
from ._record import AWARE, ResponseRecord
from ._unreadable import UnreadableRecord
from .payments import PaymentStatus

__all__ = (
    "Schedule",
    "ScheduleExtra",
    "ScheduleItem",
    "ScheduleListing",
    "SchedulePage",
    "ScheduleStatusLike",
    "UnreadableSchedule",
)

ScheduleStatusLike: TypeAlias = Literal["scheduled", "executed", "revoked"] | str
"""The state of a schedule, or a word that PortOne adds later."""


class UnreadableSchedule(UnreadableRecord, frozen=True, kw_only=True):
    """A schedule whose money, state or identity cannot be read.

    Strict are ``merchant_uid``, ``amount``, ``currency``, ``schedule_status`` and
    ``payment_status``. It only shows that the schedule exists.
    """

    noun: ClassVar = "schedule"

    merchant_uid: str | None
    """``None`` when this, too, cannot be read."""
    customer_uid: str | None
    """``None`` when this, too, cannot be read."""


class Schedule(ResponseRecord, frozen=True, kw_only=True):
    """A charge that PortOne makes at a time in the future, made, or will not make.

    Only :attr:`merchant_uid` is always there. The ``repr`` has no personal data; the fields
    ``buyer_*``, ``custom_data`` and :attr:`raw` hold it.
    """

    strict: ClassVar = ("currency", "schedule_status", "payment_status")
    unreadable_type: ClassVar = UnreadableSchedule
    shown: ClassVar = (
        "merchant_uid",
        "customer_uid",
        "imp_uid",
        "amount",
        "currency",
        "schedule_at",
        "schedule_status",
        "payment_status",
        "executed_at",
        "revoked_at",
    )
    # Not customer_uid, as in a payment: it links all charges of a person.
    public: ClassVar = (
        *("merchant_uid", "imp_uid", "amount", "currency", "schedule_at", "schedule_status"),
        *("payment_status", "executed_at", "revoked_at", "pg_provider", "pg_id", "name"),
        "promotion_id",
    )

    merchant_uid: str
    """The shop's order number: of the schedule, and of the payments that it makes."""
    customer_uid: str | None = None
    """The billing key that is charged."""
    imp_uid: str | None = None
    """PortOne's id of the payment; ``None`` until the charge is made."""
    amount: Decimal | None = None
    """What is charged, in :attr:`currency`."""
    currency: str | None = None
    """The currency of :attr:`amount`, as in ``KRW``."""
    schedule_at: Annotated[datetime, AWARE] | None = None
    """When it is to be charged."""
    schedule_status: str | None = None
    """``scheduled``, ``executed`` or ``revoked``. *Executed* does not mean paid."""
    payment_status: PaymentStatus | None = None
    """``paid``, ``failed`` or ``cancelled``; ``None`` until the charge is made."""
    executed_at: Annotated[datetime, AWARE] | None = None
    """When the charge was made, in UTC; ``None``: it was not."""
    revoked_at: Annotated[datetime, AWARE] | None = None
    """When the schedule was revoked, in UTC; ``None``: it was not."""
    fail_reason: str | None = None
    """Why the charge failed, in the words of the PG."""
    pg_provider: str | None = None
    pg_id: str | None = None
    customer_id: str | None = None
    """The shop's name for the buyer."""
    name: str | None = None
    """The name of the goods."""
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_tel: str | None = None
    buyer_addr: str | None = None
    buyer_postcode: str | None = None
    custom_data: str | None = None
    promotion_id: str | None = None

    @property
    def is_paid(self) -> bool:
        """Whether it was charged, and not cancelled since."""
        return self.payment_status == PaymentStatus.PAID

    def __hash__(self) -> int:
        return hash((self.merchant_uid, self.schedule_status))


class ScheduleExtra(Item, frozen=True, kw_only=True):
    """Parameters of one PG."""

    shown: ClassVar = ("naver_use_cfm",)

    naver_use_cfm: str | None = field(default=None, name="naverUseCfm")
    """For naverpay: the day on which the goods are used, as in ``20261231``."""


class ScheduleItem(Item, frozen=True, kw_only=True):
    """A charge to book.

    Buyer fields that are not given are those that were stored with the billing key.
    """

    shown: ClassVar = ("merchant_uid", "schedule_at", "amount", "currency")

    merchant_uid: str
    """The shop's order number, unused before: 40 characters at most, since some PGs cut longer
    ones, and without a slash."""
    schedule_at: datetime
    """When to charge, with a time zone; PortOne counts whole seconds."""
    amount: int | Decimal | str
    """What to charge, in ``currency``."""
    name: str
    """The name of the goods."""
    currency: str | None = None
    """PortOne's default is ``KRW``."""
    tax_free: int | Decimal | str | None = None
    """The part of ``amount`` that is free of tax."""
    vat_amount: int | Decimal | str | None = None
    """The value added tax in ``amount``; PortOne's default is an eleventh of the taxed part."""
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_tel: str | None = None
    buyer_addr: str | None = None
    buyer_postcode: str | None = None
    custom_data: str | None = None
    """The shop's own data, as text: PortOne stores it with the payment."""
    notice_url: str | None = None
    """Where the webhook of the charge goes instead of the console's address."""
    product_type: Literal["real", "digital"] | str | None = None
    """Required by ksnet."""
    product_count: int | None = None
    cash_receipt_type: Literal["person", "company", "anonymous"] | str | None = None
    """For tosspay_v2: ``anonymous`` for no receipt."""
    card_quota: int | None = None
    """Months of instalment; 0 for a lump sum."""
    interest_free_by_merchant: bool | None = None
    use_card_point: bool | None = None
    browser_ip: str | None = None
    extra: ScheduleExtra | Mapping[str, Any] | None = None
    bypass: str | None = None
    """Parameters of a PG that PortOne passes on, as JSON in a text."""
    promotion_id: str | None = None


SchedulePage: TypeAlias = PageOrArray[Schedule, UnreadableSchedule]
"""One page of a list of schedules, or a list without pages."""
ScheduleListing: TypeAlias = Listing[Schedule, UnreadableSchedule]
"""A list of schedules without pages."""
