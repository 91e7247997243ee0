"""Everything that can go wrong, and what a caller can do about it.

```text
    PortOneError
    ├── InvalidRequestError       also ValueError: the caller's mistake, nothing was sent
    ├── ClientClosedError         the client was used after close()
    ├── WrongLoopError            the client belongs to another event loop
    ├── UnsupportedVersionError   the installed aiohttp is too new or too old
    ├── InvalidWebhookError       also ValueError: what came in is no webhook of PortOne's
    ├── CertificateError          the far end could not prove that it is PortOne
    ├── ProxyError                the proxy makes no connection to PortOne
    ├── PaymentMismatchError      the payment is there, but not as the order says
    ├── UnexpectedResponseError   an answer that cannot be believed
    │   └── MalformedResponseError    not HTTP, or not JSON     (transient)
    ├── ApiError                  PortOne answered with a failure
    │   ├── AuthenticationError       imp_key or imp_secret refused
    │   ├── UnauthorizedError         token refused, even after a renewal
    │   ├── NotFoundError             PortOne itself reports that it does not exist
    │   │   └── PaymentNotFoundError
    │   ├── RateLimitedError          429                       (transient)
    │   └── ServerError               408 425 500 502 503 504   (transient)
    └── TransientError            worth trying again
        ├── ConnectionFailedError     refused, reset, closed, cut short
        ├── RequestTimeoutError       also TimeoutError: one attempt took too long
        ├── DeadlineExceededError     also TimeoutError: the whole call took too long
        ├── RateLimitedError
        ├── ServerError
        └── MalformedResponseError
```

Whatever the class, an error says what was asked (``endpoint``, ``asked``), what came back
(``status``, ``excerpt``), what was tried (``attempts``, ``elapsed``, ``gave_up``) and what to
do. None of it holds a key, a token, a body in JSON or an object of the HTTP library, so an
error may be logged, pickled and sent to another process.
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
    """One try of a call, as ``on_attempt`` receives it and as errors keep it."""

    method: str
    route: str
    """The template, as in ``/payments/find/{merchant_uid}``: never the values put into it."""
    number: int
    """1 for the first send of the call."""
    elapsed: float
    """Seconds from the permit to the outcome; waiting for the permit is not in it."""
    status: int | None = None
    """The HTTP status, where there was a reply."""
    code: int | None = None
    """The envelope's ``code``, where it tells of a failure."""
    error: str | None = None
    """The name of the error's class; ``None`` for a success."""
    wait: float | None = None
    """Seconds until the next try; ``None`` when there is none."""


class Difference(Struct, frozen=True):
    """One thing in which a payment is not what the order says."""

    field: str
    """As in ``amount`` or ``status``."""
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.field} is {printable(self.actual)}, not {printable(self.expected)}"


class PortOneError(Exception):
    """The root of every error that this package raises."""

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
        """The beginning of a body that is plainly not JSON, as a gateway's HTML page."""
        self.endpoint: str | None = None
        """Method and route template, as in ``GET /payments/find/{merchant_uid}``."""
        self.identifiers: Mapping[str, str] = {}
        """The identifiers that were asked for."""
        self.attempts: tuple[Attempt, ...] = ()
        """What was tried, in order."""
        self.elapsed: float = 0.0
        """Seconds from the call's start, queueing included."""
        self.gave_up: str | None = None
        """Why a failure that was worth another try did not get one."""

    @property
    def is_transient(self) -> bool:
        """Whether the same call may well succeed later."""
        return isinstance(self, TransientError)

    def __str__(self) -> str:
        # repr() escapes what a terminal might obey; Korean stays readable.
        asked = ", ".join(f"{name}={value!r}" for name, value in self.identifiers.items())
        if self.endpoint and asked:
            asked = f"({asked})"
        question = " ".join(filter(None, (self.endpoint, asked)))
        parts = [f"{question}: " if question else "", self.reason.rstrip(".")]
        if self.excerpt is not None:
            parts.append(f", body begins {self.excerpt!r}")
        if self.attempts:
            tries = ", ".join(map(_told, self.attempts))
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
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash((type(self), self.args))

    def _facts(self) -> dict[str, Any]:
        # Notes and the like that others hang on an exception are not part of what it says.
        return {name: value for name, value in vars(self).items() if not name.startswith("__")}


def _told(attempt: Attempt) -> str:
    is_success = attempt.status is None or attempt.status < 400
    return str(attempt.error if is_success else attempt.status)


class InvalidRequestError(PortOneError, ValueError):
    """An argument that can never be right. Nothing was sent."""


class ClientClosedError(PortOneError):
    """The client, or the session that it was given, is closed."""

    advice = "Make one client when the program starts and close it when the program ends."


