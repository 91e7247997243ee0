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
    ├── PaymentMismatchError      the payment differs from the order
    ├── UnexpectedResponseError   a response that cannot be trusted
    │   └── MalformedResponseError    not HTTP, or not JSON     (transient)
    ├── ApiError                  PortOne reports a failure
    │   ├── AuthenticationError       imp_key or imp_secret rejected
    │   ├── UnauthorizedError         token rejected, even after a renewal
    │   ├── NotFoundError             PortOne itself reports that it does not exist
    │   │   └── PaymentNotFoundError
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
``excerpt``), the attempts (``attempts``, ``elapsed``, ``gave_up``) and ``advice``. It has no key,
token, JSON body or object of the HTTP library: it can be logged and pickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ._redact import escape, printable

if TYPE_CHECKING:
    from .models import UnreadableRecord

__all__ = (
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
    "NotFoundError",
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
)


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt of a call, for ``on_attempt`` and for errors."""

    method: str
    route: str
    """The template, as in ``/payments/find/{merchant_uid}``, without values."""
    number: int
    """1 for the first send of the call."""
    elapsed: float
    """Seconds from the permit to the outcome, without the wait for the permit."""
    status: int | None = None
    """The HTTP status, where there was a reply."""
    code: int | None = None
    """The envelope's ``code``, if it reports a failure."""
    error: str | None = None
    """The name of the error's class; ``None`` for a success."""
    wait: float | None = None
    """Seconds until the next attempt; ``None`` when there is none."""


class Difference(Struct, frozen=True):
    """A field in which a payment differs from the order."""

    field: str
    """As in ``amount`` or ``status``."""
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.field} is {printable(self.actual)}, not {printable(self.expected)}"


class PortOneError(Exception):
    """Base class of every error that this package raises."""

    advice: str = ""
    """What to do about it, in a sentence or two."""

    def __init__(
        self, reason: str = "", *, status: int | None = None, excerpt: str | None = None
    ) -> None:
        reason = escape(reason)
        super().__init__(reason)
        self.reason = reason
        """What went wrong, in a sentence: one printable line."""
        self.status = status
        """The HTTP status, where there was a reply."""
        self.excerpt = excerpt
        """The beginning of a body that is not JSON, such as a gateway's HTML page."""
        self.endpoint: str | None = None
        """Method and route template, as in ``GET /payments/find/{merchant_uid}``."""
        self.identifiers: Mapping[str, str] = {}
        """The identifiers of the request, as in ``{"merchant_uid": "order-1"}``."""
        self.attempts: tuple[Attempt, ...] = ()
        """The attempts, in order."""
        self.elapsed: float = 0.0
        """Seconds since the call started, waits included."""
        self.gave_up: str | None = None
        """Why a failure that may be transient was not retried."""

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later."""
        return isinstance(self, TransientError)

    def __str__(self) -> str:
        # repr() escapes control sequences of terminals; Korean stays readable.
        identifiers = ", ".join(f"{name}={value!r}" for name, value in self.identifiers.items())
        if self.endpoint and identifiers:
            identifiers = f"({identifiers})"
        request = " ".join(filter(None, (self.endpoint, identifiers)))
        parts = [f"{request}: " if request else "", self.reason.rstrip(".")]
        if self.excerpt is not None:
            parts.append(f", body begins {self.excerpt!r}")
        if self.attempts:
            tries = ", ".join(map(_outcome, self.attempts))
            times = "once" if len(self.attempts) == 1 else f"{len(self.attempts)} times"
            parts.append(f". Tried {times} in {self.elapsed:.2f} s ({tries})")
        if self.gave_up:
            parts.append(f"; gave up: {self.gave_up}")
        if self.advice:
            parts.append(f". {self.advice}")
        return "".join(parts)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _fields(self) == _fields(other)

    def __hash__(self) -> int:
        return hash((type(self), self.args))


def _fields(error: PortOneError) -> dict[str, Any]:
    # Notes (PEP 678) do not count.
    return {name: value for name, value in vars(error).items() if not name.startswith("__")}


def _outcome(attempt: Attempt) -> str:
    is_success = attempt.status is None or attempt.status < 400
    return str(attempt.error if is_success else attempt.status)


class InvalidRequestError(PortOneError, ValueError):
    """An argument can never be right. Nothing was sent."""


class ClientClosedError(PortOneError):
    """The client, or its session, is closed."""

    advice = "Make one client when the program starts and close it when the program ends."


class WrongLoopError(PortOneError):
    """The client, its session or its throttle belongs to another event loop or process.

    Nothing was sent. The program runs a second loop: another ``asyncio.run()``, a thread, a fork.
    """

    advice = (
        "Keep one loop for one client, or make a client inside of each asyncio.run(). "
        "Django and threads: run one loop in a separate thread, and call it with "
        "asyncio.run_coroutine_threadsafe(). "
        "Celery: one asyncio.Runner per worker process, not one asyncio.run() per task. "
        "AWS Lambda: one asyncio.Runner beside the client, outside of the handler. "
        "Notebooks: await in the cell, without asyncio.run()."
    )


class UnsupportedVersionError(PortOneError):
    """The installed aiohttp lacks a feature that keeps tokens and responses safe. Nothing was sent."""

    advice = "Install a version of aiohttp that the metadata of portone-async allows."


class InvalidWebhookError(PortOneError, ValueError):
    """The body is not a webhook of PortOne V1: too large, not decodable, or fields are missing."""


class CertificateError(PortOneError):
    """The server's certificate does not prove that it is PortOne. No token was sent."""

    advice = "Check base_url, a proxy that opens TLS, the machine's clock and its CA certificates."


