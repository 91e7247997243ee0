"""Every ledger, for the tests that each of them must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest

from portone_async.reconcile import Ledger, SQLiteLedger
from portone_async.reconcile.ledgers.postgresql import PostgreSQLLedger

_schemas = count()

OpenLedger: TypeAlias = Callable[[str], Ledger]
"""Opens the ledger of a test, by the name of a run; again for the same name."""


@pytest.fixture(name="open_ledger", params=["sqlite", "postgresql"])
def _open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenLedger]:
    is_sqlite = request.param == "sqlite"
    address, schema = "", ""
    if not is_sqlite:
        address, schema = request.getfixturevalue("postgresql"), f"test_{next(_schemas)}"
    with ExitStack() as stack:

        def open_ledger(run: str) -> Ledger:
            if is_sqlite:
                return stack.enter_context(SQLiteLedger.open(tmp_path / "ledger.db", run=run))
            ledger = PostgreSQLLedger.connect(address, run=run, schema=schema)
            return stack.enter_context(ledger)

        yield open_ledger


@pytest.fixture(name="ledger")
def _ledger(open_ledger: OpenLedger) -> Ledger:
    return open_ledger("november")
