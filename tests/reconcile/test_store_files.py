"""Test files that are not stores, full disks and disks that fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portone_async.errors import PortOneError
from portone_async.reconcile.finding import PaymentSnapshot
from portone_async.reconcile.store import Store, StoreError
from tests.support.stored import ORDER, orders, orphan, rows, snapshot
from tests.support.whole_run import run


def other_version(path: Path) -> None:
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()


# The tables of version 3, with an order that is matched.
VERSION_3 = """
    CREATE TABLE run (identity TEXT, started_at REAL, ended_at REAL, requests INTEGER NOT NULL,
        retries INTEGER NOT NULL, seconds REAL NOT NULL);
    INSERT INTO run VALUES (NULL, NULL, NULL, 0, 0, 0.0);
    CREATE TABLE steps (name TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE positions (step TEXT PRIMARY KEY, position INTEGER) WITHOUT ROWID;
    CREATE TABLE assumed_empty (status TEXT, since INTEGER, until INTEGER);
    CREATE TABLE orders (position INTEGER PRIMARY KEY, merchant_uid TEXT NOT NULL UNIQUE,
        amount TEXT NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL,
        cancelled_amount TEXT NOT NULL, is_contradicted INTEGER NOT NULL DEFAULT 0);
    INSERT INTO orders VALUES (1, 'order-1', '1000', 'KRW', 'paid', '0', 0);
    CREATE TABLE snapshots (imp_uid TEXT PRIMARY KEY, merchant_uid TEXT NOT NULL,
        status_rank INTEGER NOT NULL, snapshot TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX snapshots_by_order ON snapshots (merchant_uid);
    CREATE TABLE refunds (row TEXT PRIMARY KEY, merchant_uid TEXT NOT NULL, amount TEXT NOT NULL,
        currency TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX refunds_by_order ON refunds (merchant_uid);
    CREATE TABLE unreadable (imp_uid TEXT, merchant_uid TEXT, path TEXT NOT NULL,
        reason TEXT NOT NULL);
    CREATE UNIQUE INDEX unreadable_once ON unreadable
        (coalesce(imp_uid, ''), coalesce(merchant_uid, ''), path, reason);
    CREATE TABLE findings (kind INTEGER NOT NULL, key BLOB NOT NULL, merchant_uid TEXT NOT NULL,
        verdict TEXT NOT NULL, payments TEXT NOT NULL, error TEXT, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    INSERT INTO findings VALUES (0, 1, 'order-1', 'matched', '[]', NULL);
    PRAGMA application_id = 1347371346;
    PRAGMA user_version = 3;
"""


def version_3(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_3)
    connection.close()


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (merchant_uid)")
    connection.close()


def some_text(path: Path) -> None:
    path.write_text("merchant_uid,amount\n" * 100, encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(some_text, "not an SQLite file", id="text"),
        pytest.param(other_database, "another application", id="another database"),
        pytest.param(
            version_3,
            "version 3, this package writes 4. Finish its run with the version of this package",
            id="previous version",
        ),
        pytest.param(other_version, "version 1, this package writes 4", id="another version"),
    ],
)
def test_foreign_file_is_refused_and_not_changed(tmp_path: Path, make: Any, reason: str) -> None:
    path = tmp_path / "run.db"
    make(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=reason) as caught:
        Store.open(path)

    assert "run.db" in str(caught.value)
    assert isinstance(caught.value, PortOneError)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("where", ["", "missing/run.db"], ids=["a folder", "no such folder"])
def test_impossible_path_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(tmp_path / where)


def test_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "run.db").touch()
    with Store.open(tmp_path / "run.db") as store:
        assert store.progress() == (0, 0)


def test_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.db"
    run(path)
    before = path.read_bytes()
    connect = sqlite3.connect

    # File modes do not restrict root, so SQLite opens the file read-only.
    def read_only(name: str, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(
            f"{Path(name).as_uri()}?mode=ro", uri=True, **options
        )
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)

    with pytest.raises(StoreError, match="no permission to write"):
        Store.open(path)

    assert path.read_bytes() == before


def test_closed_store_raises_and_can_be_closed_again(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.progress()


@pytest.fixture(name="connections")
def _connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Collect the SQLite connections that are opened."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def collect(*args: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", collect)
    return opened


def limit_pages(connection: sqlite3.Connection, more: int) -> None:
    """Let a database grow by so many pages at most, as on a full disk."""
    ((pages,),) = connection.execute("PRAGMA page_count")
    connection.execute(f"PRAGMA max_page_count = {pages + more}")


def record_orders(store: Store) -> None:
    store.add_orders(orders(5000))


def record_slice(store: Store) -> None:
    store.record_slice("paid", [snapshot(f"imp_{number}") for number in range(1000)], position=None)


def record_findings(store: Store) -> None:
    store.record([orphan(snapshot(f"imp_{number}")) for number in range(1000)])


@pytest.mark.parametrize("step", [record_orders, record_slice, record_findings])
def test_full_disk_raises_and_rolls_back(
    tmp_path: Path, connections: list[sqlite3.Connection], step: Any
) -> None:
    path = tmp_path / "run.db"
    with Store.open(path) as store:
        store.add_orders([ORDER])
        store.record_slice("paid", [snapshot()], position=1)
    before = rows(path)
    with Store.open(path) as store:
        limit_pages(connections[-1], 3)
        with pytest.raises(StoreError, match="disk is full"):
            step(store)
        assert store.progress() == (0, 1)
    assert rows(path) == before

    with Store.open(path) as store:
        step(store)
    assert rows(path) != before


def test_disk_that_fills_while_payments_are_indexed_changes_nothing(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "run.db"
    payments = [
        snapshot(f"imp_{order.merchant_uid}", merchant_uid=order.merchant_uid, amount=order.amount)
        for order in orders(3000)
    ]
    with Store.open(path) as store:
        store.add_orders(orders(3000))
        store.record_slice("paid", payments, position=None)
    before = rows(path)
    with Store.open(path) as store:
        limit_pages(connections[-1], 3)
        with pytest.raises(StoreError, match="disk is full"):
            store.match()
    assert rows(path) == before

    with Store.open(path) as store:
        assert store.match() is not None
        assert store.progress() == (3000, 3000)


def test_run_continues_after_a_disk_error(
    tmp_path: Path,
) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    path = tmp_path / "run.db"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store.open(path) as store:
        store.add_orders([ORDER])
        # Bytes that a file may have: SQLite's write fails in the system.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(StoreError, match="disk cannot be read or written"):
                record_orders(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert store.progress() == (0, 1)
        record_orders(store)

    with Store.open(path) as store:
        assert store.progress() == (0, 5001)


def test_new_file_on_a_full_disk_raises(tmp_path: Path, monkeypatch: Any) -> None:
    connect = sqlite3.connect

    def full(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(StoreError, match="disk is full"):
        Store.open(tmp_path / "run.db")

    monkeypatch.undo()
    run(tmp_path / "run.db")


def test_error_while_payments_are_read_rolls_back(store: Store) -> None:
    def page() -> Iterator[PaymentSnapshot]:
        yield snapshot()
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.record_slice("paid", [*page()], position=None)

    assert store.position("paid") is None
    assert not store.is_done("paid")
    assert not store.payments_without_order()
