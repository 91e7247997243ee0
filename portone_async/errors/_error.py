"""The base class of all errors, and the attempts that each records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from portone_async._redact import escape

if TYPE_CHECKING:
    from portone_async.answer import ReplyInfo

__all__ = ("Attempt", "PortOneError", "outcome_of", "worded_reason")


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
    waited: float = 0.0
    """Seconds before this attempt in the throttle: the queue, a free slot and the permit."""
    waited_for_token: float = 0.0
    """Seconds before this attempt for the fetch of a token."""
    paused: float | None = None
    """Seconds for which all calls of the client pause: the server requested it (``Retry-After``
    of a 429 or 503); ``None`` without such a request."""
    budget: int | None = None
    """What is left of ``RetryPolicy.budget`` after this attempt; ``None`` without that limit."""


class PortOneError(Exception):
    """Base class of every error that this package raises."""

    advice: str = ""
    """What to do about it, in a sentence or two."""

    def __init__(
        self, reason: str = "", *, status: int | None = None, excerpt: str | None = None
    ) -> None:
        reason = escape(reason)
        super().__init__(reason)
        # Not a Worded, which nothing could encode as JSON: that stays in the arguments.
        self.reason = str(reason)
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
        self.reply: ReplyInfo | None = None
        """Status, headers and time of the reply to the last attempt; ``None`` if it had none. It is
        not printed: log ``error.reply.headers`` for PortOne's support."""

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later."""
        return False

    def __copy__(self) -> Self:
        # Where tblib is installed, as with Dask, a copy would share its attributes with the error.
        copied = type(self).__new__(type(self))
        copied.args = self.args
        vars(copied).update(vars(self))
        return copied

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
            tries = ", ".join(map(outcome_of, self.attempts))
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


def worded_reason(error: PortOneError) -> str:
    """Return the reason of an error as it was raised: a sentence with its parts, or plain."""
    return error.args[0] if error.args == (error.reason,) else error.reason


def outcome_of(attempt: Attempt) -> str:
    """Return the error of an attempt, or the status of its response."""
    is_success = attempt.status is None or attempt.status < 400
    return str(attempt.error if is_success else attempt.status)
