"""The outcome of one order's look-up, as a line for people or of JSON."""

from __future__ import annotations

from gettext import gettext as _
from typing import Any

import msgspec
from msgspec import Struct

from portone_async.cli.advice import explained, translated
from portone_async.cli.escape import escape, escape_json, escape_order_number
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.personal import without_personal_data
from portone_async.errors import PaymentNotFoundError, PortOneError
from portone_async.models import Payment

__all__ = ("Outcome",)

_encoder = msgspec.json.Encoder(decimal_format="number")


class Outcome(Struct, frozen=True):
    """One look-up: either a payment or an error."""

    order: str
    payment: Payment | None = None
    error: PortOneError | None = None

    @property
    def is_missing(self) -> bool:
        """Whether PortOne itself reports that there is no payment."""
        return isinstance(self.error, PaymentNotFoundError)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command with only this look-up."""
        if self.error is None:
            return ExitCode.OK
        return ExitCode.NO_MATCH if self.is_missing else ExitCode.NOT_CHECKED

    @property
    def error_line(self) -> str:
        """The error in one line, escaped."""
        assert self.error is not None
        order, reason = escape_order_number(self.order), escape(explained(self.error))
        if self.is_missing:
            return _("{order}: not found ({reason})").format(order=order, reason=reason)
        name, attempts = type(self.error).__name__, len(self.error.attempts)
        suffix = _(" (tried {n} times)").format(n=attempts) if attempts > 1 else ""
        text = _("{order}: could not be checked: {error}: {reason}")
        return text.format(order=order, error=name, reason=reason) + suffix

    @property
    def advice(self) -> str:
        """What to do about the error; empty without advice."""
        if self.error is None:
            return ""
        if not self.is_missing:
            return translated(self.error.advice)
        # The error's own advice is for developers.
        general = _(
            "'not found' is also PortOne's answer for a payment of another shop's keys, "
            "of a V2 channel, or one that was made a moment ago."
        )
        if "payment_status" not in self.error.identifiers:
            return general
        by_status = _(
            "--status skips payments of any other status: a partly refunded one is 'cancelled'."
        )
        return f"{general} {by_status}"

    def to_json(self, *, personal_data: bool, encoding: str = "utf-8") -> str:
        """Encode the outcome as one line of JSON, with numbers exactly as PortOne sent them.

        Args:
            personal_data: Keep personal data.
            encoding: The encoding of stdout.
        """
        # Text with surrogates can be neither looked up nor written to JSON unchanged.
        line: dict[str, Any] = {
            "merchant_uid": self.order.encode(errors="backslashreplace").decode()
        }
        if self.payment is not None:
            sent = self.payment.raw
            payment = sent if personal_data else without_personal_data(sent)
            line |= {"found": True, "payment": payment}
        elif self.error is not None:
            line |= {
                "found": False if self.is_missing else None,
                "error": type(self.error).__name__,
                "message": self.error.reason,
            }
        return escape_json(_encoder.encode(line).decode(), encoding)
