"""Log records carry their facts as fields, for JSON and for structlog."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

import portone_async
from portone_async import Attempt
from tests.support.scripted import PAID, UID, reply, scripted_client, series
from tests.support.virtual_time import virtual_time

PACKAGE = Path(portone_async.__file__).parent
NO_RECORD = set(vars(logging.makeLogRecord({})))
FIELDS = {
    "portone_method",
    "portone_route",
    "portone_attempt",
    "portone_elapsed",
    "portone_status",
    "portone_code",
    "portone_error",
    "portone_wait",
    "portone_waited",
    "portone_waited_for_token",
    "portone_paused",
    "portone_budget",
}


class JsonFormatter(logging.Formatter):
    """Formats a record as the usual JSON formatters do: the message, and every field of ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in NO_RECORD}
        return json.dumps({"level": record.levelname, "event": record.getMessage(), **fields})


Handler = logging.StreamHandler[io.StringIO]


@pytest.fixture
def handler() -> Iterator[Handler]:
    """Add a handler to the package's logger; a test sets its formatter."""
    log, handler = logging.getLogger("portone_async"), logging.StreamHandler(io.StringIO())
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)


async def retried_call() -> None:
    client, _ = scripted_client(series(reply(429, Retry_After="7"), PAID))
    await client.payments.find(UID)


def written(handler: Handler) -> list[dict[str, Any]]:
    return [json.loads(line) for line in handler.stream.getvalue().splitlines()]


@virtual_time
async def test_attempts_and_retries_are_fields_of_json(handler: Handler) -> None:
    handler.setFormatter(JsonFormatter())
    await retried_call()

    records = written(handler)
    assert {frozenset(record) for record in records} == {frozenset({"level", "event", *FIELDS})}
    token, failed, retried, success = records
    assert token["portone_route"] == "/users/getToken"
    route = "/payments/find/{merchant_uid}"
    assert retried["event"] == f"GET {route} attempt 1 failed (RateLimitedError), next in 7.00 s"
    assert (failed["level"], retried["level"]) == ("DEBUG", "WARNING")
    for record in (failed, retried):
        assert (record["portone_method"], record["portone_route"]) == ("GET", route)
        assert (record["portone_status"], record["portone_error"]) == (429, "RateLimitedError")
        assert (record["portone_wait"], record["portone_paused"]) == (7, 7)
    assert (success["portone_attempt"], success["portone_status"]) == (2, 200)
    assert success["portone_error"] is success["portone_wait"] is None
    assert UID not in handler.stream.getvalue()


@virtual_time
async def test_fields_are_in_the_events_of_structlog(handler: Handler) -> None:
    processors: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    foreign: list[Any] = [structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=processors, foreign_pre_chain=foreign)
    )
    await retried_call()

    retried = written(handler)[2]
    assert retried["level"] == "warning"
    assert set(retried) == {"level", "event", *FIELDS}
    assert retried["portone_error"] == "RateLimitedError"


def test_every_fact_of_an_attempt_is_a_field() -> None:
    names = {"attempt" if name == "number" else name for name in Attempt.__struct_fields__}

    assert {f"portone_{name}" for name in names} == FIELDS


def test_every_log_call_of_the_package_has_fields() -> None:
    without: list[str] = []
    seen = 0
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(
                ("_log.", "_logger.", "log.")
            ):
                method = ast.unparse(node.func).partition(".")[2]
                if method in {"debug", "info", "warning", "error", "exception", "critical", "log"}:
                    seen += 1
                    if not any(keyword.arg == "extra" for keyword in node.keywords):
                        without.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert seen >= 7
    assert without == []
