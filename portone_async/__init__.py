"""The asyncio client for PortOne V1 (formerly iamport).

A public name is loaded on its first use, so that a program loads only what it uses: the help of the
command line needs neither aiohttp nor msgspec, and they take most of the time of an import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

# Type checkers and editors read these lines; at run time _load() returns the same objects.
if TYPE_CHECKING:
    from ._order_number import order_number
    from .answer import Answer, ReplyInfo
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
        ThrottleError,
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

__all__ = (
    "Answer",
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
    "ReplyInfo",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "Sorting",
    "SortingLike",
    "Throttle",
    "ThrottleError",
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

# The modules of these names, searched in this sequence: what most programs do not use comes last.
_MODULES = (
    "errors",
    "policy",
    "call",
    "answer",
    "models",
    "throttle",
    "client",
    "_order_number",
    "instrumentation",
)


def _load(name: str) -> object:
    """Return a public name or module on its first use (PEP 562).

    Raises:
        AttributeError: The package has no such name.
    """
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in __all__:
        modules = (import_module(f"{__name__}.{module}") for module in _MODULES)
        globals()[name] = next(vars(module)[name] for module in modules if name in module.__all__)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


# Type checkers would accept a misspelt name if they saw a __getattr__.
if not TYPE_CHECKING:
    __getattr__ = _load
