"""The errors of a refund that was not made, or of which nothing definite is known. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.errors import (
    ApiError,
    CancelPendingError,
    CancelRefusedError,
    OutcomeUnknownError,
    PortOneError,
)
from portone_async.errors._error import worded_reason
from portone_async.models import Payment

from ._refund_decision import Action, Answer, Refund, Trace, may_be_pending

__all__ = ("COMPARE_CONSOLES", "Findings", "refund_error", "state_of")

# A part of PortOne's message if the PG has given the money back before.
_DONE_AT_PG = "기취소"
COMPARE_CONSOLES = (
    "The PG reports that the money was given back already, and PortOne does not know it: a person "
    "must compare both in the PG's and PortOne's consoles. Do not refund it again."
)


class Findings(Struct, frozen=True, kw_only=True):
    """What is known of a refund at its end."""

    refund: Refund
    payment: Payment
    """As the last answer has it."""
    found: Trace
    answers: Sequence[Answer]
    looks: int
    """How many look-ups were answered."""
    refusal: ApiError | None
    evidence: Sequence[str]

    def __repr__(self) -> str:
        return f"Findings({self.refund!r}, {self.found})"

    @property
    def is_without_a_trace(self) -> bool:
        """Whether an answer was lost, and the balance is unchanged."""
        return self.found is Trace.ABSENT and Answer.LOST in self.answers


def refund_error(end: Action, findings: Findings) -> PortOneError:
    """Return the error for an end other than :attr:`Action.RETURN`."""
    match end:
        case Action.PENDING:
            return CancelPendingError(
                Worded(
                    "PortOne accepted the refund, but its history does not have it yet: {state}",
                    state=state_of(findings.payment),
                ),
                payment=findings.payment,
            )
        case Action.UNKNOWN:
            why = Worded("the last look-up failed or is not definite")
            if may_be_pending(findings.refund.before):
                why = Worded("no look-up finds a refund by this PG before it is made")
            error = OutcomeUnknownError(
                Worded(
                    "whether the refund was made is unknown: its answer was lost, and {why}",
                    why=why,
                ),
                evidence=tuple(findings.evidence),
            )
            _say_how_to_repeat(error, findings.refund)
            return error
        case _:
            return _refused(findings)


def state_of(payment: Payment) -> str:
    """Describe how much of a payment is cancelled."""
    return Worded(
        "{cancelled:f} of {amount:f} is cancelled",
        cancelled=payment.cancel_amount,
        amount=payment.amount,
    )


def _refused(findings: Findings) -> CancelRefusedError:
    refusal = findings.refusal
    if refusal is None:
        error = CancelRefusedError(
            Worded("the refund was not made: {outlook}", outlook=_outlook(findings))
        )
    else:
        error = CancelRefusedError(
            Worded(
                "PortOne refused the refund: {refusal}; {outlook}",
                refusal=worded_reason(refusal),
                outlook=_outlook(findings),
            ),
            status=refusal.status,
            excerpt=refusal.excerpt,
            code=refusal.code,
            message=refusal.message,
        )
    if _DONE_AT_PG in (error.message or ""):
        error.advice = COMPARE_CONSOLES
    elif findings.is_without_a_trace:
        _say_how_to_repeat(error, findings.refund)
    return error


def _say_how_to_repeat(error: OutcomeUnknownError | CancelRefusedError, refund: Refund) -> None:
    if may_be_pending(refund.before):
        error.advice = OutcomeUnknownError.advice
        return
    error.checksum, error.key = refund.checksum, refund.key
    checksum = f"checksum={refund.checksum:f}"
    how = checksum if refund.key is None else f"the same key or {checksum}"
    error.advice = (
        f"Repeat it only with {how}: then it is made once at most, even if it comes late."
    )


def _outlook(findings: Findings) -> str:
    """Describe what the look-ups show of the refund."""
    state = state_of(findings.payment)
    if findings.found is Trace.OVERTAKEN:
        return Worded(
            "another change of the payment came first, so that its checksum {checksum:f} is no "
            "longer the balance ({state})",
            checksum=findings.refund.checksum,
            state=state,
        )
    if findings.is_without_a_trace:
        return Worded(
            "it was sent {n} time(s), an answer was lost, and {looks} look-up(s) found no trace of "
            "it ({state}). PortOne may still carry it out later",
            n=len(findings.answers),
            looks=findings.looks,
            state=state,
        )
    if findings.found is Trace.ABSENT:
        return Worded("the payment is unchanged ({state})", state=state)
    return Worded("the look-ups after it failed")
