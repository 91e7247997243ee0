"""Billing keys: stored cards and other instruments that a shop charges without a payment window.

Source: ``CustomerAnnotation`` and ``SuperBillingKeyAnnotation`` of PortOne's V1 REST API
(``GET /subscribe/customers/{customer_uid}``,
https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe.customer).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Struct, field

from ._listing import Listing
from ._record import AWARE, Many, Record, ResponseRecord
from ._unreadable import UnreadableRecord

__all__ = (
    "BillingKey",
    "BillingKeyGroup",
    "BillingKeyListing",
    "FailedChannel",
    "SucceededChannel",
    "UnreadableBillingKey",
)

_CARD = (
    *("card_name", "card_code", "card_issuer_code", "card_issuer_name", "card_publisher_code"),
    *("card_publisher_name", "card_type"),
)


class SucceededChannel(Record, frozen=True, kw_only=True):
    """A channel of a super billing key that issued a key."""

    shown: ClassVar = ("pg_provider", "pg_id", "inserted", "updated")
    public: ClassVar = (*shown, *_CARD)

    pg_provider: str | None = None
    """The PG, as in ``html5_inicis``."""
    pg_id: str | None = None
    """The shop's id at the PG (MID)."""
    card_name: str | None = None
    card_code: str | None = None
    card_issuer_code: str | None = None
    card_issuer_name: str | None = None
    card_publisher_code: str | None = None
    card_publisher_name: str | None = None
    card_number: str | None = None
    """Masked, in a way that depends on the PG."""
    card_type: int | None = None
    """0 credit, 1 check; ``None`` when the PG does not say."""
    inserted: Annotated[datetime, AWARE] | None = None
    """When its first key was issued, in UTC."""
    updated: Annotated[datetime, AWARE] | None = None
    """When its present key was issued, in UTC."""


class FailedChannel(Record, frozen=True, kw_only=True):
    """A channel of a super billing key whose PG did not issue a key."""

    shown: ClassVar = ("type", "pg_provider", "pg_id")
    public: ClassVar = shown

    type: str | None = None
    """``INVALID_REQUEST``, ``PG_PROVIDER``, ``DB_FAILED``, or a word that PortOne adds later."""
    message: str | None = None
    """The reason, in Korean. It may repeat what the buyer entered."""
    pg_provider: str | None = None
    pg_id: str | None = None


class UnreadableBillingKey(UnreadableRecord, frozen=True, kw_only=True):
    """A billing key that cannot be read: it only shows that PortOne has it."""

    noun: ClassVar = "billing key"

    customer_uid: str | None
    """``None`` when this, too, cannot be read."""


class BillingKey(ResponseRecord, frozen=True, kw_only=True):
    """A stored card or other instrument, by the shop's own name for it.

    Only :attr:`customer_uid` is always there. A *super billing key* has a key in each channel of a
    smart routing group: its cards are in :attr:`succeeded_channels`, and the ``pg_*`` and
    ``card_*`` fields and the times of the key itself are ``None``. The ``repr`` has no personal
    data; the fields ``customer_name`` to ``customer_postcode``, ``card_number`` and :attr:`raw`
    hold it.
    """

    unreadable_type: ClassVar = UnreadableBillingKey
    shown: ClassVar = (
        "customer_uid",
        "pg_provider",
        "pg_id",
        "sandbox",
        "inserted",
        "updated",
        "channel_group_id",
        "succeeded_channels",
        "failed_channels",
    )
    public: ClassVar = (*shown, *_CARD)

    customer_uid: str
    """The shop's name for the key: one per card, not per buyer."""
    pg_provider: str | None = None
    """The PG, as in ``html5_inicis``."""
    pg_id: str | None = None
    """The shop's id at the PG (MID)."""
    sandbox: bool | None = None
    """Whether it belongs to a test channel; ``None`` (unknown) before 2025-11."""
    customer_id: str | None = None
    """The shop's name for the buyer."""
    card_name: str | None = None
    card_code: str | None = None
    card_issuer_code: str | None = None
    card_issuer_name: str | None = None
    card_publisher_code: str | None = None
    card_publisher_name: str | None = None
    card_number: str | None = None
    """Masked, in a way that depends on the PG. ``None`` for other instruments than cards."""
    card_type: int | None = None
    """0 credit, 1 check; ``None`` when the PG does not say, which is not credit."""
    customer_name: str | None = None
    customer_tel: str | None = None
    customer_email: str | None = None
    customer_addr: str | None = None
    customer_postcode: str | None = None
    inserted: Annotated[datetime, AWARE] | None = None
    """When the first key of this name was issued."""
    updated: Annotated[datetime, AWARE] | None = None
    """When the present key was issued: later than :attr:`inserted` if it replaced another."""
    channel_group_id: str | None = field(default=None, name="channelGroupId")
    """The smart routing group of a super billing key."""
    succeeded_channels: Many[SucceededChannel, ...] = field(default=(), name="succeededChannels")
    """The channels of a super billing key that can be charged."""
    failed_channels: Many[FailedChannel, ...] = field(default=(), name="failedChannels")
    """The channels of a super billing key that refused the card: the key cannot be charged there."""

    @property
    def is_super(self) -> bool:
        """Whether it is a super billing key."""
        return bool(self.channel_group_id or self.succeeded_channels or self.failed_channels)

    @property
    def was_replaced(self) -> bool:
        """Whether it replaced an earlier key of this name, by its times; unknown times say no."""
        times = [(self.inserted, self.updated)]
        times += [(channel.inserted, channel.updated) for channel in self.succeeded_channels]
        return any(a is not None and b is not None and b > a for a, b in times)

    def __hash__(self) -> int:
        return hash((self.customer_uid, self.updated))


class BillingKeyGroup(Struct, frozen=True):
    """A name, with the billing key that PortOne listed for it."""

    customer_uid: str
    key: BillingKey | None = None
    """``None``: PortOne listed none, or none that can be read."""
    unreadable: tuple[UnreadableBillingKey, ...] = ()
    """Unreadable keys that have this name, or may have it: see :attr:`is_missing`."""

    @property
    def is_missing(self) -> bool:
        """Whether PortOne listed no key of this name."""
        return self.key is None and not self.unreadable


BillingKeyListing: TypeAlias = Listing[BillingKey, UnreadableBillingKey]
"""A list of billing keys."""
