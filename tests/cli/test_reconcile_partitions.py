"""``portone-async reconcile`` in partitions: Tiers, ledgers, resumed runs and workers."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import portone_async
from portone_async.cli.reconcile import order_book, partition_run
from portone_async.reconcile import SQLiteLedger, Verdict
from portone_async.testing import FakePortOne
from portone_async.testing.faults import Status
from tests.support.environment import set_environment
from tests.support.postgresql_server import PASSWORD

ROOT = Path(portone_async.__file__).parents[1]
NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)
PERIOD = ("--since", "2026-11-01", "--until", "2026-11-03")
TIERS = (*PERIOD, "--tiers", "tiers.txt")
ORDERS = """\
주문번호,결제금액,하위가맹점,주문일시
a,1000,A01,2026-11-01 12:00
b,2000,A01,2026-11-02
a,3000,B02,2026-11-01
late,4000,B02,2026-11-01 23:59
"""
Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture(name="run")
def _run(reconcile_command: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("tiers.txt").write_text("A01\n\n  B02  # the second\n", encoding="utf-8")
    Path("orders.csv").write_text(ORDERS, encoding="utf-8")

    return reconcile_command


def pay(server: FakePortOne, tier: str | None, uid: str, amount: int, at: datetime = NOON) -> None:
    server.add(merchant_uid=uid, amount=amount, paid_at=at, started_at=at, tier=tier)


def pay_all(server: FakePortOne) -> None:
    """Pay the orders: one of them a day after it was made."""
    pay(server, "A01", "a", 1000)
    pay(server, "A01", "b", 2000, NOON + DAY)
    pay(server, "B02", "a", 3000)
    pay(server, "B02", "late", 4000, NOON + DAY)


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_partitions_of_tiers_are_joined(server: FakePortOne, run: Run) -> None:
    pay_all(server)
    code, out, err = await run("orders.csv", *TIERS, "--out", "findings.csv")

    assert (code, lines(out)[1]) == (0, ["matched", "4", "10,000", "KRW"])
    assert err.startswith("4 partitions (2 Tiers), 0 of them finished before: at least 8 requests")
    with Path("findings.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [(row["tier"], row["merchant_uid"], row["verdict"]) for row in csv.DictReader(file)]
    assert found == [
        ("A01", "a", "matched"),
        ("A01", "b", "matched"),
        ("B02", "a", "matched"),
        ("B02", "late", "matched"),
    ]


async def test_ledger_refuses_the_keys_of_another_shop(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay_all(server)
    assert (await run("orders.csv", *TIERS, "--ledger", "ledger.db"))[0] == 0
    with FakePortOne(imp_key="7700000000000002") as other:
        set_environment(monkeypatch, other)

        code, out, err = await run("orders.csv", *TIERS, "--ledger", "ledger.db")

        assert (code, out) == (2, "")
        assert "has payments of another API key" in err
        assert "run the same command again" not in err
        assert not other.requests


async def test_full_temporary_folder_is_reported(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many pages as the empty tables have.
    schema = f"{order_book._SCHEMA} PRAGMA max_page_count = 5;"  # noqa: SLF001
    monkeypatch.setattr(order_book, "_SCHEMA", schema)

    code, _, err = await run("orders.csv", *TIERS)

    assert code == 2
    assert err.startswith("portone-async: the orders cannot be stored in ")
    assert err.endswith(": database or disk is full\n")
    assert not server.requests


async def test_differences_are_reported_by_tier(server: FakePortOne, run: Run) -> None:
    pay(server, "A01", "a", 999)
    pay(server, "B02", "a", 3000)
    pay(server, "B02", "orphan", 5)
    files = ("--out", "findings.jsonl", "--report", "report.html")
    code, out, _ = await run("orders.csv", *TIERS, *files)

    assert code == 1
    assert "A01  missing 1, amount differs 1\nB02  missing 1, orphan 1\n" in out
    findings = [json.loads(line) for line in Path("findings.jsonl").read_text().splitlines()]
    assert {(item["tier"], item["merchant_uid"], item["verdict"]) for item in findings} == {
        ("A01", "a", "amount_differs"),
        ("A01", "b", "missing"),
        ("B02", "a", "matched"),
        ("B02", "late", "missing"),
        ("B02", "orphan", "orphan"),
    }
    (data,) = re.findall('id="data">(.*?)</script>', Path("report.html").read_text(), re.DOTALL)
    assert {(row[1], row[-1]) for row in json.loads(data)} == {
        ("a", "A01"),
        ("b", "A01"),
        ("late", "B02"),
        ("orphan", "B02"),
    }


async def test_finished_partitions_of_a_ledger_request_nothing(
    server: FakePortOne, run: Run
) -> None:
    pay_all(server)
    arguments = ("orders.csv", *TIERS, "--ledger", "ledger.db")
    _, first, _ = await run(*arguments)
    server.clear_requests()
    code, second, err = await run(*arguments)

    assert (code, second.split("requests")[0]) == (0, first.split("requests")[0])
    assert "4 of them finished before: at least 0 requests" in err
    assert server.count("/payments") == 0

    code, _, err = await run(*arguments, "--run", "other", "--every", "12h")
    assert "8 partitions (2 Tiers), 0 of them" in err
    code, _, err = await run(*arguments, "--every", "12h")
    assert code == 2
    assert "has another plan: its partitions were 1 day" in err


async def test_orders_of_a_function_are_read_by_partition(server: FakePortOne, run: Run) -> None:
    sys.modules.pop("shop_orders", None)  # Another test has a module of this name.
    Path("shop_orders.py").write_text(
        "from decimal import Decimal\n"
        "from portone_async.reconcile import Order\n"
        "def of(partition):\n"
        "    yield Order(f'{partition.tier}-{partition.since:%d}', Decimal(1000))\n"
    )
    for tier in ("A01", "B02"):
        for day in range(2):
            pay(server, tier, f"{tier}-{day + 1:02}", 1000, NOON + day * DAY)
    code, out, _ = await run("shop_orders:of", *TIERS)
    assert (code, lines(out)[1][:2]) == (0, ["matched", "4"])

    for source, problem in (
        ("shop_orders:nothing", "has no attribute 'nothing'"),
        ("no_such_shop:of", "No module named 'no_such_shop'"),
        ("shop_orders:Decimal.x", "the name does not tell the format"),
    ):
        code, _, err = await run(source, *TIERS)
        assert (code, problem in err) == (2, True), err
    code, _, err = await run("shop_orders:of")
    assert (code, err) == (2, "portone-async: module:function needs --since and --until\n")


async def test_failed_function_leaves_the_other_partitions_without_its_text(
    server: FakePortOne, run: Run
) -> None:
    pay_all(server)
    Path("bad_orders.py").write_text(
        "def of(partition):\n"
        "    if partition.name == 'A01/2026-11-02':\n"
        "        raise ValueError('postgresql://user:planted@host/db')\n"
        "    yield from ()\n"
    )
    Path("bad_module.py").write_text("raise ValueError('postgresql://user:planted@host/db')\n")
    code, out, err = await run("bad_orders:of", *TIERS, "--ledger", "l.db", "--run", "r")

    assert (code, out) == (2, "")
    assert "\nA01/2026-11-02: ValueError in bad_orders.py, line 3\n" in err
    assert "planted" not in err
    with SQLiteLedger.open("l.db", run="r") as ledger:
        assert [partition.name for partition in ledger.unfinished()] == ["A01/2026-11-02"]
    code, _, err = await run("bad_module:of", *TIERS)
    assert code == 2
    assert err.endswith("bad_module:of cannot be imported: ValueError in bad_module.py, line 1\n")


async def test_orders_in_no_partition_are_counted(server: FakePortOne, run: Run) -> None:
    pay_all(server)
    with Path("orders.csv").open("a", encoding="utf-8") as file:
        file.write("c,1,C03,2026-11-01\nold,1,A01,2026-10-30\nnext,1,A01,2026-11-03\n")
    code, _, err = await run("orders.csv", *TIERS)

    assert code == 0
    assert "orders.csv: 1 orders were left out: the file of --tiers does not list" in err
    assert "orders.csv: 1 orders were left out: they are more than a day before or after" in err


async def test_refunds_are_in_the_partition_of_their_order(server: FakePortOne, run: Run) -> None:
    server.add(
        merchant_uid="a", amount=1000, cancel_amount=400, status="paid", paid_at=NOON, tier="B02"
    )
    Path("refunds.csv").write_text(
        "주문번호,금액,티어,주문일시\n"
        "a,-300,B02,2026-11-02\na,1000,B02,2026-11-01\na,-100,B02,2026-11-20\n"
    )
    code, out, _ = await run("refunds.csv", *TIERS)

    assert (code, lines(out)[1][:2]) == (0, ["matched", "1"]), out


async def test_unreadable_rows_are_in_the_first_partition(server: FakePortOne, run: Run) -> None:
    pay_all(server)
    with Path("orders.csv").open("a", encoding="utf-8") as file:
        file.write("x,1,B02,soon\ny,1,?,2026-11-01\nz,one,A01,2026-11-02\n")
    code, _, _ = await run("orders.csv", *TIERS, "--ledger", "l.db", "--run", "r")
    assert code == 3
    with SQLiteLedger.open("l.db", run="r") as ledger:
        places = {
            entry.partition.name: entry.finding.error
            for entry in ledger.entries(Verdict.NOT_CHECKED)
        }
    assert {name: str(error).partition(": ")[0] for name, error in places.items()} == {
        "B02/2026-11-01": "orders.csv:6",
        "A01/2026-11-01": "orders.csv:7",
        "A01/2026-11-02": "orders.csv:8",
    }

    code, _, err = await run("orders.csv", *TIERS, "--strict")
    assert (code, "portone-async: orders.csv:6: ordered_at is not a time" in err) == (2, True)


async def test_failed_partition_leaves_the_others_and_is_tried_again(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_run, "_AT_ONCE", 1)
    pay_all(server)
    arguments = ("orders.csv", *TIERS, "--ledger", "ledger.db", "--out", "findings.csv")
    server.fail(Status(400), on="/payments/status/paid")
    code, out, err = await run(*arguments)

    assert (code, out) == (2, "")
    assert "\nA01/2026-11-01: GET /payments/status/" in err
    assert "1 partitions could not be reconciled" in err
    assert err.endswith("in the ledger: run the same command again to continue.\n")
    assert not Path("findings.csv").exists()
    code, _, err = await run(*arguments)
    assert code == 0
    assert "3 of them finished before" in err


async def test_unchecked_orders_of_finished_partitions_are_checked_again(
    server: FakePortOne, run: Run
) -> None:
    pay_all(server)
    arguments = ("orders.csv", *TIERS, "--ledger", "ledger.db")
    Path("orders.csv").write_text(f"{ORDERS}none,1,A01,2026-11-01\n", encoding="utf-8")
    server.fail(Status(400), on="/payments/findAll", times=None)
    code, out, _ = await run(*arguments)
    assert (code, "A01  not checked 1\n" in out) == (3, True), out

    server.clear_faults()
    code, out, err = await run(*arguments)
    assert (code, "A01  missing 1\n" in out) == (1, True), out
    assert "4 of them finished before: at least 2 requests" in err


async def test_changed_orders_of_finished_partitions_are_reconciled(
    server: FakePortOne, run: Run
) -> None:
    pay_all(server)
    pay(server, "A01", "new", 5)
    arguments = (*TIERS, "--ledger", "ledger.db")
    Path("orders.csv").write_text(f"{ORDERS}early,1,A01,2026-10-31\n", encoding="utf-8")
    await run("orders.csv", *arguments)
    same = "".join(reversed(Path("orders.csv").read_text("utf-8").splitlines(keepends=True)[1:]))
    changed = f"{ORDERS.replace('a,1000,', 'a,9999,')}new,5,A01,2026-10-31\n"
    Path("same.csv").write_text(f"{ORDERS.splitlines()[0]}\n{same}", encoding="utf-8")
    Path("changed.csv").write_text(changed, encoding="utf-8")
    server.clear_requests()

    code, out, err = await run("same.csv", *arguments)
    assert (code, "A01  orphan 1\n" in out, "have changed" in err) == (1, True, False), out
    assert not server.requests
    code, out, err = await run("changed.csv", *arguments)
    assert (code, "A01  amount differs 1\n" in out) == (1, True), out
    assert "the orders of 2 finished partitions have changed: they are reconciled again" in err
    code, out, err = await run("changed.csv", *arguments)
    assert ("A01  amount differs 1\n" in out, "have changed" in err) == (True, False)


async def test_one_shop_needs_no_tiers(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(server, "A01", "a", 1000)
    pay(server, "A01", "b", 2000, NOON + DAY)
    Path("one.csv").write_text("order_no,total,order_date\na,1000,2026-11-01\nb,2000,2026.11.2\n")
    monkeypatch.setenv("PORTONE_TIER", "A01")
    code, out, err = await run("one.csv", *PERIOD, "--every", "1d", "--out", "findings.csv")

    assert (code, lines(out)[1][:2]) == (0, ["matched", "2"])
    assert "2 partitions (1 Tiers)" in err
    assert "tier" not in Path("findings.csv").read_text(encoding="utf-8-sig").splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--ledger", "l.db", *PERIOD, "--store", "s.db"), "--ledger excludes --store and --fresh"),
        (("--every", "1d", *PERIOD, "--fresh"), "--every excludes --store and --fresh"),
        (("--ledger", "l.db"), "--ledger needs --since and --until"),
        (("--every", "1d", *PERIOD[:3], "9999-01-01"), "--until 9999-01-01 is in the future"),
        (("--every", "1w", *PERIOD), "--every takes a number of days or hours"),
        (("--every", "0d", *PERIOD), "--every takes a number of days or hours"),
        (("--workers", "0"), "--workers takes a number of 1 or more"),
        (("--tiers", "none.txt", *PERIOD), "none.txt"),
        (("--tiers", "empty.txt", *PERIOD), "empty.txt lists no Tier"),
        (("--tiers", "tiers.txt", *PERIOD), "no column looks like ordered_at"),
        (("--ledger", "mysql://u:planted@h/d", *PERIOD), "a ledger is a file or a postgresql"),
        (("--ledger", "postgresql://u:planted@127.0.0.1:1/d", *PERIOD), "refused"),
        (("--ledger", "postgresql://u:plan/ted@127.0.0.1:1/d", *PERIOD), "address is invalid"),
    ],
)
async def test_wrong_arguments_are_refused_before_a_request(
    server: FakePortOne, run: Run, arguments: tuple[str, ...], problem: str
) -> None:
    Path("empty.txt").write_text("# none\n")
    Path("plain.csv").write_text("order_no,total,tier\na,1,A01\n")
    code, out, err = await run("plain.csv", *arguments)

    assert (code, out) == (2, "")
    assert problem in err
    assert "plan" not in err.replace("plain", "").replace("partition", "")
    assert not server.requests


async def test_missing_dask_is_named(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "portone_async.reconcile.dask", raising=False)
    code, _, err = await run("orders.csv", *TIERS, "--workers", "2")

    assert (code, "pip install 'portone-async[dask]'" in err) == (2, True), err
    assert "Traceback" not in err


async def test_ledger_in_postgresql_is_used_without_printing_its_address(
    server: FakePortOne, run: Run, postgresql: str
) -> None:
    pay_all(server)
    arguments = ("orders.csv", *TIERS, "--ledger", postgresql, "--run", "command line")
    outputs = [await run(*arguments) for _ in range(2)]

    assert [code for code, _, _ in outputs] == [0, 0]
    assert "4 of them finished before" in outputs[1][2]
    printed = "".join(out + err for _, out, err in outputs)
    assert PASSWORD not in printed
    assert "postgresql://" not in printed


@pytest.mark.slow
async def test_workers_have_the_result_of_one_process(
    server: FakePortOne, run: Run, postgresql: str
) -> None:
    pay_all(server)
    pay(server, "B02", "orphan", 5)
    code, expected, _ = await run("orders.csv", *TIERS)
    assert code == 1

    process = await asyncio.to_thread(
        subprocess.run,
        [
            *(sys.executable, "-m", "portone_async", "reconcile", "orders.csv", *TIERS),
            *("--workers", "2", "--ledger", postgresql, "--run", "by workers"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 1, process.stderr
    assert (
        process.stdout.split("requests")[0].rsplit("\n", 1)[0]
        == (expected.split("requests")[0].rsplit("\n", 1)[0])
    )
    assert PASSWORD not in process.stdout + process.stderr
