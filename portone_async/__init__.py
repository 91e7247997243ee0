"""The asyncio client for PortOne V1 (formerly iamport)."""

from ._version import __version__
from .call import Call
from .client import PortOneClient
from .errors import (
    ApiError,
    Attempt,
    AuthenticationError,
    CertificateError,
    ClientClosedError,
    ConnectionFailedError,
    DeadlineExceededError,
    Difference,
    InvalidRequestError,
    InvalidWebhookError,
    MalformedResponseError,
    PaymentMismatchError,
    PaymentNotFoundError,
    PortOneError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    TransientError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from .models import Cancellation, Deposit, Payment, PaymentStatus, Promotion, Sorting
from .payments import Failed, Found, Group, Missing
from .policy import RateLimit, RetryPolicy, Timeouts
from .throttle import Throttle, TokenBucket

__all__ = (
    "ApiError",
    "Attempt",
    "AuthenticationError",
    "Call",
    "Cancellation",
    "CertificateError",
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
    "Payment",
    "PaymentMismatchError",
    "PaymentNotFoundError",
    "PaymentStatus",
    "PortOneClient",
    "PortOneError",
    "Promotion",
    "RateLimit",
    "RateLimitedError",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "Sorting",
    "Throttle",
    "Timeouts",
    "TokenBucket",
    "TransientError",
    "UnauthorizedError",
    "UnexpectedResponseError",
    "__version__",
)
