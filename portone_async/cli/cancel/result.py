"""The result of a cancellation: its exit code, and its text and JSON."""

from __future__ import annotations

import sys
from decimal import Decimal
from enum import StrEnum
from gettext import gettext as _
from typing import Any

import msgspec
from msgspec import Struct

from portone_async.cli.advice import explained, hint, translated
from portone_async.cli.escape import escape, escape_json
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.labels import format_money
from portone_async.cli.personal import without_personal_data
from portone_async.cli.streams import print_error
from portone_async.cli.wording import localized
from portone_async.errors import (
    ApiError,
    CancelPendingError,
    CancelRefusedError,
    OutcomeUnknownError,
    PaymentNotFoundError,
    PortOneError,
    TransientError,
)
from portone_async.errors._money import worded_evidence
from portone_async.models import Payment
from portone_async.models._record import EXACT
from portone_async.resources._settle import is_open

__all__ = ("Ending", "Result")

_OF_REFUNDS = (OutcomeUnknownError, CancelRefusedError)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Ending(StrEnum):
    """What became of a cancellation; the words are those of ``--json``."""

    DONE = "done"
    DONE_BEFORE = "done_before"
    """An earlier call with the same key has done it."""
    REFUSED = "refused"
    PENDING = "pending"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"

    @property
    def exit_code(self) -> ExitCode:
        return {
            Ending.DONE: ExitCode.OK,
            Ending.DONE_BEFORE: ExitCode.OK,
            Ending.REFUSED: ExitCode.NO_MATCH,
            Ending.NOT_SENT: ExitCode.COULD_NOT_RUN,
            Ending.UNKNOWN: ExitCode.NOT_CHECKED,
            Ending.PENDING: ExitCode.PENDING,
        }[self]


class Result(Struct, frozen=True):
    """The end of one cancellation: with a payment, an error, or both."""

    imp_uid: str
    ending: Ending
    payment: Payment | None = None
    error: PortOneError | None = None
    amount: Decimal = Decimal(0)
    """What was cancelled now."""

    @classmethod
    def of_payment(cls, payment: Payment, *, before: Payment) -> Result:
        """Return the result of a cancellation that was made, now or by an earlier call."""
        amount = EXACT.subtract(payment.cancel_amount, before.cancel_amount)
        ending = Ending.DONE if amount else Ending.DONE_BEFORE
        return cls(before.imp_uid, ending, payment, amount=amount)

    @classmethod
    def of_error(cls, imp_uid: str, error: PortOneError) -> Result:
        """Return the result of a cancellation that was not made, or not yet, or perhaps."""
        payment = error.payment if isinstance(error, CancelPendingError) else None
        return cls(imp_uid, _ending(error), payment, error)

    def print(self) -> None:
        """Print the result for people: a success on stdout, anything else on stderr."""
        if self.error is None:
            assert self.payment is not None
            sys.stdout.write(f"{self._success(self.payment)}\n")
            return
        reason = escape(explained(self.error))
        print_error(self._failure().format(imp_uid=self.imp_uid, reason=reason))
        if isinstance(self.error, OutcomeUnknownError):
            for line in worded_evidence(self.error):
                print_error(f"  {localized(line)}")
        if advice := _advice(self.error):
            print_error(hint(advice))

    def _success(self, payment: Payment) -> str:
        texts = {
            Ending.DONE: _("{order}: cancelled {amount}; {cancelled} in total, balance {balance}"),
            Ending.DONE_BEFORE: _(
                "{order}: cancelled before with this key, nothing was sent; "
                "{cancelled} in total, balance {balance}"
            ),
        }
        return texts[self.ending].format(
            order=escape(payment.merchant_uid),
            amount=format_money(payment, self.amount),
            cancelled=format_money(payment, payment.cancel_amount),
            balance=format_money(payment, payment.balance),
        )

    def _failure(self) -> str:
        return {
            Ending.REFUSED: _("{imp_uid}: refused ({reason})"),
            Ending.PENDING: _("{imp_uid}: accepted, but not made yet ({reason})"),
            Ending.UNKNOWN: _("{imp_uid}: unknown ({reason})"),
            Ending.NOT_SENT: _("{imp_uid}: nothing was sent ({reason})"),
        }[self.ending]

    def print_json(self, *, personal_data: bool) -> None:
        """Print the result as one line of JSON."""
        line: dict[str, Any] = {"imp_uid": self.imp_uid, "outcome": self.ending.value}
        if self.error is not None:
            line |= {"error": type(self.error).__name__, "message": self.error.reason}
        if isinstance(self.error, OutcomeUnknownError):
            line["evidence"] = self.error.evidence
        if isinstance(self.error, _OF_REFUNDS) and self.error.checksum is not None:
            line["checksum"] = self.error.checksum
        if self.payment is not None:
            sent = self.payment.raw
            line["payment"] = sent if personal_data else without_personal_data(sent)
        text = _encoder.encode(line).decode()
        sys.stdout.write(f"{escape_json(text, sys.stdout.encoding or 'utf-8')}\n")


def _ending(error: PortOneError) -> Ending:
    if isinstance(error, CancelPendingError):
        return Ending.PENDING
    if isinstance(error, CancelRefusedError):
        return Ending.REFUSED
    # A look-up that fails before the cancellation leaves nothing open.
    was_sent = (error.endpoint or "").startswith("POST ") and is_open(error)
    if isinstance(error, OutcomeUnknownError) or was_sent:
        return Ending.UNKNOWN
    is_answer = isinstance(error, ApiError) and not isinstance(error, TransientError)
    return Ending.REFUSED if is_answer else Ending.NOT_SENT


def _advice(error: PortOneError) -> str:
    if isinstance(error, _OF_REFUNDS) and error.checksum is not None:
        options = f"--checksum {error.checksum:f}"
        if error.key is not None:
            options = _("the same --key or {checksum}").format(checksum=options)
        return _(
            "Repeat it only with {options}: then it is made once at most, even if PortOne carries "
            "the first one out later."
        ).format(options=options)
    if not isinstance(error, PaymentNotFoundError):
        return translated(error.advice)
    # The error's own advice is for developers.
    return _(
        "IMP_UID is the PortOne id that 'portone-async find ORDER' prints, not the order number; "
        "the payment must belong to the shop of these keys."
    )
