"""The ledger in SQLite: its file, processes that publish at once, and killed ones."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async.reconcile import (
    LedgerError,
    Order,
    Partition,
    SQLiteLedger,
    Store,
    StoreError,
    Verdict,
    join_partitions,
    plan,
    reconcile_partition,
)
from portone_async.reconcile.ledgers._sqlite_file import SQLiteFile
from tests.support.canaries import BUYER, assert_clean, canary_server
from tests.support.publishing import FINDINGS, FIRST, PLAN, publish, results
from tests.support.stored import orphan, snapshot
from tests.support.whole_run import counted

PROGRAM = [sys.executable, "-m", "tests.support.publishing"]


def store(path: Path) -> None:
    Store.open(path).close()


def other_version(path: Path) -> None:
    SQLiteLedger.open(path, run="november").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def some_text(path: Path) -> None:
    path.write_text("tier,merchant_uid\n" * 100, encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (store, "SQLite file of another application"),
        (other_version, "it has version 99, this package writes 2"),
        (some_text, "not an SQLite file"),
        (Path.mkdir, "cannot be opened or created"),
    ],
    ids=["store", "version", "text", "folder"],
)
def test_file_that_is_not_a_ledger_is_refused(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    path = tmp_path / "ledger.db"
    make(path)

    with pytest.raises(LedgerError, match=f"The ledger '.*ledger.db' cannot be used: .*{reason}"):
        SQLiteLedger.open(path, run="november")


def test_store_refuses_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SQLiteLedger.open(path, run="november").close()

    with pytest.raises(StoreError, match="another application"):
        Store.open(path)


def test_closed_ledger_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    publish(path, 1, "A01")

    assert [file.name for file in tmp_path.iterdir()] == ["ledger.db"]
    ledger = SQLiteLedger.open(path, run="november")
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed database"):
        ledger.summary()


def test_full_disk_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    publish(path, 1, "A01")
    first, *_ = PLAN
    file = SQLiteFile(path, [])
    with file.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1")
    with SQLiteLedger(file, "november") as ledger:
        with pytest.raises(LedgerError, match="disk is full"):
            ledger.publish(first, *results(5_000))

        assert len(list(ledger.findings())) == FINDINGS


@pytest.mark.slow
def test_killed_publisher_leaves_all_of_a_partition_or_none(tmp_path: Path) -> None:
    first, *_ = PLAN
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with counted(count):
        publish(tmp_path / "whole.db", 2, "A01")
    seen: Counter[int] = Counter()
    for kill in range(1, steps, max(1, steps // 8)):
        path = tmp_path / f"{kill}.db"
        process = subprocess.run([*PROGRAM, str(path), "until", str(kill)], check=False)
        assert process.returncode == -signal.SIGKILL
        with SQLiteLedger.open(path, run="november") as ledger:
            ledger.claim(PLAN)
            summary = ledger.summary_of(first)
            findings = list(ledger.findings())
            assert len(findings) == (0 if summary is None else sum(summary.counts.values()))
            seen[len(findings)] += 1
            ledger.publish(first, *results(3))
            assert len(list(ledger.findings())) == 3
    assert {0, FINDINGS} <= seen.keys() <= {0, FINDINGS, FINDINGS + 1}


@pytest.mark.slow
def test_processes_publish_at_once(tmp_path: Path) -> None:
    path, times = tmp_path / "ledger.db", 20
    processes = [
        subprocess.Popen([*PROGRAM, str(path), tier, str(times)])
        for tier in ("A01", "B02", "A01", "B02")
    ]
    assert [process.wait() for process in processes] == [0] * 4

    with SQLiteLedger.open(path, run="november") as ledger:
        assert not list(ledger.unfinished())
        counts = Counter(entry.tier for entry in ledger.entries())
    assert counts == dict.fromkeys(("A01", "B02"), FINDINGS + times - 1)


def test_error_contains_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    publish(path, 1, "A01")
    ledger = SQLiteLedger.open(path, run="november")
    ledger.close()

    with pytest.raises(LedgerError) as caught:
        ledger.publish(next(iter(PLAN)), *results(1))

    assert_clean(error=caught.value)


async def test_file_contains_no_keys_and_no_personal_data(tmp_path: Path) -> None:
    def orders(_: Partition) -> list[Order]:
        return [Order("matched", Decimal(1000)), Order("missing", Decimal(1000))]

    async with canary_server() as server, server.client(rate_limit=None) as client:
        for number in ("matched", "orphan"):
            server.add(merchant_uid=number, amount=Decimal(1000), paid_at=FIRST, **BUYER)
        whole = plan(since=FIRST, until=FIRST + timedelta(days=1), margin=timedelta(0))
        with SQLiteLedger.open(tmp_path / "ledger.db", run="november") as ledger:
            ledger.claim(whole)
            for partition in whole:
                await reconcile_partition(client, partition, orders, ledger)
            await join_partitions(client, ledger)
            assert {finding.verdict for finding in ledger.findings()} == {
                Verdict.MATCHED,
                Verdict.MISSING,
                Verdict.ORPHAN,
            }
        content = (tmp_path / "ledger.db").read_bytes().decode(errors="replace")
        assert "orphan" in content
        assert_clean(content, token=server.token)


def steps_of_joining(path: Path, shared: int) -> int:
    """Return SQLite's steps for the unconfirmed orders among 2,000, of which some are shared."""
    whole = plan(since=FIRST, until=FIRST + timedelta(days=2), margin=timedelta(0))
    first, second = whole
    summary, findings = results(2_000)
    numbers = [finding.merchant_uid for finding in findings[:shared]]
    orphans = [orphan(snapshot(f"imp_{number}", merchant_uid=number)) for number in numbers]
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with counted(count), SQLiteLedger.open(path, run="november") as ledger:
        ledger.claim(whole)
        ledger.publish(first, summary, findings)
        ledger.publish(second, summary, orphans)
        steps = 0
        assert len(list(ledger.unconfirmed())) == shared
        return steps


def test_joining_reads_only_the_orders_that_are_shared(tmp_path: Path) -> None:
    few = steps_of_joining(tmp_path / "few.db", 1)
    many = steps_of_joining(tmp_path / "many.db", 40)

    assert many < 3 * few
