"""The asyncio client for PortOne V1 (formerly iamport)."""

from typing import TYPE_CHECKING, Any

from ._version import __version__
from .call import Call
from .client import PortOneClient
from .errors import (
    ApiError,
    Attempt,
    AuthenticationError,
    CancelPendingError,
    CancelRefusedError,
    CertificateError,
    ChargedTwiceError,
    ChargeFailedError,
    ClientClosedError,
    ConnectionFailedError,
    DeadlineExceededError,
    Difference,
    InvalidRequestError,
    InvalidWebhookError,
    MalformedResponseError,
    NotFoundError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    PaymentMismatchError,
    PaymentNotFoundError,
    PortOneError,
    ProxyError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    TransientError,
    UnauthorizedError,
    UnexpectedResponseError,
    UnsupportedVersionError,
    WrongLoopError,
)
from .models import (
    Cancellation,
    Deposit,
    Failed,
    Found,
    Group,
    Missing,
    Payment,
    PaymentStatus,
    PaymentStatusLike,
    Promotion,
    Sorting,
    SortingLike,
    UnreadablePayment,
)
from .policy import RateLimit, RetryPolicy, Timeouts
from .throttle import Throttle, TokenBucket

if TYPE_CHECKING:
    from ._order_number import order_number as order_number

__all__ = (
    "ApiError",
    "Attempt",
    "AuthenticationError",
    "Call",
    "CancelPendingError",
    "CancelRefusedError",
    "Cancellation",
    "CertificateError",
    "ChargeFailedError",
    "ChargedTwiceError",
    "ClientClosedError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "Deposit",
    "Difference",
    "Failed",
    "Found",
    "Group",
    "InvalidRequestError",
    "InvalidWebhookError",
    "MalformedResponseError",
    "Missing",
    "NotFoundError",
    "OrderNumberUsedError",
    "OutcomeUnknownError",
    "Payment",
    "PaymentMismatchError",
    "PaymentNotFoundError",
    "PaymentStatus",
    "PaymentStatusLike",
    "PortOneClient",
    "PortOneError",
    "Promotion",
    "ProxyError",
    "RateLimit",
    "RateLimitedError",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "Sorting",
    "SortingLike",
    "Throttle",
    "Timeouts",
    "TokenBucket",
    "TransientError",
    "UnauthorizedError",
    "UnexpectedResponseError",
    "UnreadablePayment",
    "UnsupportedVersionError",
    "WrongLoopError",
    "__version__",
    "order_number",
)


def __getattr__(name: str) -> Any:
    # Loaded on first use: most programs only look payments up.
    if name == "order_number":
        from ._order_number import order_number  # noqa: PLC0415 (see above)

        globals()[name] = order_number
        return order_number
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
