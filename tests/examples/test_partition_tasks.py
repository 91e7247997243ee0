"""``examples/partition_tasks.py``: its functions as tasks, and the decorators in its docstring."""

from __future__ import annotations

import ast
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.environment import set_environment
from tests.support.examples import loaded
from tests.support.store_server import store_server

MONDAY = 1_793_545_200  # 2026-11-02 00:00 in Korea.


@pytest.fixture(name="portone")
def _portone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortOne]:
    """Run a fake with two Tiers, with the orders of the shop in the environment."""
    with FakePortOne() as server, store_server("valkey", tmp_path) as store:
        set_environment(monkeypatch, server)
        monkeypatch.setenv("PORTONE_LEDGER", str(tmp_path / "ledger.db"))
        monkeypatch.setenv("SHOP_DATABASE", str(tmp_path / "shop.db"))
        monkeypatch.setenv("VALKEY_URL", store.url)
        monkeypatch.delenv("PORTONE_TIER", raising=False)
        with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
            database.execute("CREATE TABLE orders (tier, number, amount, ordered_at)")
            for tier, paid in (("A01", 1000), ("A02", 900)):
                database.execute("INSERT INTO orders VALUES (?, 'o-1', 1000, ?)", (tier, MONDAY))
                fields = {"paid_at": MONDAY, "started_at": MONDAY}
                server.add(merchant_uid="o-1", amount=paid, tier=tier, **fields)
        # The second Tier has charged its order once more on Tuesday.
        fields = {"paid_at": MONDAY + 86_400, "started_at": MONDAY + 86_400}
        server.add(merchant_uid="o-1", amount=900, tier="A02", **fields)
        yield server


@pytest.fixture(name="tasks")
def _tasks(monkeypatch: pytest.MonkeyPatch) -> Any:
    example = loaded("partition_tasks")
    fast = example.RateLimit(rate=1000, burst=500)

    def limit(**_: float) -> Any:
        return fast

    monkeypatch.setattr(example, "RateLimit", limit)  # A test does not wait for permits.
    return example


def test_tasks_reconcile_all_shops(portone: FakePortOne, tasks: Any) -> None:
    # A scheduler sends the groups as JSON.
    groups = json.loads(json.dumps(tasks.unfinished_groups()))

    done = sum(tasks.reconcile_group(group) for group in groups)

    assert done == len(tasks.PLAN)
    assert tasks.finish_run() == {"matched": 1, "paid_twice": 1}
    assert tasks.unfinished_groups() == []


def test_task_that_runs_twice_requests_nothing(portone: FakePortOne, tasks: Any) -> None:
    group = tasks.unfinished_groups()[0]
    tasks.reconcile_group(group)
    portone.clear_requests()

    tasks.reconcile_group(group)

    assert portone.requests == []


@pytest.mark.parametrize("scheduler", ["Airflow", "Celery"])
def test_decorators_in_the_docstring_name_the_tasks(tasks: Any, scheduler: str) -> None:
    match = re.search(rf"^{scheduler}::\n\n((?:    .*\n|\n)+)", tasks.__doc__, re.MULTILINE)
    assert match is not None

    tree = ast.parse(dedent(match[1]))

    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "partition_tasks"
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names == {"finish_run", "reconcile_group", "unfinished_groups"}
    assert names <= used
    assert all(callable(getattr(tasks, name)) for name in names)
