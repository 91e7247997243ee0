"""Test that a run survives kills, and that one process at a time uses a store."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portone_async.reconcile.store import Store, StoreError
from tests.support.stored import ORDER, finding_of, orphan, rows, snapshot
from tests.support.whole_run import counted, run

ROOT = Path(__file__).parents[2]


def killed_run(path: Path, last: int) -> int:
    command = [sys.executable, "-m", "tests.support.whole_run", str(path), str(last)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


@pytest.mark.slow
def test_killed_run_resumes_to_the_same_result(tmp_path: Path) -> None:
    moments = 0

    def count() -> None:
        nonlocal moments
        moments += 1

    with counted(count):
        run(tmp_path / "undisturbed.db")
    # The same moments in every run of this test, from creating the tables to closing the file.
    chosen = random.Random(20261101).sample(range(1, moments // 2), 6)
    kills = [killed_run(tmp_path / "killed.db", last) for last in [1, *chosen]]
    run(tmp_path / "killed.db")

    # A resumed run is shorter, so it may end before its moment.
    assert kills.count(-9) >= 4
    assert set(kills) <= {0, -9}
    assert rows(tmp_path / "killed.db") == rows(tmp_path / "undisturbed.db")
    assert all(rows(tmp_path / "undisturbed.db").values())


@pytest.mark.slow
def test_files_copied_at_any_moment_resume_to_the_same_result(tmp_path: Path) -> None:
    # A killed process leaves its files as they are at that moment. Copying them then is the same
    # as a kill, and faster.
    home = tmp_path / "home"
    home.mkdir()
    moments = 0
    copies: list[Path] = []

    def copy() -> None:
        nonlocal moments
        moments += 1
        if moments % 53 == 0:
            copies.append(Path(shutil.copytree(home, tmp_path / str(moments))))

    with counted(copy):
        run(home / "run.db")
    expected = rows(home / "run.db")

    assert len(copies) > 60
    for folder in copies:
        run(folder / "run.db")
        assert rows(folder / "run.db") == expected


def test_finished_run_changes_nothing_when_run_again(tmp_path: Path) -> None:
    run(tmp_path / "run.db")
    before = rows(tmp_path / "run.db")
    run(tmp_path / "run.db")

    assert rows(tmp_path / "run.db") == before


def test_usage_is_summed_over_all_parts(tmp_path: Path) -> None:
    for _ in range(3):
        with Store.open(tmp_path / "run.db") as store:
            store.add_usage(requests=10, retries=1, seconds=0.5)
    with Store.open(tmp_path / "run.db") as store:
        summary = store.summary()

    assert (summary.requests, summary.retries, summary.seconds) == (30, 3, 1.5)


def test_clear_deletes_everything(store: Store) -> None:
    store.add_orders([ORDER])
    store.record_slice("orders", [], position=None)
    store.record_slice("paid", [snapshot()], position=7)
    store.record([orphan(snapshot())])
    store.add_usage(requests=3)
    store.mark_ended()

    store.clear()

    assert store.progress() == (0, 0)
    assert not store.is_done("orders")
    assert store.position("paid") is None
    assert list(store.findings()) == []
    assert store.ended_at is None
    assert store.summary().requests == 0
    assert store.payments_without_order() == []


def test_only_the_first_end_is_recorded(store: Store) -> None:
    store.mark_ended()
    first = store.ended_at
    store.mark_ended()

    assert first is not None
    assert store.ended_at == first == store.summary().ended_at


HOLDER = """
import sys
from portone_async.reconcile.store import Store
store = Store.open(sys.argv[1])
store.record_slice("orders", [], position=None)
print("open", flush=True)
sys.stdin.read()
"""


def test_store_is_locked_while_another_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match="in use"):
            Store.open(path)
        holder.kill()
        holder.wait()

    with Store.open(path) as store:
        assert store.is_done("orders")


def test_store_is_locked_within_one_process(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([ORDER])
        with pytest.raises(StoreError, match="in use"):
            Store.open(tmp_path / "run.db")
        store.record([finding_of(ORDER)])
    with Store.open(tmp_path / "run.db") as store:
        assert store.progress() == (1, 1)


def test_closed_store_is_a_single_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([ORDER])
        assert {path.name for path in tmp_path.iterdir()} == {"run.db", "run.db-wal"}

    assert {path.name for path in tmp_path.iterdir()} == {"run.db"}


def test_reader_of_a_closed_store_does_not_block_a_run(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    run(path)
    reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        assert reader.execute("SELECT count(*) FROM orders").fetchone() == (200,)
        run(path)
    finally:
        reader.close()


def test_threads_can_share_a_store(store: Store) -> None:
    gate = threading.Barrier(4)

    def record(step: str) -> None:
        gate.wait()
        for second in range(40):
            store.record_slice(step, [snapshot(f"{step}-{second}")], position=second)

    threads = [threading.Thread(target=record, args=[str(number)]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.position(str(number)) for number in range(4)] == [39] * 4
    assert len(store.payments_without_order()) == 160
