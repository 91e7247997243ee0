"""A FastAPI app whose traces contain its calls to PortOne, for OpenTelemetry.

Run it with ``uvicorn --app-dir examples fastapi_traced:app``; it prints the spans of each request.
It needs ``portone-async[otel]``, ``opentelemetry-sdk`` and ``opentelemetry-instrumentation-fastapi``.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET`` when it starts. Without an
account, run ``python -m portone_async.testing``: it prints the variables to set.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI, HTTPException, Request
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from portone_async import PaymentNotFoundError, PortOneClient, PortOneError
from portone_async.instrumentation.opentelemetry import OpenTelemetryObserver

# Metrics are set up in the same way, with a MeterProvider.
tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
# A real shop has the OTLP exporter of `opentelemetry-exporter-otlp` here.
tracer_provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))


class State(TypedDict):
    """Objects that live as long as the process."""

    portone: PortOneClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[State, None]:
    """Keep one client per process, whose calls are children of the requests that make them."""
    observer = OpenTelemetryObserver(tracer_provider)
    async with PortOneClient.from_env(observers=(observer,)) as client:
        yield {"portone": client}
    tracer_provider.shutdown()  # Exports the last spans.


app = FastAPI(lifespan=lifespan)


@app.get("/orders/{merchant_uid}/payment")
async def get_payment(merchant_uid: str, request: Request) -> dict[str, str]:
    """Return the state of an order's payment. A real shop first checks whose order it is."""
    portone: PortOneClient = request.state.portone
    try:
        payment = await portone.payments.find(merchant_uid)
    except PaymentNotFoundError:
        raise HTTPException(404, "There is no such payment.") from None
    except PortOneError:
        raise HTTPException(502, "The request to PortOne failed.") from None
    return {"status": payment.status, "amount": str(payment.amount)}


# Without a span for each message of ASGI. The spans of requests contain their own URLs, and so the
# order numbers in these.
FastAPIInstrumentor.instrument_app(
    app, tracer_provider=tracer_provider, exclude_spans=["receive", "send"]
)
