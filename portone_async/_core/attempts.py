"""Records the attempts of a call for errors, logs and observers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from portone_async.call import Call
from portone_async.errors import ApiError, Attempt, PortOneError
from portone_async.instrumentation import CallInfo, CallObserver, Observer

__all__ = ("AttemptLog",)

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("portone_async")
_log.addHandler(logging.NullHandler())


class AttemptLog:
    """The attempts of one call.

    Only these are logged: method, route template, number, outcome and seconds. No value of a call
    and no text of a response is among them.
    """

    __slots__ = ("_call", "_now", "_observers", "attempts", "number", "sent_at", "started_at")

    def __init__(
        self, call: Call[Any], observers: Sequence[Observer], now: Callable[[], float]
    ) -> None:
        self._call = call
        self._now = now
        self._observers = _observers_of(call, observers) if observers else ()
        self.started_at = self._now()
        self.attempts: tuple[Attempt, ...] = ()
        self.number = 0
        """How often the call was sent so far."""
        self.sent_at = 0.0
        """When it was sent last, on the loop's clock."""

    def start(self, now: float) -> None:
        """Record that the call is sent now."""
        self.number += 1
        self.sent_at = now
        for observer in self._observers:
            _guarded(observer.attempt_started, self.number)

    def succeeded(self, status: int) -> None:
        """Record a success, if it is observed or logged."""
        if self._observers or _log.isEnabledFor(logging.DEBUG):
            self._record(status=status)

    def failed(self, error: PortOneError, wait: float | None = None) -> None:
        """Record a failed attempt, and the seconds until the next one if there is one."""
        self._record(
            status=error.status,
            code=error.code if isinstance(error, ApiError) else None,
            error=type(error).__name__,
            wait=wait,
        )
        if wait is not None:
            _log.warning(
                "%s attempt %d failed (%s), next in %.2f s",
                self._call.endpoint,
                self.number,
                type(error).__name__,
                wait,
            )

    def end(self, error: BaseException | None = None) -> None:
        """Report the end of the call to its observers."""
        for observer in self._observers:
            _guarded(observer.call_ended, error)

    def with_history(
        self, error: PortOneError, gave_up: str | None, redact: Callable[[str], str]
    ) -> PortOneError:
        """Add the call's identifiers and attempts to its error, and redact its texts, in place."""
        if error.endpoint is not None:
            return error  # The error of another call: the fetch of the token.
        error.endpoint = self._call.endpoint
        error.identifiers = {name: redact(value) for name, value in self._call.identifiers.items()}
        error.advice = self._call.advice_for(error)
        error.attempts = self.attempts
        error.elapsed = self._now() - self.started_at
        error.gave_up = gave_up
        error.reason = redact(error.reason)
        error.args = (error.reason,)
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
    ) -> None:
        attempt = Attempt(
            method=self._call.method,
            route=self._call.route,
            number=self.number,
            elapsed=self._now() - self.sent_at,
            status=status,
            code=code,
            error=error,
            wait=wait,
        )
        self.attempts += (attempt,)
        _log.debug(
            "%s attempt %d: %s in %.3f s",
            self._call.endpoint,
            attempt.number,
            error or status,
            attempt.elapsed,
        )
        for observer in self._observers:
            _guarded(observer.attempt_ended, attempt)


def _observers_of(call: Call[Any], observers: Sequence[Observer]) -> list[CallObserver]:
    # Not the call itself: its body may hold the keys.
    info = CallInfo(method=call.method, route=call.route)
    started = [_guarded(observer.call_started, info) for observer in observers]
    return [observer for observer in started if observer is not None]


def _guarded(event: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Notify an observer; log what it raises, since an observer must not break a call."""
    try:
        return event(*args, **kwargs)
    except Exception:  # noqa: BLE001 (an observer may raise anything)
        _log.exception("an observer raised")
        return None
