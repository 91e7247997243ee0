"""What became of one order's look-up, and how it is said in a line."""

from __future__ import annotations

from gettext import gettext as _
from typing import Any

import msgspec
from msgspec import Struct

from portone_async.errors import PaymentNotFoundError, PortOneError
from portone_async.models import Payment

from .escape import escaped, escaped_json, visible
from .exit_codes import ExitCode
from .personal import without_personal_data

__all__ = ("Outcome",)

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
    def exit_code(self) -> ExitCode:
        """The exit code of a run with this look-up alone."""
        if self.error is None:
            return ExitCode.OK
        return ExitCode.NO_MATCH if self.is_missing else ExitCode.NOT_CHECKED

    @property
    def complaint(self) -> str:
        """The error in a line, fit for a terminal."""
        assert self.error is not None
        order, reason = visible(self.order), escaped(self.error.reason)
        if self.is_missing:
            return _("{order}: not found ({reason})").format(order=order, reason=reason)
        kind, tries = type(self.error).__name__, len(self.error.attempts)
        told = _(" (tried {n} times)").format(n=tries) if tries > 1 else ""
        said = _("{order}: could not be checked: {error}: {reason}")
        return said.format(order=order, error=kind, reason=reason) + told

    @property
    def advice(self) -> str:
        """What to do about the error; empty where there is nothing to say."""
        if self.error is None:
            return ""
        if not self.is_missing:
            return self.error.advice
        # The error's own advice is for programmers.
        return _(
            "'not found' is also PortOne's answer for a payment of another shop's keys, "
            "of a V2 channel, or one that was made a moment ago."
        )

    def json(self, *, personal_data: bool, encoding: str = "utf-8") -> str:
        """Give the outcome as one line of JSON, numbers exactly as PortOne sent them.

        Args:
            personal_data: Keep what is about a person.
            encoding: What the line is to be written in.
        """
        # A text that is not Unicode can be neither looked up nor written to JSON unchanged.
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
