"""Outcomes of money: a payment that differs, and charges and refunds that did not simply succeed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from portone_async._redact import printable

from ._error import PortOneError
from ._response import ApiError

if TYPE_CHECKING:
    from portone_async.models import Payment

__all__ = (
    "CancelPendingError",
    "CancelRefusedError",
    "ChargeFailedError",
    "ChargedTwiceError",
    "Difference",
    "OrderNumberUsedError",
    "OutcomeUnknownError",
    "PaymentMismatchError",
)


class Difference(Struct, frozen=True):
    """A field in which a payment differs from the order."""

    field: str
    """As in ``amount`` or ``status``."""
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.field} is {printable(self.actual)}, not {printable(self.expected)}"


class PaymentMismatchError(PortOneError):
    """PortOne has the payment, but it differs from the order. Do not ship."""

    advice = "Do not ship. Look at the payment in PortOne's console before anything is refunded."

    def __init__(
        self, reason: str = "", *, differences: tuple[Difference, ...] = (), **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.differences = differences
        """Every difference, not only the first."""


class _RefundAttributes:
    checksum: Decimal | None = None
    """Of a refund that may be repeated: the balance that it was sent with. Repeated with this
    ``checksum``, or with its ``key``, it is made once at most."""
    key: str | None = None
    """The key of that refund, if it has one."""


class OutcomeUnknownError(_RefundAttributes, PortOneError):
    """Whether PortOne carried the operation out is unknown, also after look-ups.

    The answer was lost, and the look-ups failed or found no definite answer in time. It is never
    transient: to repeat the operation may move money twice, unless its own documentation says
    that a repetition is safe.
    """

    advice = (
        "Do not repeat it under another number or key. Look at it in PortOne's console, or look it "
        "up again later."
    )

    def __init__(
        self, reason: str = "", *, evidence: tuple[str, ...] = (), **response: Any
    ) -> None:
        super().__init__(reason, **response)
        # Like the reason: what users encode is plain, and the command line words it.
        self._worded_evidence = evidence
        self.evidence = tuple(map(str, evidence))
        """What was sent and looked up, and what came back, in order; one line each."""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} [{'; '.join(self.evidence)}]" if self.evidence else text


def worded_evidence(error: OutcomeUnknownError) -> tuple[str, ...]:
    """Return the evidence as sentences that can be translated, if it is as it was at first."""
    worded = error._worded_evidence  # noqa: SLF001 (of this module)
    return worded if worded == error.evidence else error.evidence


class ChargeFailedError(PortOneError):
    """PortOne made the payment, but the charge failed: its status is ``failed``.

    Nothing was charged. ``payment.fail_reason`` has the reason of the PG.
    """

    advice = (
        "payment.fail_reason says why. Charge again under a new merchant_uid: a failed charge "
        "uses its number up."
    )

    def __init__(
        self, reason: str = "", *, payment: Payment | None = None, **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.payment: Payment = payment  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # this package always passes it
        """The payment. It has personal data, also in a pickle of this error; its ``repr`` has none."""


class CancelPendingError(PortOneError):
    """PortOne accepted the refund, but has not made it yet: ``cancel_amount`` is unchanged.

    As with ``paypal_v2``, and with virtual accounts of some PGs. Do not cancel again: PortOne
    reports the end by a webhook.
    """

    advice = "Do not send it again. Wait for the webhook, or look the payment up later."

    def __init__(
        self, reason: str = "", *, payment: Payment | None = None, **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.payment: Payment = payment  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # this package always passes it
        """The payment. It has personal data, also in a pickle of this error; its ``repr`` has none."""


class CancelRefusedError(_RefundAttributes, ApiError):
    """The refund was not made.

    PortOne or the PG refused it (``code``, ``message``), another cancellation changed the balance
    first, or no look-up found a trace of it.
    """

    advice = "Look the payment up: its balance tells what can still be refunded."


class OrderNumberUsedError(PortOneError):
    """The ``merchant_uid`` has a payment that this charge is not a repetition of. Nothing was sent."""

    advice = "Look at the payments, then charge under a new merchant_uid."

    def __init__(
        self, reason: str = "", *, payments: tuple[Payment, ...] = (), **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.payments = payments
        """The payments of this number. They have personal data, also in a pickle of this error."""


class ChargedTwiceError(PortOneError):
    """The ``merchant_uid`` has more than one paid payment.

    This package never sends a charge twice. Two programs may have sent one each at the same time.
    """

    advice = "Decide which of the payments to cancel. This package cancels neither."

    def __init__(
        self, reason: str = "", *, payments: tuple[Payment, ...] = (), **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.payments = payments
        """The paid payments. They have personal data, also in a pickle of this error."""
