"""Monitoring that patches aiohttp sees whole URLs and no body, as SECURITY.md says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession, TraceConfig

from portone_async.testing import FakePortOne


async def test_monitoring_of_aiohttp_sees_order_numbers(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[tuple[str, str]] = []

    async def record(session: ClientSession, context: SimpleNamespace, parameters: Any) -> None:
        requests.append((parameters.method, parameters.url.path))
        parameters.headers["traceparent"] = "00-1-1-01"

    make = ClientSession.__init__

    # As OpenTelemetry's and Sentry's integrations do it.
    def patched(self: ClientSession, *args: Any, **options: Any) -> None:
        trace = TraceConfig()
        trace.on_request_start.append(record)
        make(self, *args, **options, trace_configs=[trace])

    monkeypatch.setattr(ClientSession, "__init__", patched)
    server.add(merchant_uid="order-1", buyer_name="planted")
    async with server.client() as client:
        await client.payments.find("order-1")

    # One event for each request, and none for the check of a new session.
    assert requests == [("POST", "/users/getToken"), ("GET", "/payments/find/order-1")]
    assert all(request.headers["traceparent"] for request in server.requests)
