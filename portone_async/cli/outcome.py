"""What became of one order's look-up, and how it is said in a line."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from portone_async.errors import PaymentNotFoundError, PortOneError
from portone_async.models import Payment

from .escape import escaped, escaped_json
from .personal import without_personal_data

__all__ = ("Outcome",)

_NOT_FOUND, _NOT_CHECKED = 1, 3
# The error's own advice is for programmers.
_NOT_FOUND_ADVICE = (
    "'not found' is also PortOne's answer for a payment of another shop's keys, "
    "of a V2 channel, or one that was made a moment ago."
)

_encoder = msgspec.json.Encoder(decimal_format="number")


class Outcome(Struct, frozen=True):
    """One look-up: either a payment or an error."""

    order: str
    payment: Payment | None = None
    error: PortOneError | None = None

    @property
    def is_missing(self) -> bool:
        """Whether PortOne itself says that there is none."""
        return isinstance(self.error, PaymentNotFoundError)

    @property
    def exit_code(self) -> int:
        if self.error is None:
            return 0
        return _NOT_FOUND if self.is_missing else _NOT_CHECKED

    @property
    def complaint(self) -> str:
        """The error in a line, fit for a terminal."""
        assert self.error is not None
        if self.is_missing:
            return f"{escaped(self.order)}: not found ({escaped(self.error.reason)})"
        kind, reason = type(self.error).__name__, escaped(self.error.reason)
        tries = len(self.error.attempts)
        told = f" (tried {tries} times)" if tries > 1 else ""
        return f"{escaped(self.order)}: could not be checked: {kind}: {reason}{told}"

    @property
    def advice(self) -> str:
        """What to do about the error; empty where there is nothing to say."""
        if self.error is None:
            return ""
        return _NOT_FOUND_ADVICE if self.is_missing else self.error.advice

    def json(self, *, personal_data: bool, encoding: str = "utf-8") -> str:
        """Give the outcome as one line of JSON, numbers exactly as PortOne sent them.

        Args:
            personal_data: Keep what is about a person.
            encoding: What the line is to be written in.
        """
        # What is no Unicode can neither be looked up nor be said in JSON as it is.
        line: dict[str, Any] = {
            "merchant_uid": self.order.encode(errors="backslashreplace").decode()
        }
        if self.payment is not None:
            sent = self.payment.raw
            shown = sent if personal_data else without_personal_data(sent)
            line |= {"found": True, "payment": shown}
        elif self.error is not None:
            found = False if self.is_missing else None
            kind = type(self.error).__name__
            line |= {"found": found, "error": kind, "message": self.error.reason}
        return escaped_json(_encoder.encode(line).decode(), encoding)
