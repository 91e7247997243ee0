"""The command line neither prints nor stores keys, tokens and buyers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from portone_async.testing import (
    Body,
    FakePortOne,
    Json,
    Unauthorized,
)
from tests.support.canaries import BUYER, KEY, REASONS, SECRET, assert_clean, canary_server
from tests.support.command import run_main
from tests.support.custom_faults import Hanging
from tests.support.environment import set_environment
from tests.support.forced_way import script_prelude
from tests.support.samples import CARD_PAID, NOT_FOUND, ok
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

NOON = int(datetime(2026, 11, 1, 3, tzinfo=UTC).timestamp())
PERIOD = ("--since", "2026-11-01", "--until", "2026-11-02")
CODES = ("utf-8", "latin-1", "utf-16-le")
PASSWORD = "planted-password"
OTHER = CARD_PAID | BUYER
FAULTS: dict[str, Any] = {
    "401": Unauthorized(),
    "400 that echoes the keys": Json(NOT_FOUND | {"message": f"bad {SECRET} {KEY}"}, status=400),
    "400 with a payment": Body(ok(OTHER), status=400),
    "someone else's": Body(ok(OTHER)),
    "wrong shape": Json(BUYER),
    "wrong type": Json({"code": 0, "message": None, "response": OTHER | {"amount": [BUYER]}}),
}
Ran = tuple[int, str]
Run = Callable[..., Awaitable[Ran]]


@pytest.fixture(name="server")
async def _server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[FakePortOne]:
    monkeypatch.chdir(tmp_path)
    history = {"cancel_history": [{"amount": 1, "reason": REASONS[0]}]}
    async with canary_server() as server:
        at = {"amount": 1000, "started_at": NOON, "paid_at": NOON}
        for order in ("order-1", "order-3", "orphan"):
            server.add(merchant_uid=order, **at, **BUYER, **history)
        Path("orders.csv").write_text("merchant_uid,amount\norder-1,1000\norder-2,5\norder-3,7\n")
        set_environment(monkeypatch, server)
        yield server


@pytest.fixture(name="run")
def _run(server: FakePortOne, capsys: pytest.CaptureFixture[str]) -> Run:
    async def run(*arguments: str) -> Ran:
        code, out, err = await asyncio.to_thread(run_main, capsys, *arguments)
        printed = out + err
        assert printed
        assert_clean(printed, token=server.token)
        return code, printed

    return run


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "order-1"),
        ("find", "--json", "order-1"),
        ("reconcile", "orders.csv"),
        ("reconcile", "orders.csv", *PERIOD),
    ],
    ids=["find", "find --json", "reconcile", "reconcile a period"],
)
async def test_failures_print_no_secret_and_no_buyer(
    server: FakePortOne, run: Run, arguments: Sequence[str], fault: str
) -> None:
    server.fail(FAULTS[fault], times=None, on="/payments")
    code, _ = await run(*arguments)
    assert code in (2, 3)


@pytest.mark.parametrize("fault", ["401", "400 that echoes the keys", "400 with a payment"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_failed_call_prints_no_secret_and_no_buyer(
    server: FakePortOne, run: Run, method: str, fault: str
) -> None:
    server.fail(FAULTS[fault], times=None, on="/payments")
    body = json.dumps({**BUYER, "merchant_uid": "order-1"})
    code, _ = await run("call", method, "/payments/prepare", "--body", body)
    assert code in (1, 3)


@pytest.mark.parametrize("on", ["/payments/imp_", "/payments/cancel"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_failed_cancellation_prints_no_secret_and_no_buyer(
    server: FakePortOne, run: Run, fault: str, on: str
) -> None:
    server.fail(FAULTS[fault], times=None, on=on)
    imp_uid = server.payments.of_order("order-1")[0].imp_uid
    account = ("--refund-account", BUYER["buyer_tel"], "--refund-holder", BUYER["buyer_name"])
    for output in ((), ("--json",)):
        code, _ = await run(
            *("cancel", imp_uid, "--all", "--reason", REASONS[0], "--yes", "--settle", "0"),
            *(*account, "--refund-bank", "03", *output),
        )
        assert code in (1, 2, 3)


@one_way
async def test_body_and_query_are_in_no_usage_error(run: Run) -> None:
    body = json.dumps(BUYER)
    for mistake in (
        ("call", "POST", "/a", "--boddy", body),
        ("call", "POST", "/a", f"--boddy={body}"),
        ("call", "POST", "/a", "--body", body + "}"),
        ("call", body, "/a"),
        ("call", "GET", "/a", "--query", SECRET),
        ("call", "GET", "/a", "--imp-secret", SECRET),
        ("--body", body, "call"),
    ):
        code, _ = await run(*mistake)
        assert code == 2


@pytest.mark.parametrize(
    "command",
    [("find", "order-1"), ("reconcile", "orders.csv"), ("call", "GET", "/payments/find/order-1")],
)
async def test_rejected_keys_are_not_printed(
    server: FakePortOne, run: Run, command: Sequence[str]
) -> None:
    echo = {"code": -1, "message": f"{KEY} {SECRET} is no pair", "response": None}
    server.fail(Json(echo, status=401), times=None, on="/users/getToken")
    code, printed = await run(*command)
    assert code == 2
    assert "is no pair" in printed


@one_way
async def test_database_password_is_neither_printed_nor_stored(run: Run, tmp_path: Path) -> None:
    address = f"postgresql://someone:{PASSWORD}@127.0.0.1:1/shop"
    query = "SELECT 1 AS merchant_uid, 1 AS amount"
    code, printed = await run("reconcile", address, "--query", query, "--store", "run.db")

    assert code == 2
    assert PASSWORD not in printed
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


async def test_store_exports_and_report_hold_no_secret_and_no_buyer(
    server: FakePortOne, run: Run, tmp_path: Path
) -> None:
    outputs = ("out.csv", "out.jsonl", "out.parquet")
    for out in outputs:
        Path("run.db").unlink(missing_ok=True)
        report = ("--report", "report.html") if out == outputs[0] else ()
        arguments = (*PERIOD, "--store", "run.db", "--out", out, *report)
        code, _ = await run("reconcile", "orders.csv", *arguments)
        assert code == 1

    with duckdb.connect() as parquet:
        rows = parquet.execute("SELECT COLUMNS(*)::VARCHAR FROM 'out.parquet'").fetchall()
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(files) == {
        "orders.csv",
        "run.db",
        "out.csv",
        "out.jsonl",
        "out.parquet",
        "report.html",
    }
    assert "orphan" in repr(rows)
    assert b"orphan" in files["out.csv"]
    texts = [content.decode(code, "replace") for content in files.values() for code in CODES]
    assert_clean(repr(rows), *texts, token=server.token)


# As a process


async def begun(*command: str, **options: Any) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=asyncio.subprocess.PIPE,
        **options,
    )


async def last_words(process: asyncio.subprocess.Process) -> str:
    try:
        _, err = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return err.decode()


@one_way
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
async def test_full_disk_is_reported_without_secrets(server: FakePortOne) -> None:
    with Path("/dev/full").open("wb") as full:
        command = ("-X", "dev", "-m", "portone_async", "find", "--json", "--personal-data")
        printed = await last_words(await begun(*command, "order-1", stdout=full))

    assert "No space left on device" in printed
    assert_clean(printed, token=server.token)


BROKEN = """\
import sys
from portone_async.cli import main
from portone_async.cli.find.outcome import Outcome

def broken(outcome, **_):
    raise LookupError("unforeseen")

Outcome.to_json = broken
sys.exit(main(["find", "--json", "--personal-data", "order-1"]))
"""


async def test_unforeseen_error_leaves_a_traceback_without_secrets(server: FakePortOne) -> None:
    process = await begun(
        "-X", "dev", "-c", script_prelude() + BROKEN, stdout=asyncio.subprocess.DEVNULL
    )
    printed = await last_words(process)

    assert "Traceback" in printed
    assert "LookupError: unforeseen" in printed
    assert_clean(printed, token=server.token)


@one_way
@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent so there")
async def test_stacks_of_a_killed_process_hold_no_secrets(server: FakePortOne) -> None:
    hanging = Hanging()
    server.fail(hanging, on="/payments")
    command = ("-X", "dev", "-X", "faulthandler", "-m", "portone_async", "find", "order-1")
    process = await begun(*command, stdout=asyncio.subprocess.DEVNULL)
    await hanging.reached()
    process.send_signal(signal.SIGABRT)
    printed = await last_words(process)

    assert "Current thread" in printed
    assert_clean(printed, token=server.token)
