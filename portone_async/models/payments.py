"""Payments, with the fields as PortOne names them.

Source: the ``PaymentAnnotation`` of PortOne's V1 REST API (``GET /payments/find/...``,
https://developers.portone.io/api/rest-v1/payment). PortOne adds fields and enum values at any
time: unknown ones are in ``raw``, and never an error.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, overload

import msgspec

from portone_async.errors import UnexpectedResponseError

from ._listing import Listing, Page
from ._record import AWARE, EXACT, Many, Record, ResponseRecord, redacted_message
from ._unreadable import UnreadableRecord

__all__ = (
    "Cancellation",
    "Deposit",
    "Payment",
    "PaymentListing",
    "PaymentPage",
    "PaymentStatus",
    "PaymentStatusLike",
    "Promotion",
    "Sorting",
    "SortingLike",
    "UnreadablePayment",
)

T = TypeVar("T")

_ZERO = Decimal(0)


class PaymentStatus(StrEnum):
    """The state of a payment. Open: any other word becomes a member as well."""

    READY = "ready"
    """The payment window was opened, or a virtual account was issued. Not paid."""
    PAID = "paid"
    """Charged, and not cancelled even in part."""
    FAILED = "failed"
    """Not paid: nothing was charged."""
    CANCELLED = "cancelled"
    """Cancelled, in whole or in part: see :attr:`Payment.is_partially_cancelled`."""
    PENDING = "pending"
    """Under review at some foreign PGs (``paypal_v2``, ``payletter``)."""

    @classmethod
    def _missing_(cls, value: object) -> PaymentStatus | None:
        if not isinstance(value, str):
            return None
        # Not registered: a new word each time must not grow the process.
        member = str.__new__(cls, value)
        member._name_ = value.upper()
        member._value_ = value
        return member


class Sorting(StrEnum):
    """Which of several payments of one order comes first."""

    STARTED_DESC = "-started"
    """The newest payment window first: the API's default."""
    STARTED_ASC = "started"
    PAID_DESC = "-paid"
    PAID_ASC = "paid"
    UPDATED_DESC = "-updated"
    """The latest change of state first."""
    UPDATED_ASC = "updated"


PaymentStatusLike: TypeAlias = (
    PaymentStatus | Literal["ready", "paid", "failed", "cancelled", "pending"] | str
)
"""A payment status: ``PaymentStatus.PAID``, ``"paid"``, or a word that PortOne adds later."""

SortingLike: TypeAlias = (
    Sorting | Literal["-started", "started", "-paid", "paid", "-updated", "updated"] | str
)
"""Which of several payments comes first: ``Sorting.PAID_DESC`` or ``"-paid"``."""


class Cancellation(Record, frozen=True, kw_only=True):
    """One cancellation, whole or partial, of a payment."""

    shown: ClassVar = ("amount", "cancelled_at", "cancellation_id")
    public: ClassVar = (*shown, "pg_tid")

    amount: Decimal
    """The refund, in the payment's currency."""
    cancelled_at: Annotated[datetime, AWARE] | None = None
    """When it was made, in UTC."""
    pg_tid: str | None = None
    """The PG's id of the cancellation."""
    reason: str | None = None
    """The text of the request."""
    cancellation_id: str | None = None
    """PortOne's id of the cancellation; older ones have none."""
    receipt_url: str | None = None
    """The address of its receipt."""


class Deposit(Record, frozen=True, kw_only=True):
    """One deposit into a fixed virtual account."""

    shown: ClassVar = ("amount", "deposited_at")
    public: ClassVar = (*shown, "pg_tid")

    amount: Decimal
    """The deposit, in the payment's currency."""
    pg_tid: str | None = None
    """The PG's id of the deposit."""
    depositor_name: str | None = None
    """The name on the transfer."""
    deposited_at: Annotated[datetime, AWARE] | None = None
    """When the money arrived, in UTC."""


class Promotion(Record, frozen=True, kw_only=True):
    """A PortOne promotion that the payment took part in."""

    shown: ClassVar = ("id", "discount")
    public: ClassVar = shown

    id: str | None = None
    """PortOne's id of the promotion."""
    discount: Decimal = _ZERO
    """The discount, in the payment's currency."""


