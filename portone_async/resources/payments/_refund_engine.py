"""Carry a refund out once, also where answers are lost."""

from __future__ import annotations

import asyncio
from typing import Any

from portone_async._redact import without
from portone_async._worded import Worded, redacted
from portone_async.call import Call, Caller, Repeat
from portone_async.errors import (
    ApiError,
    ClientClosedError,
    PortOneError,
    WrongLoopError,
)
from portone_async.models import Payment
from portone_async.resources._confidential import secrets_in
from portone_async.resources._settle import described, is_open, is_refusal, pauses

from ._calls import get_call
from ._checks import MatchesPayment
from ._refund_decision import MIN_AGE, Action, Answer, Refund, Trace, decide, trace
from ._refund_errors import Findings, refund_error, state_of
from ._refund_key import plain_reason

__all__ = ("cancel_call", "carry_out", "look_at")


async def look_at(client: Caller, imp_uid: str) -> Payment:
    """Look a payment up; those of test channels as well."""
    return await client.call(get_call(imp_uid, include_sandbox=True, extension=False))


def cancel_call(refund: Refund, body: Any) -> Call[Payment]:
    """Make the call of a refund."""
    imp_uid = refund.before.imp_uid
    return Call(
        "POST",
        "/payments/cancel",
        Payment,
        body=body,
        identifiers={"imp_uid": imp_uid},
        check=MatchesPayment(imp_uid=imp_uid),
        repeat=Repeat.UNSAFE,
        secrets=secrets_in(body, "reason") | {plain_reason(refund.reason)},
    )


async def carry_out(client: Caller, refund: Refund, body: Any, *, seconds: float) -> Payment:
    """Send a refund, and look it up until its outcome is known.

    Args:
        client: Makes the calls.
        refund: The refund that ``body`` requests.
        body: The same for every request, checksum included.
        seconds: How long to look, from the first answer on that leaves it open; 0 for one look-up.

    Raises:
        CancelPendingError: Accepted, but not made yet.
        CancelRefusedError: Not made.
        OutcomeUnknownError: The answer was lost, and the look-ups failed.
        PortOneError: It was not sent.
    """
    # A caller with little time accepts that a repetition meets the first request.
    run = _Run(client, refund, cancel_call(refund, body), min_age=min(MIN_AGE, seconds / 4))
    await run.send()
    if run.is_made:
        return run.payment
    deadline = _now() + seconds
    waits = pauses()
    while True:
        await run.look()
        left = deadline - _now()
        action = run.next_action(has_time=left > 0)
        if action is Action.SEND:
            await run.send()
            if run.is_made:
                return run.payment
            continue
        if action is Action.RETURN:
            return run.payment
        if action is not Action.WAIT:
            raise run.error(action)
        await asyncio.sleep(min(next(waits), left))


class _Run:
    """What was sent, answered and looked up for one refund."""

    def __init__(
        self, client: Caller, refund: Refund, call: Call[Payment], *, min_age: float
    ) -> None:
        self.payment = refund.before
        """As the last answer has it."""
        self.found = Trace.UNCLEAR
        """What the last answer or look-up shows."""
        self._client = client
        self._refund = refund
        self._call = call
        self._min_age = min_age
        self._answers: list[Answer] = []
        self._last_error: PortOneError | None = None
        self._refusal: ApiError | None = None
        self._looks = 0
        self._empty_looks = 0
        self._is_hopeless = False
        self._started_at = self._sent_at = _now()
        self._evidence: list[str] = []

    @property
    def is_made(self) -> bool:
        return self.found is Trace.MADE

    async def send(self) -> None:
        """Send the refund.

        Raises:
            PortOneError: It was not sent, and never before.
        """
        self.found, self._empty_looks = Trace.UNCLEAR, 0
        self._sent_at = _now()
        try:
            payment = await self._client.call(self._call)
        except Exception as error:
            answer = _answer_in(error)
            if answer is None and not self._answers:
                raise
            self._record(answer, error)
        else:
            self._answers.append(Answer.ACCEPTED)
            self._note(Worded("sent"), Worded("accepted, {state}", state=state_of(payment)))
            self._read(payment)

    async def look(self) -> None:
        """Look the payment up."""
        try:
            payment = await look_at(self._client, self.payment.imp_uid)
        except Exception as error:  # noqa: BLE001 (a throttle may raise anything)
            self.found = Trace.UNCLEAR
            self._is_hopeless = isinstance(error, (ClientClosedError, WrongLoopError))
            self._note(Worded("look-up failed"), described(error))
        else:
            self._looks += 1
            self._note(Worded("looked up"), state_of(payment))
            self._read(payment)
            self._empty_looks += self.found is Trace.ABSENT

    def next_action(self, *, has_time: bool) -> Action:
        return decide(
            self._answers,
            self.found,
            empty_looks=self._empty_looks,
            age=_now() - self._sent_at,
            min_age=self._min_age,
            has_time=has_time and not self._is_hopeless,
        )

    def error(self, end: Action) -> PortOneError:
        """Return the error for an end without a refund that was made."""
        findings = Findings(
            refund=self._refund,
            payment=self.payment,
            found=self.found,
            answers=self._answers,
            looks=self._looks,
            refusal=self._refusal,
            evidence=self._evidence,
        )
        return self._with_history(refund_error(end, findings))

    def _record(self, answer: Answer | None, error: Exception) -> None:
        self._note(Worded("sent") if answer else Worded("not sent"), described(error))
        if answer is None or not isinstance(error, PortOneError):
            return
        self._answers.append(answer)
        self._last_error = error.with_traceback(None)
        if answer is Answer.REFUSED and isinstance(error, ApiError):
            self._refusal = error

    def _read(self, payment: Payment) -> None:
        self.payment = payment
        self.found = trace(self._refund, payment, self._answers)

    def _with_history(self, error: PortOneError) -> PortOneError:
        error.endpoint = self._call.endpoint
        error.identifiers = self._call.identifiers
        error.elapsed = _now() - self._started_at
        if self._last_error is not None:
            error.attempts = self._last_error.attempts
            if error.status is None:
                error.status = self._last_error.status
            if error.reply is None:
                error.reply = self._last_error.reply
        return error

    def _note(self, event: str, outcome: str) -> None:
        # A look-up may repeat what is secret in the request.
        line = Worded(
            "after {seconds:.1f} s {event}: {outcome}",
            seconds=_now() - self._started_at,
            event=event,
            outcome=redacted(outcome, lambda text: without(text, self._call.secrets)),
        )
        self._evidence.append(line)


def _answer_in(error: Exception) -> Answer | None:
    """Return what the error of a request tells; ``None`` if it was not sent or not processed."""
    if not isinstance(error, PortOneError):
        return None  # Of a throttle, before the request.
    if is_open(error):
        return Answer.LOST
    return Answer.REFUSED if is_refusal(error) else None


def _now() -> float:
    return asyncio.get_running_loop().time()
