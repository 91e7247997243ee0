"""The observer that makes spans and metrics of calls."""

from __future__ import annotations

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import TracerProvider, get_tracer

from portone_async._version import __version__
from portone_async.errors import Attempt
from portone_async.instrumentation import CallInfo, CallObserver

from ._attributes import SCHEMA_URL
from ._metrics import CallMetrics, Instruments
from ._spans import CallSpans

__all__ = ("OpenTelemetryObserver",)


class OpenTelemetryObserver:
    """Makes a span of each call, with its attempts as children, and records metrics.

    ```python
    client = PortOneClient(imp_key, imp_secret, observers=(OpenTelemetryObserver(),))
    ```

    The spans are children of the current span, and the fetch of a token is a child of the call that
    starts it. Names and attributes follow OpenTelemetry's conventions for HTTP clients. They
    contain the templates of routes, and never a URL, an order number, a key, a token, a body or the
    text of an error. One observer can serve several clients.

    Args:
        tracer_provider: Provides the tracer; ``None`` for the global one.
        meter_provider: Provides the meter; ``None`` for the global one.
        propagate: Whether to send ``traceparent`` and ``tracestate`` to PortOne, which is not known
            to use them. Baggage is never sent: it may contain personal data.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        *,
        propagate: bool = False,
    ) -> None:
        scope = ("portone_async", __version__)
        self._tracer = get_tracer(*scope, tracer_provider, SCHEMA_URL)
        self._instruments = Instruments(get_meter(*scope, meter_provider, SCHEMA_URL))
        self._propagate = propagate

    def call_started(self, call: CallInfo) -> CallObserver:
        """Start the span of a call."""
        metrics = CallMetrics(self._instruments, call)
        return _ObservedCall(metrics, CallSpans(self._tracer, call), propagate=self._propagate)


class _ObservedCall:
    """The metrics and the spans of one call.

    Metrics come first: the SDK adds the span that is current as their exemplar.
    """

    def __init__(self, metrics: CallMetrics, spans: CallSpans, *, propagate: bool) -> None:
        self._metrics = metrics
        self._spans = spans
        self._propagate = propagate

    def attempt_started(self, number: int) -> None:
        try:
            self._metrics.attempt_started(number)
        finally:
            self._spans.attempt_started(number)

    def attempt_ended(self, attempt: Attempt) -> None:
        try:
            self._metrics.attempt_ended(attempt)
        finally:
            self._spans.attempt_ended(attempt)

    def trace_headers(self) -> dict[str, str]:
        return self._spans.trace_headers() if self._propagate else {}

    def call_ended(self, error: BaseException | None) -> None:
        try:
            self._metrics.call_ended(error)
        finally:
            self._spans.call_ended(error)
