"""Spans and metrics of calls for OpenTelemetry, by its conventions for HTTP.

It needs the extra ``otel`` (the API of OpenTelemetry; a program that exports them has the SDK).

```python
client = PortOneClient(imp_key, imp_secret, observers=(OpenTelemetryObserver(),))
```
"""

from __future__ import annotations

try:
    import opentelemetry.trace as _trace
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise ModuleNotFoundError(
        "portone_async.instrumentation.opentelemetry needs opentelemetry-api: "
        "pip install 'portone-async[otel]'",
        name=error.name,
    ) from None
del _trace

from ._observer import OpenTelemetryObserver  # noqa: E402 (after the message)

__all__ = ("OpenTelemetryObserver",)
