"""What was tried: for the error, the log and the caller's own eyes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from portone_async.call import Call
from portone_async.errors import ApiError, Attempt, PortOneError

__all__ = ("Journal", "OnAttempt")

OnAttempt = Callable[[Attempt], object]

_log = logging.getLogger("portone_async")
_log.addHandler(logging.NullHandler())


class Journal:
    """The attempts of one call.

    What is logged is an allow-list: method, route template, number, outcome and seconds. No
    value of a call and no text of a reply is in it.
    """

    __slots__ = ("_call", "_on_attempt", "attempts", "number", "sent_at", "started_at")

    def __init__(self, call: Call[Any], on_attempt: OnAttempt | None) -> None:
        self._call = call
        self._on_attempt = on_attempt
        self.started_at = _now()
        self.attempts: tuple[Attempt, ...] = ()
        self.number = 0
        """How often the call was sent so far."""
        self.sent_at = 0.0
        """When it was sent last, on the loop's clock."""

    def begin(self, now: float) -> None:
        """Note that it is sent now."""
        self.number += 1
        self.sent_at = now

    def succeeded(self, status: int) -> None:
        """Note a success, if anybody wants to know."""
        if self._on_attempt is not None or _log.isEnabledFor(logging.DEBUG):
            self._note(status=status)

    def failed(self, error: PortOneError, wait: float | None = None) -> None:
        """Note a failure, and the seconds until the next try if there is one."""
        if self.number == len(self.attempts):
            return  # It failed before it was sent.
        self._note(
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

    def signed(
        self, error: PortOneError, gave_up: str | None, blank: Callable[[str], str]
    ) -> PortOneError:
        """Give the error with all that is known of the call; ``blank`` takes secrets out."""
        if error.endpoint is not None:
            return error  # Another call's, that of the token.
        error.endpoint = self._call.endpoint
        error.identifiers = {name: blank(value) for name, value in self._call.identifiers.items()}
        error.advice = self._call.advice_for(error)
        error.attempts = self.attempts
        error.elapsed = _now() - self.started_at
        error.gave_up = gave_up
        error.reason = blank(error.reason)
        error.args = (error.reason,)
        if error.excerpt is not None:
            error.excerpt = blank(error.excerpt)
        if isinstance(error, ApiError) and error.message is not None:
            error.message = blank(error.message)
        return error

    def _note(
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
            elapsed=_now() - self.sent_at,
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
        if self._on_attempt is None:
            return
        try:
            self._on_attempt(attempt)
        except Exception:  # noqa: BLE001 (whoever watches must not break what is watched)
            _log.exception("on_attempt raised")


def _now() -> float:
    return asyncio.get_running_loop().time()