class UnreadablePayment(UnreadableRecord, frozen=True, kw_only=True):
    """A payment whose money, state or identity cannot be read.

    Strict are ``imp_uid``, ``merchant_uid``, ``status``, ``amount``, ``cancel_amount``,
    ``currency`` and ``sandbox``. It only shows that the payment exists.
    """

    noun: ClassVar = "payment"

    imp_uid: str | None
    """``None`` when this, too, cannot be read."""
    merchant_uid: str | None
    """``None`` when this, too, cannot be read."""


class Payment(ResponseRecord, frozen=True, kw_only=True):
    """A payment, as PortOne returns it.

    Money is an exact ``Decimal`` in :attr:`currency` (1000 KRW is ``Decimal(1000)``); times are
    aware UTC datetimes, ``None`` for what has not happened. Only :attr:`imp_uid`,
    :attr:`merchant_uid`, :attr:`status` and :attr:`amount` are always there. The ``repr`` has no
    personal data; the fields ``buyer_*``, ``card_number``, ``vbank_*``,
    ``custom_data`` and :attr:`raw` hold it.
    """

    strict: ClassVar = ("currency", "sandbox")
    unreadable_type: ClassVar = UnreadablePayment
    shown: ClassVar = (
        "imp_uid",
        "merchant_uid",
        "status",
        "amount",
        "cancel_amount",
        "currency",
        "sandbox",
        "started_at",
        "paid_at",
        "failed_at",
        "cancelled_at",
    )
    public: ClassVar = (
        *shown,
        *("pay_method", "channel", "pg_provider", "emb_pg_provider", "pg_tid", "pg_id", "escrow"),
        *("apply_num", "bank_code", "bank_name", "card_code", "card_name", "card_issuer_code"),
        *("card_issuer_name", "card_publisher_code", "card_publisher_name", "card_quota"),
        *("card_type", "vbank_code", "vbank_name", "vbank_date", "vbank_issued_at", "name"),
        *("cancel_history", "deposit_history", "cash_receipt_issued", "customer_uid_usage"),
        "promotion",
    )

    imp_uid: str
    """PortOne's id of the payment: ``imp_...`` from the window, ``imps_...`` from the API."""
    merchant_uid: str
    """The shop's order number."""
    status: PaymentStatus
    """``ready``, ``paid``, ``failed`` or ``cancelled``; any other word may come, too."""
    amount: Decimal
    """The amount of the order, in :attr:`currency`. Whether a discount is subtracted is not
    documented (``doctor``: ``promotion-amount``)."""
    cancel_amount: Decimal = _ZERO
    """The sum of all refunds, in :attr:`currency`."""
    currency: str | None = None
    """The currency of all amounts, as in ``KRW`` or ``USD``."""
    sandbox: bool | None = None
    """Whether it was made in a test channel; ``None`` (unknown) before 2026-01-26."""

    pay_method: str | None = None
    """The means of payment, as in ``card``, ``trans`` or ``vbank``."""
    channel: str | None = None
    """``pc``, ``mobile`` or ``api``."""
    pg_provider: str | None = None
    """The PG, as in ``html5_inicis``."""
    emb_pg_provider: str | None = None
    """The easy-pay brand inside a hub type PG."""
    pg_tid: str | None = None
    """The PG's id of the payment."""
    pg_id: str | None = None
    """The shop's id at the PG (MID)."""
    escrow: bool | None = None
    """Whether it is an escrow payment."""
    apply_num: str | None = None
    """The card's approval number."""
    bank_code: str | None = None
    bank_name: str | None = None
    card_code: str | None = None
    """The card company's standard code, with leading zeros, as in ``361``."""
    card_name: str | None = None
    card_issuer_code: str | None = None
    card_issuer_name: str | None = None
    card_publisher_code: str | None = None
    card_publisher_name: str | None = None
    card_quota: int | None = None
    """Months of instalment; 0 for a lump sum, and for other methods than cards."""
    card_number: str | None = None
    """Masked, in a way that depends on the PG."""
    card_type: int | None = None
    """0 credit, 1 check; ``None`` when the PG does not say, which is not credit."""
    vbank_code: str | None = None
    vbank_name: str | None = None
    vbank_num: str | None = None
    """The number of the virtual account."""
    vbank_holder: str | None = None
    """The holder of the virtual account."""
    vbank_date: Annotated[datetime, AWARE] | None = None
    """The deadline for the deposit."""
    vbank_issued_at: Annotated[datetime, AWARE] | None = None
    """When the virtual account was issued, in UTC."""
    name: str | None = None
    """The name of the goods."""
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_tel: str | None = None
    buyer_addr: str | None = None
    buyer_postcode: str | None = None
    custom_data: str | None = None
    """The shop's own data, as text: see :meth:`custom`."""
    user_agent: str | None = None
    started_at: Annotated[datetime, AWARE] | None = None
    """When the payment was started, in UTC."""
    paid_at: Annotated[datetime, AWARE] | None = None
    """When it was paid, in UTC; ``None``: it was not."""
    failed_at: Annotated[datetime, AWARE] | None = None
    """When it failed, in UTC; ``None``: it did not."""
    cancelled_at: Annotated[datetime, AWARE] | None = None
    """When it was cancelled, in whole or in part, in UTC; ``None``: it was not."""
    fail_reason: str | None = None
    """Why it failed, in the words of the PG."""
    cancel_reason: str | None = None
    """Why it was cancelled: the text of the request."""
    receipt_url: str | None = None
    """The address of the receipt. It shows the payment to anyone who has it."""
    cancel_history: Many[Cancellation, ...] = ()
    """The cancellations, each with its amount."""
    deposit_history: Many[Deposit, ...] = ()
    """The deposits into a fixed virtual account."""
    cancel_receipt_urls: Many[str, ...] = ()
    """Deprecated by PortOne: each :class:`Cancellation` has its own."""
    cash_receipt_issued: bool | None = None
    """Whether a cash receipt was issued."""
    customer_uid: str | None = None
    """The billing key that was issued or charged."""
    customer_uid_usage: str | None = None
    """``issue``, ``payment`` or ``payment.scheduled``."""
    promotion: Promotion | None = None
    """The promotion and its discount; ``None`` without one."""
    extension: dict[str, Any] | None = None
    """Fields that a PG adds, if requested by ``extension=True``."""

    @property
    def balance(self) -> Decimal:
        """The amount after cancellations: ``amount - cancel_amount``."""
        return EXACT.subtract(self.amount, self.cancel_amount)

    @property
    def is_paid(self) -> bool:
        """Whether the status is ``paid``: charged, and not cancelled even in part.

        It does not check the amount, the currency or :attr:`sandbox`: compare those too before you
        ship.
        """
        return self.status == PaymentStatus.PAID

    @property
    def is_partially_cancelled(self) -> bool:
        """Whether only a part was refunded. PortOne's status is ``cancelled`` then."""
        return 0 < self.cancel_amount < self.amount

    @overload
    def custom(self) -> dict[str, Any]: ...
    @overload
    def custom(self, type: type[T]) -> T: ...
    def custom(self, type: type[Any] = dict) -> Any:  # noqa: A002 (the name that msgspec uses)
        """Decode ``custom_data`` from JSON.

        Args:
            type: The type to decode: ``dict``, or any type that msgspec supports.

        Raises:
            UnexpectedResponseError: There is none, it is not JSON, or not of that type.
        """
        problem = "there is none"
        if "custom_data" in self.unreadable:
            problem = "it came as another type than text, see raw"
        if self.custom_data is not None:
            try:
                return msgspec.json.decode(self.custom_data, type=type, strict=False)
            except msgspec.ValidationError as error:
                problem = redacted_message(error)
            except (msgspec.DecodeError, RecursionError):
                problem = "it is not JSON"
        # Raised here, so that no frame or context of the error holds the text.
        raise UnexpectedResponseError(f"custom_data of {self.imp_uid} cannot be decoded: {problem}")

    def __hash__(self) -> int:
        return hash((self.imp_uid, self.status))


PaymentPage: TypeAlias = Page[Payment, UnreadablePayment]
"""One page of a list of payments."""
PaymentListing: TypeAlias = Listing[Payment, UnreadablePayment]
"""A list of payments without pages."""
