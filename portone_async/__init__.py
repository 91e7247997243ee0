"""The asyncio client for PortOne V1 (formerly iamport)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
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
        Payment,
        PaymentStatus,
        Promotion,
        Sorting,
        UnreadablePayment,
    )
    from .policy import RateLimit, RetryPolicy, Timeouts
    from .resources.payments import Failed, Found, Group, Missing
    from .resources.payments._words import PaymentStatusLike, SortingLike
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
)

_MODULES = {
    "resources.payments._words": ("PaymentStatusLike", "SortingLike"),
    "call": ("Call",),
    "client": ("PortOneClient",),
    "errors": (
        "ApiError",
        "Attempt",
        "AuthenticationError",
        "CertificateError",
        "ClientClosedError",
        "ConnectionFailedError",
        "DeadlineExceededError",
        "Difference",
        "InvalidRequestError",
        "InvalidWebhookError",
        "MalformedResponseError",
        "PaymentMismatchError",
        "PaymentNotFoundError",
        "PortOneError",
        "ProxyError",
        "RateLimitedError",
        "RequestTimeoutError",
        "ServerError",
        "TransientError",
        "UnauthorizedError",
        "UnexpectedResponseError",
        "UnsupportedVersionError",
        "WrongLoopError",
    ),
    "models": (
        "Cancellation",
        "Deposit",
        "Payment",
        "PaymentStatus",
        "Promotion",
        "Sorting",
        "UnreadablePayment",
    ),
    "resources.payments": ("Failed", "Found", "Group", "Missing"),
    "policy": ("RateLimit", "RetryPolicy", "Timeouts"),
    "throttle": ("Throttle", "TokenBucket"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: pytest imports this package for its plugin, in every run of
    # every project where it is installed.
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
