"""The tables of ``docs/en/observability.md`` list what is exported and logged: no more and no less.

Those of ``docs/ko/observability.md`` have the same facts.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics.export import Gauge, Histogram, Metric

from portone_async import Attempt, PortOneError
from tests.support.samples import body
from tests.support.scripted import UID, reply, scripted_client, series, token_reply
from tests.support.telemetry import Telemetry
from tests.support.virtual_time import virtual_time

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "en" / "observability.md").read_text("utf-8")
KOREAN_PAGE = (DOCS / "ko" / "observability.md").read_text("utf-8")
KOREAN_WORDS = {
    "있음": "yes",
    "없음": "no",
    "히스토그램": "histogram",
    "카운터": "counter",
    "게이지": "gauge",
    "메서드": "method",
    "템플릿": "template",
    "서버": "server",
    "상태": "status",
    "오류": "error",
}
GROUPS = {
    "http.request.method": "method",
    "url.template": "template",
    "server.address": "server",
    "server.port": "server",
    "http.response.status_code": "status",
    "error.type": "error",
}


def table(heading: str, page: str = PAGE) -> list[list[str]]:
    """Return the rows of the table whose first heading this is."""
    found = re.search(rf"^\| {heading} \|.*\n\| ---.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert found is not None
    return [line.strip("| ").split(" | ") for line in found[1].splitlines()]


async def everything() -> Telemetry:
    """Make calls that have every attribute and every metric."""
    telemetry = Telemetry()
    refused = reply(200, body({"code": -1, "message": "?", "response": None}))
    client, _ = scripted_client(
        series(reply(429, Retry_After="1"), refused),
        token=series((1.0, reply(503)), (1.0, token_reply()), (1.0, reply(401))),
        observers=(telemetry.observer(),),
    )
    try:
        await client.payments.find(UID)
    except PortOneError:
        pass
    else:
        raise AssertionError("the call was refused")
    fresh, _ = scripted_client(token=lambda _: reply(401), observers=(telemetry.observer(),))
    await asyncio.gather(fresh.payments.find(UID), return_exceptions=True)
    return telemetry


@virtual_time
async def test_table_of_attributes_lists_those_of_spans() -> None:
    telemetry = await everything()
    exported: dict[bool, set[str]] = {True: set(), False: set()}
    for span in telemetry.spans:
        exported[span.name == "PortOne attempt"] |= set(span.attributes or {})
    rows = {row[0].strip("`"): (row[1], row[2]) for row in table("Attribute")}

    assert {name for name, (call, _) in rows.items() if call == "yes"} == exported[False]
    assert {name for name, (_, attempt) in rows.items() if attempt == "yes"} == exported[True]
    assert {cell for cells in rows.values() for cell in cells} == {"yes", "no"}


@virtual_time
async def test_table_of_metrics_lists_those_that_are_exported() -> None:
    telemetry = await everything()
    exported = [
        [metric.name, kind(metric), metric.unit or "", attributes(metric), metric.description]
        for metric in telemetry.metrics().values()
    ]
    documented = [
        [
            row[0].strip("`"),
            row[1],
            row[2].strip("`"),
            ", ".join(sorted(row[3].split(", "))),
            row[4],
        ]
        for row in table("Metric")
    ]

    assert sorted(documented) == sorted(exported, key=str)


def kind(metric: Metric) -> str:
    if isinstance(metric.data, Histogram):
        return "histogram"
    return "gauge" if isinstance(metric.data, Gauge) else "counter"


def attributes(metric: Metric) -> str:
    names = {name for point in metric.data.data_points for name in point.attributes or {}}
    return ", ".join(sorted({GROUPS[name] for name in names}))


def test_table_of_log_fields_lists_the_facts_of_an_attempt() -> None:
    facts = {"attempt" if name == "number" else name for name in Attempt.__struct_fields__}

    assert {row[0].strip("`") for row in table("Field")} == {f"portone_{name}" for name in facts}


@pytest.mark.parametrize(
    ("heading", "korean"),
    [("Attribute", "속성"), ("Metric", "메트릭"), ("Field", "필드")],
    ids=["attributes", "metrics", "fields"],
)
def test_korean_table_has_the_facts_of_the_english_one(heading: str, korean: str) -> None:
    facts = [row[:-1] for row in table(heading)]

    assert [translated(row[:-1]) for row in table(korean, KOREAN_PAGE)] == facts


def translated(cells: list[str]) -> list[str]:
    """Return the cells, all columns but the description, in English."""
    return [", ".join(KOREAN_WORDS.get(word, word) for word in cell.split(", ")) for cell in cells]
