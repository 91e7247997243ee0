"""Deliveries of escrow payments.

Source: ``EscrowLogisAnnotation`` of PortOne's V1 REST API,
https://developers.portone.io/api/rest-v1/escrow
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from ._item import Item
from ._record import AWARE, ResponseRecord

__all__ = (
    "EscrowAddress",
    "EscrowDelivery",
    "EscrowLogis",
    "EscrowProduct",
    "EscrowReceiver",
    "EscrowSender",
)


class EscrowDelivery(ResponseRecord, frozen=True, kw_only=True):
    """The delivery that is registered for an escrow payment.

    It does not name the payment, nor the sender and the receiver. Nothing is surely there.
    """

    shown: ClassVar[tuple[str, ...]] = ("company", "invoice", "sent_at", "applied_at")
    public: ClassVar = shown

    company: str | None = None
    """The courier's code, as in ``CJGLS``; ``ETC`` for one that PortOne does not know."""
    invoice: str | None = None
    """The courier's number of the parcel."""
    sent_at: Annotated[datetime, AWARE] | None = None
    """When it was sent."""
    applied_at: Annotated[datetime, AWARE] | None = None
    """When it was registered."""


class EscrowAddress(Item, frozen=True, kw_only=True):
    """An address in two lines (smartro_v2)."""

    address_line_1: str | None = None
    """The street or the lot."""
    address_line_2: str | None = None
    """The building and the flat."""


class _Person(Item, frozen=True, kw_only=True):
    """A person of a delivery. ``repr`` shows nothing.

    html5_inicis requires name, tel, addr and postcode; smartro_v2 name, tel, postcode and
    formed_address.
    """

    name: str | None = None
    tel: str | None = None
    addr: str | None = None
    postcode: str | None = None
    formed_address: EscrowAddress | None = None
    """Instead of ``addr`` (smartro_v2)."""


class EscrowReceiver(_Person, frozen=True, kw_only=True):
    """The person who receives the goods. ``repr`` shows nothing."""


class EscrowSender(_Person, frozen=True, kw_only=True):
    """The person who sends the goods. ``repr`` shows nothing."""

    relationship: str | None = None
    """To the shop, as in ``본인`` (daou)."""


class EscrowLogis(Item, frozen=True, kw_only=True):
    """The parcel."""

    shown: ClassVar[tuple[str, ...]] = ("company", "invoice", "sent_at")

    company: (
        Literal[
            "HYUNDAI",
            "HANARO",
            "SAGAWA",
            "KGB",
            "YELLOWCAP",
            "DONGBU",
            "EPOST",
            "CJGLS",
            "HANJIN",
            "DAESIN",
            "ETC",
        ]
        | str
    )
    """The courier's code, as in ``CJGLS``. PortOne replaces an unknown one by ``ETC`` without a
    word."""
    invoice: str
    """The courier's number of the parcel."""
    sent_at: datetime
    """When it was sent, with a time zone."""
    receiving_at: str | None = None
    """The day of the delivery, as in ``20261125`` (daou)."""
    address: str | None = None
    """Where it is sent from (daou)."""


class EscrowProduct(Item, frozen=True, kw_only=True):
    """Goods in the parcel (welcome)."""

    shown: ClassVar[tuple[str, ...]] = ("id", "code", "amount", "currency", "quantity")

    id: str
    """The shop's id."""
    name: str
    amount: int | Decimal
    """The price of one, in ``currency``."""
    code: str | None = None
    """The shop's own code."""
    currency: str | None = None
    """PortOne's default is ``KRW``."""
    quantity: int | None = None
    """PortOne's default is 1."""
    tag: str | None = None
    """The kind of goods."""