class WrongLoopError(PortOneError):
    """The client, its session or its throttle belongs to another event loop or process.

    Nothing was sent, and the arguments may be right: the program runs a second loop (another
    ``asyncio.run()``, a thread, a fork) where one client needs one loop.
    """

    advice = (
        "Keep one loop for one client, or make a client inside of each asyncio.run(). "
        "Django and threads: run one loop in a thread of its own, and call it with "
        "asyncio.run_coroutine_threadsafe(). "
        "Celery: one asyncio.Runner per worker process, not one asyncio.run() per task. "
        "AWS Lambda: one asyncio.Runner beside the client, outside of the handler. "
        "Notebooks: await in the cell, without asyncio.run()."
    )


class UnsupportedVersionError(PortOneError):
    """The installed aiohttp lacks something that keeps tokens and answers safe. Nothing was sent."""

    advice = "Install a version of aiohttp that the metadata of portone-async allows."


class InvalidWebhookError(PortOneError, ValueError):
    """What came in is no webhook of PortOne's: too large, not decodable, or without its fields."""


class CertificateError(PortOneError):
    """The server's certificate does not prove that it is PortOne. No token was sent."""

    advice = "Check base_url, a proxy that opens TLS, the machine's clock and its CA certificates."


class ProxyError(PortOneError):
    """The proxy refused to connect to PortOne, for good: as 407 or 403 does. No token was sent.

    A proxy that cannot be reached, or answers with a 502, is a :class:`ConnectionFailedError`.
    """

    advice = (
        "Check the proxy's user name and password (Basic is the scheme that is spoken), "
        "and that it lets the host of base_url through."
    )


class PaymentMismatchError(PortOneError):
    """PortOne has the payment, but it is not what the order says. Do not ship."""

    advice = "Do not ship. Look at the payment in PortOne's console before anything is refunded."

    def __init__(
        self,
        reason: str = "",
        *,
        status: int | None = None,
        excerpt: str | None = None,
        differences: tuple[Difference, ...] = (),
    ) -> None:
        super().__init__(reason, status=status, excerpt=excerpt)
        self.differences = differences
        """All of them, not the first only."""


class UnexpectedResponseError(PortOneError):
    """An answer that is no answer: wrong shape, someone else's payment, a redirect, too large.

    It says nothing about the payment: neither that it exists nor that it does not.
    """

    advice = "Check base_url, then ask PortOne."

    unreadable: tuple[UnreadableRecord, ...] = ()
    """The records that could not be read, where that is the reason; all of them."""


class ApiError(PortOneError):
    """PortOne answered with a failure: ``code != 0``, or an error status without an envelope."""

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
        """The envelope's ``message``, PortOne's own words (Korean), as long and as odd as they
        came; only secrets are taken out. ``reason`` has what may be shown of it."""
        self.retry_after = retry_after
        """Seconds that the server asked to wait, where it did."""


class AuthenticationError(ApiError):
    """PortOne refused the key pair at ``POST /users/getToken``."""

    advice = (
        "Check imp_key and imp_secret (the V1 REST API pair, not a V2 secret) "
        "and the console's IP allow-list."
    )


class UnauthorizedError(ApiError):
    """PortOne refused the token, and once more after a renewal."""

    advice = "Check that the key pair is still valid and that the Tier code belongs to it."


class NotFoundError(ApiError):
    """PortOne itself reports that the object does not exist for this key pair.

    Only its own envelope says so: a bare 404, a gateway's page or a wrong ``base_url`` is an
    :class:`UnexpectedResponseError`, since a false "missing" refunds a real sale.
    """


class PaymentNotFoundError(NotFoundError):
    """PortOne itself reports that there is no such payment for this key pair."""

    advice = (
        "Besides 'never paid', this is the answer for a payment of another shop's key pair, "
        "of a V2 channel, of a test channel (get() needs include_sandbox=True), "
        "or one that was made a moment ago."
    )


class TransientError(PortOneError):
    """A failure that may well be gone when the call is made again."""

    was_sent: bool = True
    """``False`` only when the request surely never reached the server.

    Look this up before repeating a call that changes something.
    """


class ConnectionFailedError(TransientError):
    """No connection, or one that broke before the whole answer was here."""

    advice = "Check the network, the proxy and PortOne's status page."


class RequestTimeoutError(TransientError, TimeoutError):
    """One attempt took longer than ``Timeouts.attempt`` (or ``connect``) allows."""

    advice = "PortOne is slow or out of reach; Timeouts.attempt and Timeouts.connect bound a try."


class DeadlineExceededError(TransientError, TimeoutError):
    """The call, retries and waits included, took longer than ``Timeouts.total`` allows."""

    advice = "Timeouts.total bounds the whole call."


class RateLimitedError(ApiError, TransientError):
    """429: too many requests. ``retry_after`` has the seconds to wait, where PortOne said so."""

    advice = "Lower RateLimit.rate, and divide it by the number of processes that share the keys."


class ServerError(ApiError, TransientError):
    """PortOne, or a gateway before it, could not serve the request for now."""

    advice = "Try again later."


class MalformedResponseError(UnexpectedResponseError, TransientError):
    """What came back is not HTTP or not JSON: cut short, garbled, or a page for people."""
