"""Product orders, reviews and amounts of Naver Pay.

Source: ``NaverProductOrderAnnotation``, ``NaverReviewAnnotation`` and ``NaverCashAmountAnnotation``
of PortOne's V1 REST API.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from ._record import AWARE, Record, ResponseRecord

__all__ = (
    "NaverAddress",
    "NaverCashAmount",
    "NaverOrderer",
    "NaverProductOrder",
    "NaverReview",
)


class NaverOrderer(Record, frozen=True, kw_only=True):
    """The person who ordered."""

    name: str | None = None
    id: str | None = None
    """The Naver id, masked by Naver."""
    tel: str | None = None


class NaverAddress(Record, frozen=True, kw_only=True):
    """Where a product order is delivered to."""

    name: str | None = None
    base: str | None = None
    detail: str | None = None
    postcode: str | None = None
    tel1: str | None = None
    tel2: str | None = None


class NaverProductOrder(ResponseRecord, frozen=True, kw_only=True):
    """One product of an order-type Naver Pay payment, with its delivery and its claim.

    The words below are those that PortOne documents; any other may come. Orderer, address, memo and
    ``individual_code`` are personal data: the ``repr`` shows none of them.
    """

    shown: ClassVar[tuple[str, ...]] = (
        "product_order_id",
        "product_order_status",
        "claim_type",
        "claim_status",
        "product_id",
        "quantity",
        "product_amount",
        "delivery_amount",
        "shipping_due",
    )
    public: ClassVar = (*shown, "product_name", "product_option_id")

    product_order_id: str
    """Naver's number of the product order."""
    product_order_status: str | None = None
    """``PAYMENT_WAITING``, ``PAYED``, ``DELIVERING``, ``DELIVERED``, ``PURCHASE_DECIDED``,
    ``EXCHANGED``, ``CANCELED``, ``RETURNED`` or ``CANCELED_BY_NOPAYMENT``."""
    claim_type: str | None = None
    """``CANCEL``, ``RETURN``, ``EXCHANGE``, ``PURCHASE_DECISION_HOLDBACK``, ``ADMIN_CANCEL``, or
    ``None`` without a claim."""
    claim_status: str | None = None
    """The state of the claim, as in ``CANCEL_REQUEST``, ``CANCELING``, ``CANCEL_DONE``,
    ``RETURN_REQUEST``, ``COLLECTING``, ``COLLECT_DONE``, ``RETURN_DONE`` or ``RETURN_REJECT``."""
    product_id: str | None = None
    product_name: str | None = None
    product_option_id: str | None = None
    product_option_name: str | None = None
    quantity: int | None = None
    """The number of pieces."""
    product_amount: Decimal | None = None
    """KRW."""
    delivery_amount: Decimal | None = None
    """KRW."""
    orderer: NaverOrderer | None = None
    shipping_address: NaverAddress | None = None
    shipping_memo: str | None = None
    """The buyer's note for the delivery."""
    shipping_due: Annotated[datetime, AWARE] | None = None
    """When the shop must have shipped it."""
    individual_code: str | None = None
    """The buyer's personal customs code."""


class NaverReview(ResponseRecord, frozen=True, kw_only=True):
    """A buyer's review. The ``repr`` shows neither its text nor its writer."""

    shown: ClassVar[tuple[str, ...]] = (
        "review_id",
        "score",
        "product_order_id",
        "product_id",
        "created_at",
        "modified_at",
    )
    public: ClassVar = (*shown, "product_name")

    review_id: str
    score: int | None = None
    """1 to 5. PortOne sends it as text."""
    title: str | None = None
    """The text of a general review, the title of a premium one."""
    content: str | None = None
    """The text of a premium review."""
    product_order_id: str | None = None
    product_id: str | None = None
    product_name: str | None = None
    product_option_name: str | None = None
    writer: str | None = None
    """The writer's Naver id."""
    created_at: Annotated[datetime, AWARE] | None = None
    modified_at: Annotated[datetime, AWARE] | None = None


class NaverCashAmount(ResponseRecord, frozen=True, kw_only=True):
    """The amount for which a cash receipt may be issued, in KRW."""

    shown: ClassVar[tuple[str, ...]] = (
        "amount_total",
        "amount_by_npoint",
        "amount_by_primary",
        "amount_supply",
        "amount_vat",
    )
    public: ClassVar = shown

    amount_total: Decimal | None = None
    """The whole amount, VAT included."""
    amount_by_npoint: Decimal | None = None
    """The part paid with Naver points."""
    amount_by_primary: Decimal | None = None
    """The part paid with the main means of payment, such as a card or a transfer."""
    amount_supply: Decimal | None = None
    """The supply value: the total without VAT."""
    amount_vat: Decimal | None = None
    """The VAT."""
