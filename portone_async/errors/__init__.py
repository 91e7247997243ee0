"""The errors of this package, and what a caller can do about each.

```text
    PortOneError
    ├── InvalidRequestError       also ValueError: the caller's mistake, nothing was sent
    ├── ClientClosedError         the client was used after close()
    ├── WrongLoopError            the client belongs to another event loop
    ├── UnsupportedVersionError   the installed aiohttp is too new or too old
    ├── InvalidWebhookError       also ValueError: the body is not a webhook of PortOne V1
    ├── CertificateError          the server did not prove that it is PortOne
    ├── ProxyError                the proxy refuses to connect to PortOne
    ├── ThrottleError             the throttle cannot grant a permit, nothing was sent
    ├── PaymentMismatchError      the payment differs from the order
    ├── ChargeFailedError         the charge failed; nothing was charged
    ├── OrderNumberUsedError      the merchant_uid has another payment, nothing was sent
    ├── ChargedTwiceError         the merchant_uid has more than one paid payment
    ├── CancelPendingError        the refund is accepted, but not made yet
    ├── OutcomeUnknownError       whether money was moved is unknown
    ├── UnexpectedResponseError   a response that cannot be trusted
    │   └── MalformedResponseError    not HTTP, or not JSON     (transient)
    ├── ApiError                  PortOne reports a failure
    │   ├── AuthenticationError       imp_key or imp_secret rejected
    │   ├── UnauthorizedError         token rejected, even after a renewal
    │   ├── NotFoundError             PortOne itself reports that it does not exist
    │   │   └── PaymentNotFoundError
    │   ├── CancelRefusedError        the refund was not made
    │   ├── RateLimitedError          429                       (transient)
    │   └── ServerError               408 425 500 502 503 504   (transient)
    └── TransientError            the same call may succeed later
        ├── ConnectionFailedError     refused, reset, closed, cut short
        ├── RequestTimeoutError       also TimeoutError: one attempt took too long
        ├── DeadlineExceededError     also TimeoutError: the whole call took too long
        ├── RateLimitedError
        ├── ServerError
        └── MalformedResponseError
```

Every error has the request (``endpoint``, ``identifiers``), the response (``status``,
``excerpt``, ``reply`` with its headers), the attempts (``attempts``, ``elapsed``, ``gave_up``) and
``advice``. It has no key, token, JSON body or object of the HTTP library: it can be logged and
pickled.
"""

from __future__ import annotations

from ._client import (
    CertificateError,
    ClientClosedError,
    InvalidRequestError,
    InvalidWebhookError,
    ProxyError,
    ThrottleError,
    UnsupportedVersionError,
    WrongLoopError,
)
from ._error import Attempt, PortOneError
from ._money import (
    CancelPendingError,
    CancelRefusedError,
    ChargedTwiceError,
    ChargeFailedError,
    Difference,
    OrderNumberUsedError,
    OutcomeUnknownError,
    PaymentMismatchError,
)
from ._response import (
    ApiError,
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    MalformedResponseError,
    NotFoundError,
    PaymentNotFoundError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    TransientError,
    UnauthorizedError,
    UnexpectedResponseError,
)

__all__ = (
    "ApiError",
    "Attempt",
    "AuthenticationError",
    "CancelPendingError",
    "CancelRefusedError",
    "CertificateError",
    "ChargeFailedError",
    "ChargedTwiceError",
    "ClientClosedError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "Difference",
    "InvalidRequestError",
    "InvalidWebhookError",
    "MalformedResponseError",
    "NotFoundError",
    "OrderNumberUsedError",
    "OutcomeUnknownError",
    "PaymentMismatchError",
    "PaymentNotFoundError",
    "PortOneError",
    "ProxyError",
    "RateLimitedError",
    "RequestTimeoutError",
    "ServerError",
    "ThrottleError",
    "TransientError",
    "UnauthorizedError",
    "UnexpectedResponseError",
    "UnsupportedVersionError",
    "WrongLoopError",
)

# Tracebacks and pickles name the public module.
for _name in __all__:
    globals()[_name].__module__ = __name__
