"""The metrics of calls: the one that OpenTelemetry's conventions have, and this package's."""

from __future__ import annotations

import asyncio

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from portone_async.errors import Attempt
from portone_async.instrumentation import CallInfo

from ._attributes import (
    ADDRESS,
    ERROR_TYPE,
    PORT,
    STATUS_CODE,
    Attributes,
    error_type,
    operation_of,
    server_of,
)

__all__ = ("CallMetrics", "Instruments")

_TOKEN_ROUTE = "/users/getToken"  # noqa: S105 (a route)

# Seconds. The boundaries that the conventions advise for the duration of a request.
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# Calls and pauses may last longer: `Timeouts.total` is 60 s, and so is the longest pause.
_CALL_SECONDS = (*_REQUEST_SECONDS, 15, 30, 60, 120)
_ATTEMPTS = (0, 1, 2, 3, 4, 6, 8)


class Instruments:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self.request_duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_REQUEST_SECONDS,
        )
        self.call_duration = meter.create_histogram(
            "portone.client.call.duration",
            unit="s",
            description="Duration of calls, with their waits and all of their attempts.",
            explicit_bucket_boundaries_advisory=_CALL_SECONDS,
        )
        self.call_attempts = meter.create_histogram(
            "portone.client.call.attempts",
            unit="{attempt}",
            description="Attempts of a call; 0 for a call that was never sent.",
            explicit_bucket_boundaries_advisory=_ATTEMPTS,
        )
        self.retries = meter.create_counter(
            "portone.client.retries",
            unit="{retry}",
            description="Attempts after a failed one, by the error of that one.",
        )
        self.throttle_wait = meter.create_histogram(
            "portone.client.throttle.wait",
            unit="s",
            description="Time before an attempt in the throttle: queue, free slot and permit.",
            explicit_bucket_boundaries_advisory=_CALL_SECONDS,
        )
        self.pause = meter.create_histogram(
            "portone.client.pause",
            unit="s",
            description="Pauses of all calls that the server requested by Retry-After.",
            explicit_bucket_boundaries_advisory=_CALL_SECONDS,
        )
        self.token_fetches = meter.create_counter(
            "portone.client.token.fetches",
            unit="{fetch}",
            description="Fetches of a token that have ended.",
        )
        self.budgets: dict[tuple[str, int], int] = {}
        """What is left of the retry budget, by host and port."""
        # Observed: many SDKs (1.30, 1.44) report the value of another gauge in one collection only.
        meter.create_observable_gauge(
            "portone.client.retry.budget",
            [self._observe_budgets],
            unit="{point}",
            description="What is left of RetryPolicy.budget; a retry costs 5 or 10.",
        )

    def _observe_budgets(self, _: CallbackOptions) -> list[Observation]:
        # The list is a copy: this runs in the thread of an exporter.
        return [
            Observation(left, {ADDRESS: host, PORT: port})
            for (host, port), left in list(self.budgets.items())
        ]


class CallMetrics:
    """Records the metrics of one call."""

    def __init__(self, instruments: Instruments, call: CallInfo) -> None:
        self._instruments = instruments
        self._call = call
        self._operation = operation_of(call)
        self._server = server_of(call)
        self._now = asyncio.get_running_loop().time
        self._started_at = self._now()
        self._sent_at: float | None = None
        self._number = 0
        self._last_failure = ""

    def attempt_started(self, number: int) -> None:
        """Record a retry, if it is one."""
        self._number, self._sent_at = number, self._now()
        if number > 1:
            retry: Attributes = {ERROR_TYPE: self._last_failure}
            self._instruments.retries.add(1, self._operation | retry)

    def attempt_ended(self, attempt: Attempt) -> None:
        """Record an attempt."""
        self._sent_at, self._last_failure = None, attempt.error or ""
        status: Attributes = {} if attempt.status is None else {STATUS_CODE: attempt.status}
        self._instruments.throttle_wait.record(attempt.waited, self._server)
        if attempt.paused is not None:
            self._instruments.pause.record(attempt.paused, self._server | status)
        if attempt.budget is not None:
            self._instruments.budgets[self._call.host, self._call.port] = attempt.budget
        self._record_request(attempt.elapsed, status | _failure(attempt.error))

    def call_ended(self, error: BaseException | None) -> None:
        """Record the call, and an attempt that was cancelled."""
        now, failure = self._now(), _failure(None if error is None else error_type(error))
        if self._sent_at is not None:
            self._record_request(now - self._sent_at, failure)
        call = self._operation | self._server
        self._instruments.call_duration.record(now - self._started_at, call | failure)
        self._instruments.call_attempts.record(self._number, self._operation)
        if self._call.route == _TOKEN_ROUTE:
            self._instruments.token_fetches.add(1, self._server | failure)

    def _record_request(self, seconds: float, outcome: Attributes) -> None:
        request = self._operation | self._server | outcome
        self._instruments.request_duration.record(seconds, request)


def _failure(name: str | None) -> Attributes:
    return {} if name is None else {ERROR_TYPE: name}
