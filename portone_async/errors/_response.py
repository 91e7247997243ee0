"""Errors of a response: PortOne reports a failure, or cannot be trusted, or there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._error import PortOneError

if TYPE_CHECKING:
    from portone_async.models import UnreadableRecord

__all__ = (
    "ApiError",
    "AuthenticationError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "MalformedResponseError",
    "NotFoundError",
    "PaymentNotFoundError",
    "RateLimitedError",
    "RequestTimeoutError",
    "ServerError",
    "TransientError",
    "UnauthorizedError",
    "UnexpectedResponseError",
)


class UnexpectedResponseError(PortOneError):
    """The response cannot be trusted: unexpected schema, another payment, a redirect, or too large.

    It does not show that the requested object exists, nor that it does not.
    """

    advice = (
        "Check base_url. If it is right, send this message and error.reply.headers to PortOne's "
        "support."
    )

    unreadable: tuple[UnreadableRecord, ...] = ()
    """The records that could not be read, where that is the reason; all of them."""


class ApiError(PortOneError):
    """PortOne reports a failure: ``code != 0``, or an error status without an envelope."""

    advice = (
        "Correct what PortOne's text names. If it is unclear, send this message and "
        "error.reply.headers to PortOne's support."
    )

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
        self.pg_code: str | None = None
        """The PG's own code, where PortOne adds it (``kcp_quick.release_fido``)."""
        self.pg_message: str | None = None
        """The PG's own message, where PortOne adds it: one printable line, redacted."""


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

    advice = "Check the identifiers, and that they belong to this key pair."


class PaymentNotFoundError(NotFoundError):
    """PortOne itself reports that there is no such payment for this key pair."""

    advice = (
        "Besides 'never paid', PortOne reports this for a payment of another shop's key pair, "
        "of a V2 channel, of a test channel (get() needs include_sandbox=True), "
        "or one that was made a moment ago. "
        "A look-up by status skips the payments of all others: "
        "a partly refunded one is 'cancelled', no longer 'paid'."
    )


class TransientError(PortOneError):
    """A temporary failure: the same call may succeed later."""

    advice = "Try again later."

    was_sent: bool = True
    """``False`` only if the request certainly never reached the server, so that it is safe to repeat."""

    @property
    def is_transient(self) -> bool:
        return True


class ConnectionFailedError(TransientError):
    """No connection, or it broke before the whole response arrived."""

    advice = "Check the network, the proxy and PortOne's status page."


class RequestTimeoutError(TransientError, TimeoutError):
    """One attempt took longer than ``Timeouts.attempt`` (or ``connect``) allows."""

    advice = (
        "Check the network and PortOne's status page. Timeouts.attempt and Timeouts.connect limit an "
        "attempt."
    )


class DeadlineExceededError(TransientError, TimeoutError):
    """The call, retries and waits included, took longer than ``Timeouts.total`` allows."""

    advice = (
        "Check the network and PortOne's status page, or allow more time with Timeouts.total, which "
        "limits the whole call."
    )


class RateLimitedError(ApiError, TransientError):
    """HTTP 429: too many requests. ``retry_after`` has the seconds to wait, if PortOne sent them."""

    advice = (
        "Lower RateLimit.rate. Processes that share the keys must share the rate: divide it by their "
        "number, or use portone_async.throttle.valkey."
    )


class ServerError(ApiError, TransientError):
    """PortOne, or a gateway before it, cannot serve the request now."""

    advice = "Try again later."


class MalformedResponseError(UnexpectedResponseError, TransientError):
    """The response is not HTTP or not JSON: truncated, garbled, or a page for people."""

    advice = (
        "Try again later. If it happens again, check base_url and the proxy, then send this message "
        "and error.reply.headers to PortOne's support."
    )
