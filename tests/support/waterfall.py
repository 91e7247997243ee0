"""Draw a trace as an SVG: ``python -m tests.support.waterfall`` draws that of the FastAPI example.

The picture in ``docs/en/observability.md`` is made by it, from spans that the example exported.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape

import httpx
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from portone_async.testing import Exchange, FakePortOne, Reply
from tests.support.examples import ROOT, fastapi_served, loaded
from tests.support.telemetry import ids, parent_of

__all__ = ("PICTURE", "traced_look_up", "waterfall")

PICTURE = ROOT / "docs" / "images" / "trace.svg"

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 960, 380, 24, 34, 52
# Its own background: a page may be dark where the reader's system is light, and the reverse.
_STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.card { fill: #ffffff; stroke: #d0d7de; }
.grid { stroke: #d8dee4; }
.note, .kind { fill: #59636e; font-size: 12px; }
.server { fill: #8250df; } .client { fill: #0969da; } .internal { fill: #54aeff; }
.failed { fill: #cf222e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .card { fill: #0d1117; stroke: #3d444d; }
  .grid { stroke: #30363d; }
  .note, .kind { fill: #9198a1; }
  .server { fill: #ab7df8; } .client { fill: #4493f8; } .internal { fill: #79c0ff; }
  .failed { fill: #f85149; }
}"""


@dataclass(frozen=True)
class _Row:
    span: ReadableSpan
    depth: int

    @property
    def start(self) -> int:
        return self.span.start_time or 0

    @property
    def end(self) -> int:
        return self.span.end_time or 0

    @property
    def note(self) -> str:
        """The duration, the status of the reply, the error and the wait after it."""
        attributes: dict[str, Any] = dict(self.span.attributes or {})
        names = ("http.response.status_code", "http.status_code", "error.type")
        facts = [str(attributes[name]) for name in names if name in attributes]
        if "portone.retry.wait" in attributes:
            facts.append(f"next in {attributes['portone.retry.wait'] * 1000:.0f} ms")
        return " · ".join([f"{(self.end - self.start) / 1e6:.0f} ms", *facts])


def waterfall(spans: Sequence[ReadableSpan]) -> str:
    """Return a picture of one trace: a row for each span, below its parent."""
    rows = list(_rows(spans, None, 0))
    start, end = min(row.start for row in rows), max(row.end for row in rows)
    # A quarter is free for the notes beside the bars.
    scale = (_WIDTH - _LEFT - _RIGHT - 190) / (end - start)
    height = _TOP + _ROW * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>A trace: the spans of a request, of its call to PortOne and of the attempts</title>",
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="card" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>',
        *_axis((end - start) / 1e6, scale * 1e6, height),
    ]
    for number, row in enumerate(rows):
        parts += _bar(row, _TOP + _ROW * number, _LEFT + (row.start - start) * scale, scale)
    return "\n".join([*parts, "</svg>", ""])


def _rows(
    spans: Sequence[ReadableSpan], parent: tuple[int, int] | None, depth: int
) -> Iterator[_Row]:
    children = [span for span in spans if parent_of(span) == parent]
    for span in sorted(children, key=lambda span: span.start_time or 0):
        yield _Row(span, depth)
        yield from _rows(spans, ids(span), depth + 1)


def _axis(milliseconds: float, scale: float, height: int) -> Iterator[str]:
    step = next(step for step in (50, 100, 250, 500, 1000, 5000) if milliseconds / step <= 6)
    for tick in range(0, int(milliseconds) + 1, step):
        x = _LEFT + tick * scale
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="36" y2="{height - 8}"/>'
        yield f'<text class="note" x="{x:.1f}" y="26" text-anchor="middle">{tick} ms</text>'


def _bar(row: _Row, y: int, x: float, scale: float) -> Iterator[str]:
    kind = row.span.kind.name
    width = max(2.0, (row.end - row.start) * scale)
    css = "failed" if not row.span.status.is_ok else kind.lower()
    indent = 16 + 18 * row.depth
    yield f'<text x="{indent}" y="{y + 12}">{escape(row.span.name)}</text>'
    yield f'<text class="kind" x="{indent}" y="{y + 26}">{kind}</text>'
    yield f'<rect class="{css}" x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="16" rx="2"/>'
    yield f'<text class="note" x="{x + width + 8:.1f}" y="{y + 17}">{escape(row.note)}</text>'


class _Slow:
    """Replies late, and perhaps with a pause that the client must make."""

    def __init__(self, seconds: float, retry_after: int | None = None) -> None:
        self._seconds = seconds
        self._retry_after = retry_after

    async def meet(self, exchange: Exchange) -> Reply:
        await asyncio.sleep(self._seconds)
        if self._retry_after is None:
            return exchange.reply()
        return Reply(429, b"", {"Retry-After": str(self._retry_after)})


async def traced_look_up(server: FakePortOne) -> list[ReadableSpan]:
    """Look an order up by the example, over HTTP; return the spans that it exports."""
    exporter = InMemorySpanExporter()
    example = loaded("fastapi_traced")
    example.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with fastapi_served(example) as url, httpx.AsyncClient(base_url=url) as browser:
        await browser.get("/nowhere")  # The first request of a process sets the app up.
        exporter.clear()
        response = await browser.get("/orders/ORD-1/payment")
        assert response.json() == {"status": "paid", "amount": "15000"}
    return list(exporter.get_finished_spans())


async def _draw() -> None:
    async with FakePortOne() as server:
        server.add(merchant_uid="ORD-1", amount=15000)
        server.fail(_Slow(0.12), on="/users")
        server.fail(_Slow(0.08, retry_after=1), _Slow(0.14), on="/payments")
        keys = {"KEY": server.imp_key, "SECRET": server.imp_secret}
        environment = {f"PORTONE_IMP_{name}": value for name, value in keys.items()}
        with patch.dict(os.environ, environment | {"PORTONE_BASE_URL": server.url}):
            spans = await traced_look_up(server)
    PICTURE.parent.mkdir(exist_ok=True)
    Path(PICTURE).write_text(waterfall(spans), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_draw())
