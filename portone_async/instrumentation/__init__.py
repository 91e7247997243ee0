"""Observe calls and their attempts, for tracing and metrics.

Pass observers to a client: ``PortOneClient(..., observers=(observer,))``. They never see a key, a
token, a body or a value of a path. :mod:`portone_async.instrumentation.opentelemetry` has one for
OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from msgspec import Struct

from portone_async.errors import Attempt

__all__ = ("AttemptCallback", "CallInfo", "CallObserver", "Observer", "TracedCall")


class CallInfo(Struct, frozen=True, kw_only=True):
    """The operation of a call, without any of its values."""

    method: str
    """As in ``GET``."""
    route: str
    """The path's template, as in ``/payments/find/{merchant_uid}``."""
    host: str = "api.iamport.kr"
    """The host of the client's base URL."""
    port: int = 443
    """Its port."""


class CallObserver(Protocol):
    """Observes one call. The methods run in the task of the call, in this order.

    They are not awaited, and must return quickly. Exceptions that they raise are logged and
    otherwise ignored. The observers of a call are notified in the order of the client's
    ``observers``, of its end in the reverse order.
    """

    def attempt_started(self, number: int) -> None:
        """Handle the start of attempt ``number`` (1 is the first): its permit was granted."""

    def attempt_ended(self, attempt: Attempt) -> None:
        """Handle the outcome of an attempt. Not called for an attempt that is cancelled."""

    def call_ended(self, error: BaseException | None) -> None:
        """Handle the end of the call.

        Args:
            error: What the call raises, ``asyncio.CancelledError`` included; ``None`` for a
                success.
        """


class TracedCall(CallObserver, Protocol):
    """Observes one call, and adds its trace context to the requests.

    Every observer of a call that has the method :meth:`trace_headers` is one.
    """

    def trace_headers(self) -> Mapping[str, str]:
        """Return ``traceparent``, and perhaps ``tracestate``, for the attempt that has started.

        No other header can be added. A value that a header cannot hold is logged and not sent,
        nor is a ``tracestate`` of more than 512 characters.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """Observes the calls of a client, the fetches of its token included.

    ```python
    class Spans:
        def call_started(self, call: CallInfo) -> CallObserver | None:
            return Span(f"{call.method} {call.route}")
    ```
    """

    def call_started(self, call: CallInfo) -> CallObserver | None:
        """Return an observer for a call that starts, before it queues; ``None`` to ignore it.

        Exceptions are logged, and the call is not observed.
        """


class AttemptCallback:
    """An observer that calls a function after each attempt: what ``on_attempt`` is made of."""

    def __init__(self, on_attempt: Callable[[Attempt], object]) -> None:
        self._on_attempt = on_attempt

    def call_started(self, call: CallInfo) -> CallObserver:  # noqa: ARG002 (every call is observed)
        """Observe the call with this object: it has no state."""
        return self

    def attempt_started(self, number: int) -> None:
        """Ignore the start of an attempt."""

    def attempt_ended(self, attempt: Attempt) -> None:
        """Call the function."""
        self._on_attempt(attempt)

    def call_ended(self, error: BaseException | None) -> None:
        """Ignore the end of the call."""
