"""The spans of one call.

A call is one span of the kind CLIENT, and its attempts are children of the kind INTERNAL. The
conventions for HTTP permit a span for the operation or one for each request that is sent, and
not both with the kind CLIENT: a service graph would count each call twice. Here the operation is
the one that matters. Its span contains the queue, the fetch of a token and the waits between
attempts, and it has failed only if the caller has got an error.

Events would lack the duration of an attempt, and OpenTelemetry replaces the events of spans by logs.

No span has a description of its status or an exception: these texts contain order numbers.
"""

from __future__ import annotations

from typing import Any

from opentelemetry import context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from portone_async.errors import Attempt
from portone_async.instrumentation import CallInfo

from ._attributes import (
    ERROR_TYPE,
    METHOD,
    PAUSE,
    RESEND_COUNT,
    RESPONSE_CODE,
    RETRY_WAIT,
    STATUS_CODE,
    TEMPLATE,
    THROTTLE_WAIT,
    TOKEN_WAIT,
    Attributes,
    error_type,
    operation_of,
    server_of,
)

__all__ = ("ATTEMPT", "CallSpans")

ATTEMPT = "PortOne attempt"
"""The name of the span of an attempt."""

# Not the propagator that the process has configured: it may also send baggage, in which
# applications put the ids of users.
_propagator = TraceContextTextMapPropagator()


class CallSpans:
    """The span of a call, which is the current one until the call ends, and its attempts.

    The fetch of a token runs in a task that copies the context of the call that starts it, so its
    span is a child of that call's. Other calls that wait for the same fetch have an attribute.
    """

    def __init__(self, tracer: Tracer, call: CallInfo) -> None:
        self._tracer = tracer
        self._attempt: Span | None = None
        self._last: Attributes = {}
        operation = operation_of(call)
        self._span = tracer.start_span(
            " ".join(str(operation[key]) for key in (METHOD, TEMPLATE) if key in operation),
            kind=SpanKind.CLIENT,
            attributes=operation | server_of(call),
        )
        self._context = set_span_in_context(self._span)
        self._token = context.attach(self._context)

    def attempt_started(self, number: int) -> None:
        """Start the span of an attempt."""
        resends: Attributes = {} if number == 1 else {RESEND_COUNT: number - 1}
        self._last = resends
        self._attempt = self._tracer.start_span(ATTEMPT, self._context, attributes=resends)

    def attempt_ended(self, attempt: Attempt) -> None:
        """End the span of an attempt."""
        outcome = {STATUS_CODE: attempt.status, RESPONSE_CODE: attempt.code}
        waits = {
            THROTTLE_WAIT: attempt.waited,
            TOKEN_WAIT: attempt.waited_for_token or None,
            RETRY_WAIT: attempt.wait,
            PAUSE: attempt.paused,
        }
        self._last |= _present(outcome)
        self._end_attempt(attempt.error, _present(outcome | waits))

    def trace_headers(self) -> dict[str, str]:
        """Return the trace context of the attempt that has started."""
        headers: dict[str, str] = {}
        if self._attempt is not None:
            _propagator.inject(headers, set_span_in_context(self._attempt, self._context))
        return headers

    def call_ended(self, error: BaseException | None) -> None:
        """End the span of the call, and of an attempt that was cancelled."""
        try:
            failure = None if error is None else error_type(error)
            self._end_attempt(failure, {})
            _end(self._span, failure, self._last)
        finally:
            # Not if a coroutine was dropped, and is closed in the context of other code.
            if context.get_current() is self._context:
                context.detach(self._token)

    def _end_attempt(self, failure: str | None, attributes: Attributes) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            _end(attempt, failure, attributes)


def _end(span: Span, failure: str | None, attributes: Attributes) -> None:
    try:
        span.set_attributes(attributes)
        if failure is not None:
            span.set_attribute(ERROR_TYPE, failure)
            span.set_status(StatusCode.ERROR)
    finally:
        span.end()


def _present(attributes: dict[str, Any]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
