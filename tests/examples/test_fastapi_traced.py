"""The traces of the FastAPI example, and the picture of one of them in the documentation."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import httpx
import pytest
from opentelemetry.trace import SpanKind

from portone_async.testing import FakePortOne, Status
from tests.support.environment import set_environment
from tests.support.examples import fastapi_served, loaded
from tests.support.telemetry import ids, parent_of
from tests.support.waterfall import PICTURE, traced_look_up, waterfall

ROWS = [
    "GET /orders/{merchant_uid}/payment",
    "GET /payments/find/{merchant_uid}",
    "POST /users/getToken",
    "PortOne attempt",
    "PortOne attempt",
    "PortOne attempt",
]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        server.add(merchant_uid="ORD-1", amount=15000)
        server.fail(Status(503), on="/payments")
        set_environment(monkeypatch, server)
        yield server


async def test_call_is_a_child_of_the_request_and_parent_of_attempts(server: FakePortOne) -> None:
    spans = await traced_look_up(server)
    request, call, token, *_ = (next(s for s in spans if s.name == name) for name in ROWS)

    assert [span.kind for span in (request, call, token)] == [
        SpanKind.SERVER,
        SpanKind.CLIENT,
        SpanKind.CLIENT,
    ]
    assert parent_of(request) is None
    assert parent_of(call) == ids(request)
    assert parent_of(token) == ids(call)
    attempts = [parent_of(span) for span in spans if span.name == "PortOne attempt"]
    assert attempts.count(ids(call)) == 2
    assert attempts.count(ids(token)) == 1
    assert len(spans) == 6
    # The spans of the server are FastAPI's, and contain its URL.
    assert [span.name for span in spans if "ORD-1" in span.to_json()] == [request.name]
    # The same rows as in the documentation.
    assert rows_of(waterfall(spans)) == rows_of(PICTURE.read_text("utf-8")) == ROWS


async def test_visitor_gets_the_state_of_a_failure(server: FakePortOne) -> None:
    server.clear_faults()
    server.fail(Status(400), on="/payments/find/ORD-2")
    async with (
        fastapi_served(loaded("fastapi_traced")) as url,
        httpx.AsyncClient(base_url=url, timeout=None) as browser,
    ):
        statuses = [
            (await browser.get(f"/orders/{order}/payment")).status_code
            for order in ("ORD-1", "ORD-2", "ORD-3")
        ]

    assert statuses == [200, 502, 404]


def rows_of(picture: str) -> list[str]:
    """Return the names of the spans in a picture."""
    texts = [
        node.text or "" for node in ET.fromstring(picture).iter() if node.tag.endswith("}text")
    ]
    return [text for text in texts if re.match(r"(GET|POST) /|PortOne ", text)]