class ProxyError(PortOneError):
    """The proxy refuses to connect to PortOne, by 407 or 403 for example. No token was sent.

    A proxy that cannot be reached, or answers with a 502, is a :class:`ConnectionFailedError`.
    """

    advice = (
        "Check the proxy's user name and password (only Basic is supported), "
        "and that it lets the host of base_url through."
    )


class PaymentMismatchError(PortOneError):
    """PortOne has the payment, but it differs from the order. Do not ship."""

    advice = "Do not ship. Look at the payment in PortOne's console before anything is refunded."

    def __init__(
        self, reason: str = "", *, differences: tuple[Difference, ...] = (), **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.differences = differences
        """Every difference, not only the first."""


class UnexpectedResponseError(PortOneError):
    """The response cannot be trusted: unexpected schema, another payment, a redirect, or too large.

    It does not show that the requested object exists, nor that it does not.
    """

    advice = "Check base_url, then ask PortOne."

    unreadable: tuple[UnreadableRecord, ...] = ()
    """The records that could not be read, where that is the reason; all of them."""


class ApiError(PortOneError):
    """PortOne reports a failure: ``code != 0``, or an error status without an envelope."""

    def __init__(
        self,
        reason: str = "",
        *,
        status: int | None = None,
        excerpt: str | None = None,
        code: int | None = None,
        message: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason, status=status, excerpt=excerpt)
        self.code = code
        """The envelope's ``code``; ``None`` without an envelope."""
        self.message = message
        """The envelope's whole ``message`` (Korean), redacted; ``reason`` has a printable part."""
        self.retry_after = retry_after
        """The seconds of ``Retry-After``, if the server sent it."""


class AuthenticationError(ApiError):
    """PortOne rejected the key pair at ``POST /users/getToken``."""

    advice = "Check imp_key and imp_secret (V1 REST API, not V2) and the console's IP allow-list."


class UnauthorizedError(ApiError):
    """PortOne rejected the token, and again after a renewal."""

    advice = "Check that the key pair is still valid and that the Tier code belongs to it."


class NotFoundError(ApiError):
    """PortOne itself reports that the object does not exist for this key pair.

    Only its own envelope says so: a bare 404, a gateway's page or a wrong ``base_url`` is an
    :class:`UnexpectedResponseError`, since a false "missing" refunds a real sale.
    """


class PaymentNotFoundError(NotFoundError):
    """PortOne itself reports that there is no such payment for this key pair."""

    advice = (
        "Besides 'never paid', PortOne reports this for a payment of another shop's key pair, "
        "of a V2 channel, of a test channel (get() needs include_sandbox=True), "
        "or one that was made a moment ago."
    )


class TransientError(PortOneError):
    """A temporary failure: the same call may succeed later."""

    was_sent: bool = True
    """``False`` only if the request certainly never reached the server, so that it is safe to repeat."""


class ConnectionFailedError(TransientError):
    """No connection, or it broke before the whole response arrived."""

    advice = "Check the network, the proxy and PortOne's status page."


class RequestTimeoutError(TransientError, TimeoutError):
    """One attempt took longer than ``Timeouts.attempt`` (or ``connect``) allows."""

    advice = (
        "PortOne is slow or out of reach; Timeouts.attempt and Timeouts.connect bound an attempt."
    )


class DeadlineExceededError(TransientError, TimeoutError):
    """The call, retries and waits included, took longer than ``Timeouts.total`` allows."""

    advice = "Timeouts.total bounds the whole call."


class RateLimitedError(ApiError, TransientError):
    """HTTP 429: too many requests. ``retry_after`` has the seconds to wait, if PortOne sent them."""

    advice = "Lower RateLimit.rate, and divide it by the number of processes that share the keys."


class ServerError(ApiError, TransientError):
    """PortOne, or a gateway before it, cannot serve the request now."""

    advice = "Try again later."


class MalformedResponseError(UnexpectedResponseError, TransientError):
    """The response is not HTTP or not JSON: truncated, garbled, or a page for people."""
