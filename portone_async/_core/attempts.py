"""The attempts of a call, recorded for errors, logs and observers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from portone_async._worded import redacted
from portone_async.call import Call
from portone_async.errors import ApiError, Attempt, PortOneError
from portone_async.errors._error import worded_reason
from portone_async.instrumentation import CallObserver, Observer

from .notify import guarded, start_observers, trace_headers
from .retry import RetryBudget

__all__ = ("AttemptLog",)

_log = logging.getLogger("portone_async")
_log.addHandler(logging.NullHandler())


class AttemptLog:
    """The attempts of one call.

    Only the fields of an :class:`Attempt` are logged. No value of a call and no text of a response
    is among them.
    """

    __slots__ = (
        "_budget",
        "_call",
        "_now",
        "attempts",
        "number",
        "observers",
        "sent_at",
        "started_at",
        "waited",
        "waited_for_token",
    )

    def __init__(self, call: Call[Any], now: Callable[[], float], budget: RetryBudget) -> None:
        self._call = call
        self._now = now
        self._budget = budget
        self.observers: tuple[CallObserver, ...] = ()
        self.started_at = now()
        self.attempts: tuple[Attempt, ...] = ()
        self.number = 0
        """How often the call was sent so far."""
        self.sent_at = 0.0
        """When it was sent last, on the loop's clock."""
        self.waited = self.waited_for_token = 0.0
        """Seconds waited before the next attempt, or the one in flight."""

    def observe(self, observers: Sequence[Observer], server: tuple[str, int]) -> None:
        """Start the observers of this call, which is for a host and a port."""
        self.observers = start_observers(self._call, observers, server)

    def trace_headers(self) -> dict[str, str]:
        """Return the headers that observers add to the attempt that has started."""
        return trace_headers(self.observers)

    def start(self, now: float) -> None:
        """Record that the call is sent now."""
        self.number += 1
        self.sent_at = now
        for observer in self.observers:
            guarded(observer.attempt_started, self.number)

    def succeeded(self, status: int) -> None:
        """Record a success, if it is observed or logged."""
        if self.observers or _log.isEnabledFor(logging.DEBUG):
            self._record(status=status)

    def failed(self, error: PortOneError, wait: float | None, paused: float | None) -> None:
        """Record a failed attempt.

        Args:
            error: Why it failed.
            wait: Seconds until the next one, if there is one.
            paused: Seconds for which it pauses all calls, if it does.
        """
        attempt = self._record(
            status=error.status,
            code=error.code if isinstance(error, ApiError) else None,
            error=type(error).__name__,
            wait=wait,
            paused=paused,
        )
        if wait is not None:
            _log.warning(
                "%s attempt %d failed (%s), next in %.2f s",
                self._call.endpoint,
                attempt.number,
                attempt.error,
                wait,
                extra=_log_fields(attempt),
            )

    def end(self, error: BaseException | None = None) -> None:
        """Report the end of the call to its observers."""
        if self.observers:
            # Reversed, so that observers can set a context variable and reset it: the last one that
            # is set is the first one that is reset.
            for observer in reversed(self.observers):
                guarded(observer.call_ended, error)

    def with_history(
        self,
        error: PortOneError,
        gave_up: str | None,
        redact: Callable[[str], str],
        redact_identifier: Callable[[str], str],
    ) -> PortOneError:
        """Add the call's identifiers and attempts to its error, and redact its texts, in place."""
        if error.endpoint is not None:
            return error  # The error of another call: the fetch of the token.
        error.endpoint = self._call.endpoint
        error.identifiers = {
            name: redact_identifier(value) for name, value in self._call.identifiers.items()
        }
        error.advice = self._call.advice_for(error)
        error.attempts = self.attempts
        error.elapsed = self._now() - self.started_at
        error.gave_up = gave_up
        reason = redacted(worded_reason(error), redact)
        error.reason, error.args = str(reason), (reason,)
        if error.excerpt is not None:
            error.excerpt = redact(error.excerpt)
        if isinstance(error, ApiError) and error.message is not None:
            error.message = redact(error.message)
        return error

    def _record(
        self,
        *,
        status: int | None = None,
        code: int | None = None,
        error: str | None = None,
        wait: float | None = None,
        paused: float | None = None,
    ) -> Attempt:
        attempt = Attempt(
            method=self._call.method,
            route=self._call.route,
            number=self.number,
            elapsed=self._now() - self.sent_at,
            status=status,
            code=code,
            error=error,
            wait=wait,
            waited=self.waited,
            waited_for_token=self.waited_for_token,
            paused=paused,
            budget=self._budget.left,
        )
        self.waited = self.waited_for_token = 0.0
        self.attempts += (attempt,)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "%s attempt %d: %s in %.3f s",
                self._call.endpoint,
                attempt.number,
                error or status,
                attempt.elapsed,
                extra=_log_fields(attempt),
            )
        for observer in self.observers:
            guarded(observer.attempt_ended, attempt)
        return attempt


_FIELDS = {
    f"portone_{'attempt' if name == 'number' else name}": name for name in Attempt.__struct_fields__
}


def _log_fields(attempt: Attempt) -> dict[str, object]:
    """Return the fields of a log record: ``portone_route``, ``portone_attempt`` and so on."""
    return {field: getattr(attempt, name) for field, name in _FIELDS.items()}
